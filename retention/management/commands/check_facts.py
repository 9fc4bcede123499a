"""Verify what scoring keeps in columns against the rows that it was read from."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from retention.models import FactSegment
from retention.scoring import segments


class Command(BaseCommand):
    """Read every account both ways; what differs can be forgotten, and is then read anew."""

    help = "Verify the records kept for scoring against the rows themselves; --repair forgets those that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="forget what differs; the next scoring reads it anew")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            checked, wrong = FactSegment.objects.count(), segments.faults(timezone.now())
        if not wrong:
            self.stdout.write(f"{checked} segments of accounts hold what the rows hold.")
            return
        if not options["repair"]:
            raise CommandError(f"{len(wrong)} of {checked} segments differ from the rows: run it with --repair.")
        FactSegment.objects.filter(pk__in=wrong).delete()
        self.stdout.write(f"{len(wrong)} of {checked} segments differed and were forgotten.")
