"""Measure scoring on a company of a stated size, as ratios within one run."""

import os
import platform
import statistics
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from retention.benchmarks import measures
from retention.benchmarks.company import RealDataError, ensure_company
from retention.models import Score

FULL_SIZE = 1_000_000
LEAST_ACCOUNTS = 100
ONE_BY_ONE_SAMPLE = 300
SINGLE_CHANGES = 200


class Command(BaseCommand):
    """Build the company once, measure, print a table."""

    help = "Measure scoring against the bare scan and write; BENCH_SCALE=1 is a million accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale", default=os.environ.get("BENCH_SCALE", "0.1"), help="1 is a million accounts; 0.1 unless told"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = self._accounts(options["scale"])
        self._line("Machine", f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        self._line("Accounts", f"{accounts:,}")
        try:
            built = measures.seconds(lambda: ensure_company(accounts))
        except RealDataError as refusal:
            raise CommandError(str(refusal)) from refusal
        self._line("Company built or found in", f"{built:.1f} s")
        self._full_scoring(accounts)
        self._one_account()

    def _full_scoring(self, accounts: int) -> None:
        measures.rescore_everything()
        scan = statistics.median(measures.seconds(measures.scan) for _ in range(3))
        write = statistics.median(measures.seconds(measures.write) for _ in range(3))
        full = statistics.median(measures.seconds(measures.rescore_everything) for _ in range(3))
        sample = min(ONE_BY_ONE_SAMPLE, accounts)
        single = measures.seconds(lambda: measures.rescore_one_by_one(sample)) * accounts / sample
        self._line("Bare scan and bare write", f"{scan:.2f} s + {write:.2f} s")
        self._line("Full scoring", f"{full:.2f} s = {full / (scan + write):.1f} × (scan + write)")
        self._line("One by one, extrapolated", f"{single:.0f} s = {single / (scan + write):.0f} × (scan + write)")
        self._line("Memory of this process", f"{measures.peak_memory():.0f} MB")
        if Score.objects.count() != accounts:
            raise CommandError(f"Only {Score.objects.count()} of {accounts} accounts have a score.")

    def _one_account(self) -> None:
        times = sorted(measures.single_changes(SINGLE_CHANGES))
        middle, late = statistics.median(times), times[int(len(times) * 0.99)]
        self._line("One changed account, work", f"p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms")

    def _accounts(self, scale: str) -> int:
        try:
            accounts = round(float(scale) * FULL_SIZE)
        except ValueError:
            raise CommandError(f"BENCH_SCALE is {scale!r}: write a number such as 0.1.") from None
        if not LEAST_ACCOUNTS <= accounts <= FULL_SIZE * 10:
            raise CommandError(f"BENCH_SCALE is {scale}: that is {accounts} accounts; write 0.0001 to 10.")
        return accounts

    def _line(self, name: str, figure: str) -> None:
        self.stdout.write(f"{name:<32}{figure}")
