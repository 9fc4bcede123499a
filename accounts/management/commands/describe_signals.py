"""Describe every kind of signal, for docs/signals.md."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.signals import KINDS, Kind

INTRODUCTION = """\
# What departments' systems tell

A signal is one operational fact about an account. Each kind has the fields below; validation, imports, the API and
detection rules read them from one registry, `accounts/signals.py`. A field in bold must be given. This page is
written by `python manage.py describe_signals`.
"""


class Command(BaseCommand):
    help = "Prints every kind of signal with its fields as Markdown."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("\n".join([INTRODUCTION, *map(described, KINDS.values())]))


def described(kind: Kind) -> str:
    """Return a kind as a heading, a sentence and a table."""
    rows = (
        f"| {f'**`{field.name}`**' if field.required else f'`{field.name}`'} | {field.type} | {field.meaning} |"
        for field in kind.fields
    )
    heading = f"## {kind.label} (`{kind.name}`)\n\n{kind.meaning} Known to {kind.department.replace('_', ' ')}.\n"
    return "\n".join([heading, "| field | type | meaning |", "|---|---|---|", *rows, ""])
