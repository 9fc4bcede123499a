"""Have the workers detect and score what was loaded."""

import datetime
import time
from collections.abc import Callable
from typing import Any, Final

from celery import chain
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account, AccountChange, SignalChange
from retention.models import ModelVersion, ScoringRange, ScoringRun
from retention.tasks import backtest, learn, start_nightly_run

FRESH: Final = datetime.timedelta(days=1)
# Longer than a dead worker's claim lasts.
PATIENCE_SECONDS: Final = 240
GLANCE_SECONDS: Final = 0.2
REPORT_SECONDS: Final = 3


class Command(BaseCommand):
    """Wait for the workers to work off all signals, score every account, and work off what changed meanwhile."""

    help = "Have running workers detect and score everything, and wait for them; quick where it was done today."

    def handle(self, *args: Any, **options: Any) -> None:
        self._wait("signals to look at", SignalChange.objects.count)
        if not _is_scored():
            start_nightly_run.delay()
            self._wait("parts of the accounts to score", _parts_left)
        self._wait("changes to score", AccountChange.objects.count)
        self.stdout.write(f"The workers have scored {Account.objects.count()} accounts.")
        if not ModelVersion.objects.exclude(backtest=None).exists():
            chain(learn.si(), backtest.si()).delay()
            self.stdout.write(
                "They go on learning from the past and testing the models on it: see Method in some minutes."
            )

    def _wait(self, what: str, count_left: Callable[[], int]) -> None:
        """Tell now and then how many are left until none is; give up when nothing moves for long."""
        left, moved, told = count_left(), time.monotonic(), 0.0
        while left:
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                self.stdout.write(f"  {left} {what}")
            time.sleep(GLANCE_SECONDS)
            before, left = left, count_left()
            if left != before:
                moved = time.monotonic()
            if time.monotonic() - moved > PATIENCE_SECONDS:
                raise CommandError(f"Still {left} {what} after {PATIENCE_SECONDS} s: does a worker run?")


def _is_scored() -> bool:
    return ScoringRun.objects.filter(finished_at__gt=timezone.now() - FRESH).exists()


def _parts_left() -> int:
    """How many parts of the open run are not done; 1 before it is begun and until it is closed."""
    if _is_scored():
        return 0
    return max(1, ScoringRange.objects.filter(finished_at=None, run__finished_at=None).count())
