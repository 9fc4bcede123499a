"""Hold the rules against the signals that have arrived or were corrected."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from departments.detection import Detection, batches, mark_all_signals, pending


class Command(BaseCommand):
    help = "Opens incidents where detection rules find friction in signals; detecting again opens nothing twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="hold the rules of today against every signal, not only changed ones"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"]:
            mark_all_signals()
        total = Detection()
        with tqdm(total=pending(), unit=" signals", disable=None) as progress:
            for detection in batches():
                total += detection
                progress.update(detection.marks)
        self.stdout.write(
            f"Signals looked at: {total.signals:,}. Incidents opened: {total.opened:,},"
            f" corrected: {total.corrected:,}, withdrawn: {total.withdrawn:,}."
        )
