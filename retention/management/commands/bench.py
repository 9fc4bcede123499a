"""Measure scoring on a company of a stated size, as ratios within one run."""

import datetime
import os
import platform
import statistics
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from multiprocessing.pool import Pool
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from retention.benchmarks import comparisons, importing, measures, pages, stream
from retention.benchmarks.company import RealDataError, ensure_company
from retention.benchmarks.workers import keep_all, score_all, workers
from retention.models import ModelVersion, Score
from retention.scoring import segments
from retention.scoring.rescoring import drain_all_changes
from retention.scoring.versions import ensure_active_version

FULL_SIZE = 1_000_000
LEAST_ACCOUNTS = 100
NAIVE_SAMPLE = 200
PANDAS_SAMPLE = 20_000
SINGLE_CHANGES = 200
# One account in a hundred changes between two scorings.
CHANGED_A_DAY = 100
MOST_BATCHES = 1_000_000
REPEATS = 3
LINES_AN_ACCOUNT = 2
PARTS = ("first", "scoring", "nights", "one", "stream", "import", "comparison", "pages", "desk")


class Command(BaseCommand):
    """Build the company once, measure, print a table."""

    help = "Measure scoring against the bare scan and write; BENCH_SCALE=1 is a million accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        scale, seconds = os.environ.get("BENCH_SCALE", "0.1"), float(os.environ.get("BENCH_SECONDS", "60"))
        parser.add_argument("--scale", default=scale, help="1 is a million accounts; 0.1 unless told")
        parser.add_argument("--seconds", type=float, default=seconds, help="how long 200 changes a second go on")
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that score at once")
        parser.add_argument("--repeats", type=int, default=100, help="how often each page is asked for")
        parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure only some of it")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = self._accounts(options["scale"])
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        self._line("Machine", machine)
        self._line("Accounts", f"{accounts:,}")
        try:
            built = measures.seconds(lambda: ensure_company(accounts))
        except RealDataError as refusal:
            raise CommandError(str(refusal)) from refusal
        self._line("Company built or found in", f"{built:.1f} s")
        floor = self._floor()
        measured: dict[str, Callable[[], None]] = {
            "first": lambda: self._first(floor, options["workers"]),
            "scoring": lambda: self._scoring(accounts, floor, options["workers"]),
            "nights": lambda: self._nights(floor, options["workers"]),
            "one": self._one_account,
            "stream": lambda: self._stream(options["seconds"]),
            "import": lambda: self._import(accounts),
            "comparison": lambda: self._comparison(accounts, floor),
            "pages": lambda: self._pages(pages.time_pages(options["repeats"])),
            "desk": lambda: self._pages(pages.time_desks(options["repeats"])),
        }
        for part in options["only"]:
            measured[part]()

    def _floor(self) -> float:
        ids = measures.account_ids()
        scan = statistics.median(measures.seconds(measures.scan) for _ in range(REPEATS))
        write = statistics.median(measures.seconds(lambda: measures.write(ids)) for _ in range(REPEATS))
        self._line("Bare scan and bare write", f"{scan:.2f} s + {write:.2f} s")
        return scan + write

    def _first(self, floor: float, count: int) -> None:
        drain_all_changes(MOST_BATCHES)
        segments.forget()
        version = ensure_active_version()
        with workers(count) as pool:
            taken = measures.seconds(lambda: score_all(pool, timezone.now(), version))
        self._line(f"First scoring, {count} workers", f"{taken:.2f} s = {taken / floor:.1f} × (scan + write)")

    def _scoring(self, accounts: int, floor: float, count: int) -> None:
        """Score everything where nothing has changed since it was kept in columns, and a day's changes later."""
        version = ensure_active_version()
        drain_all_changes(MOST_BATCHES)
        with workers(count) as pool:
            keep_all(pool, timezone.now())
            measures.sweep()
            self._score_all(pool, f"Full scoring, {count} workers", floor, version)
            measures.change(accounts // CHANGED_A_DAY)
            drain_all_changes(MOST_BATCHES)
            self._score_all(pool, f"With {accounts // CHANGED_A_DAY:,} changed since", floor, version)
            memory = score_all(pool, timezone.now(), version)
        self._line("Memory of a worker", f"{memory:.0f} MB")
        if Score.objects.count() != accounts:
            raise CommandError(f"Only {Score.objects.count()} of {accounts} accounts have a score.")

    def _score_all(self, pool: Pool, name: str, floor: float, version: ModelVersion) -> None:
        # Once unmeasured: the first one after others finds other tables in memory than scoring reads.
        score_all(pool, timezone.now(), version)
        times = [measures.seconds(lambda: score_all(pool, timezone.now(), version)) for _ in range(REPEATS)]
        full = statistics.median(times)
        self._line(name, f"{full:.2f} s = {full / floor:.2f} × (scan + write)")

    def _nights(self, floor: float, count: int) -> None:
        """Score everything as of tomorrow and the days after: a day's decay moves scores, incidents and history."""
        version, today = ensure_active_version(), timezone.now()
        with workers(count) as pool:
            moments = [today + datetime.timedelta(days=days) for days in range(REPEATS + 1)]
            _, *nights = [measures.seconds(partial(score_all, pool, moment, version)) for moment in moments]
        measures.turn_back()
        night = statistics.median(nights)
        self._line(f"A day later, {count} workers", f"{night:.2f} s = {night / floor:.2f} × (scan + write)")

    def _one_account(self) -> None:
        """Change the same accounts again: the second time, all that one of them takes is in memory."""
        accounts = measures.some_accounts(SINGLE_CHANGES)
        for name, change_one in (
            ("revenue, first touch", measures.state_revenue),
            ("revenue, in memory", measures.state_revenue),
            ("incident graded", measures.grade_incident),
            ("incident graded back", measures.grade_incident),
        ):
            times = sorted(measures.single_changes(accounts, change_one))
            middle, late = statistics.median(times), times[int(len(times) * 0.99)]
            self._line(f"One change, {name}", f"p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms")

    def _stream(self, seconds: float) -> None:
        found = stream.stream(seconds)
        if found.lost:
            raise CommandError(f"{found.lost} changes were lost.")
        middle, late = statistics.median(found.lags), found.lags[int(len(found.lags) * 0.99)]
        self._line(
            f"{len(found.lags)} changes in {seconds:g} s", f"lag p50 {middle:.2f} s, p99 {late:.2f} s, none lost"
        )

    def _import(self, accounts: int) -> None:
        found = importing.import_orders(min(importing.MOST_LINES, LINES_AN_ACCOUNT * accounts))
        importing_rate, copying_rate = found.lines / found.importing, found.lines / found.copying
        self._line(f"Import of {found.lines:,} orders", f"{importing_rate:,.0f} lines/s")
        ratio = found.importing / found.copying
        self._line("COPY of the same file", f"{copying_rate:,.0f} lines/s: the import takes {ratio:.1f} × as long")

    def _comparison(self, accounts: int, floor: float) -> None:
        sample = min(NAIVE_SAMPLE, accounts)
        naive = comparisons.naive_loop(sample) * accounts / sample
        self._line("ORM loop, extrapolated", f"{naive:.0f} s = {naive / floor:.0f} × (scan + write)")
        if not comparisons.has_pandas():
            self._line("pandas", "not installed: pip install -r requirements-bench.txt")
            return
        sample = min(PANDAS_SAMPLE, accounts)
        frames = comparisons.by_pandas(sample) * accounts / sample
        self._line("pandas, extrapolated", f"{frames:.0f} s = {frames / floor:.0f} × (scan + write)")

    def _pages(self, measured: list[pages.Timed]) -> None:
        bare, *timed = measured
        self._line("SELECT 1 view", f"{bare.middle * 1000:.2f} ms")
        for page in timed:
            ratio = page.middle / bare.middle
            self._line(page.name, f"p50 {page.middle * 1000:.0f} ms, p95 {page.late * 1000:.0f} ms = {ratio:.0f} ×")

    def _accounts(self, scale: str) -> int:
        try:
            accounts = round(float(scale) * FULL_SIZE)
        except ValueError:
            raise CommandError(f"BENCH_SCALE is {scale!r}: write a number such as 0.1.") from None
        if not LEAST_ACCOUNTS <= accounts <= FULL_SIZE * 10:
            raise CommandError(f"BENCH_SCALE is {scale}: that is {accounts} accounts; write 0.0001 to 10.")
        return accounts

    def _line(self, name: str, figure: str) -> None:
        self.stdout.write(f"{name:<34}{figure}")
        self.stdout.flush()
