"""`manage.py demo_load`: the simulated company, by imports and actions."""

import argparse
import datetime
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.actions import record_audit
from retention.demo import clearing
from retention.demo.budgets import set_budgets
from retention.demo.company import simulate
from retention.demo.curing import cure_some
from retention.demo.disputes import dispute_some
from retention.demo.files import Files, write_files
from retention.demo.keeping import keep_customers
from retention.demo.loading import administrator, configure, detect, load_findings, load_reports, load_tables, load_work
from retention.demo.overrides import override_some
from retention.demo.past import past_days, score_day
from retention.demo.plan import Plan
from retention.demo.silence import look_away
from retention.demo.waiting import wait_for_some


class Command(BaseCommand):
    help = "Load the demo company into an empty database; done before, it does nothing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        plan = Plan(datetime.date.min)
        parser.add_argument("--reset", action="store_true", help="take the demo company out first, and load it anew")
        parser.add_argument("--accounts", type=int, default=plan.accounts, help="how many customers (%(default)s)")
        parser.add_argument("--seed", type=int, default=plan.seed, help="another number, another company")
        parser.add_argument("--folder", type=Path, help="where its files are written (.local/demo)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, unless it has been done; clear away first what an interrupted load left."""
        self.began = time.monotonic()
        if clearing.holds_other_data():
            raise CommandError(
                "This database holds data that are not the demo's: the demo wants a database of its own."
            )
        done = clearing.loaded()
        if done is not None and not options["reset"]:
            self.stdout.write(
                f"The demo company was loaded on {done.at:%d %B %Y}, and its dates count from then: "
                "`demo_load --reset` renews it."
            )
            return
        if clearing.is_begun():
            clearing.clear()
            self._tell("cleared away what was there")
        today = timezone.now().date()
        self._load(Plan(today, seed=options["seed"], accounts=options["accounts"]), options["folder"])

    def _load(self, plan: Plan, folder: Path | None) -> None:
        files = self._files(plan, folder or Path(settings.BASE_DIR) / ".local" / "demo")
        configure()
        load_tables(files, self._tell)
        self._tell(f"{load_reports(files):,} incidents reported by people")
        self._tell(f"{look_away()} rules narrowed or switched off by their heads")
        detect(self._tell)
        self._tell(f"{load_findings(files):,} incidents that departments found themselves")
        self._tell(f"{load_work(files):,} steps of work on incidents")
        for day in past_days(plan.today):
            self._tell(f"{score_day(day):,} accounts scored as of {day:%d %b %Y}")
        set_budgets(plan.today)
        self._tell(f"{keep_customers(plan.seed)} recoveries, calls asked for and accounts set aside")
        self._tell(f"{cure_some(plan.seed)} cures and problems")
        self._tell(f"{wait_for_some()} waits and files")
        self._tell(f"{dispute_some()} disputes between departments")
        self._tell(f"{override_some(plan.seed, plan.today)} risks overridden by account managers")
        details = {"seed": plan.seed, "today": plan.today.isoformat(), "accounts": plan.accounts}
        record_audit(verb=clearing.LOADED, subject=None, details=details, acting_person=administrator())
        self._tell(f"loaded; who really drives its customers away is written in {files.truth}")

    def _files(self, plan: Plan, folder: Path) -> Files:
        company = simulate(plan)
        self._tell(f"{len(company.customers):,} customers and {plan.months} months simulated")
        files = write_files(company, folder)
        self._tell(f"files written to {folder}")
        return files

    def _tell(self, sentence: str) -> None:
        self.stdout.write(f"  {time.monotonic() - self.began:5.1f} s  {sentence}")
