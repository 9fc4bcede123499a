"""Check that the record of every incident holds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from departments.models import Incident
from departments.records import CHECKS, breaches


class Command(BaseCommand):
    help = "Checks every incident's record: shares that add up, one holder, a path without gaps. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = breaches()
        for breach in found:
            named = ", ".join(str(incident) for incident in breach.examples)
            self.stderr.write(f"Not so for {breach.count:,} incidents (such as {named}): {breach.sentence}")
        if found:
            raise CommandError(f"{len(found)} of {len(CHECKS)} checks do not hold.")
        self.stdout.write(f"All {len(CHECKS)} checks hold for {Incident.objects.count():,} incidents.")
