"""Issue a token for the API: `python manage.py issue_token EMAIL [--integration NAME]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from departments.models import Person, Role
from retention.api.tokens import issue_token


class Command(BaseCommand):
    """Makes a new token and ends the one before, if there was one."""

    help = "Issue a token with which programs call the API as this person; a token issued earlier ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person's mail address."""
        parser.add_argument("email", help="the person's mail address")
        parser.add_argument(
            "--integration",
            metavar="NAME",
            help="make an integration of this name first, unless the address is one's already: another system, which "
            "may send and read signals, orders and incidents over the API and do nothing else",
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Return the token, which the command prints."""
        if options["integration"]:
            return issue_token(person=_integration(options["email"], options["integration"]), acting_person=None)
        person = Person.objects.filter(email__iexact=options["email"], is_active=True).first()
        if person is None:
            raise CommandError(f"Nobody who may sign in has the mail address {options['email']}.")
        return issue_token(person=person, acting_person=None)


def _integration(email: str, name: str) -> Person:
    known = Person.objects.filter(email__iexact=email).first()
    if known is None:
        return Person.objects.create_user(email=email, name=name, role=Role.INTEGRATION, wants_mail=False)
    if known.role != Role.INTEGRATION or not known.is_active:
        raise CommandError(f"{known.email} is {known.name}, not an integration in use.")
    return known
