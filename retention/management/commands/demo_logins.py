"""`manage.py demo_logins`: who can sign in to the demo."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from departments.models import Person, Role
from retention.demo.loading import PASSWORD
from retention.demo.words import DOMAIN


class Command(BaseCommand):
    help = "Print one login for each role of the demo company."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a table of roles, people, addresses and the password they share."""
        people = Person.objects.filter(email__endswith=f"@{DOMAIN}", is_active=True).select_related("department")
        logins = [
            (_post(person), person.name, person.email)
            for person in _one_a_role(people.order_by("department__position", "email"))
        ]
        if not logins:
            raise CommandError("There is no demo company here: `demo_load` brings it.")
        for line in _table([("Role", "Name", "Sign in as"), *logins]):
            self.stdout.write(line)
        self.stdout.write(f"Password of them all: {PASSWORD}")


def _one_a_role(people: Iterable[Person]) -> list[Person]:
    """Return the first of the people in each role, in the order of roles."""
    first: dict[str, Person] = {}
    for person in people:
        first.setdefault(person.role, person)
    return [first[role] for role in Role.values if role in first]


def _post(person: Person) -> str:
    role = person.get_role_display()
    return f"{role}, {person.department}" if person.department else role


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
