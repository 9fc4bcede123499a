"""Issue a token for the API: `python manage.py issue_token EMAIL`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from departments.models import Person
from retention.api.tokens import issue_token


class Command(BaseCommand):
    """Makes a new token and ends the one before, if there was one."""

    help = "Issue a token with which programs call the API as this person; a token issued earlier ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person's mail address."""
        parser.add_argument("email", help="the person's mail address")

    def handle(self, *args: Any, **options: Any) -> str:
        """Return the token, which the command prints."""
        person = Person.objects.filter(email__iexact=options["email"], is_active=True).first()
        if person is None:
            raise CommandError(f"Nobody who may sign in has the mail address {options['email']}.")
        return issue_token(person=person, acting_person=None)
