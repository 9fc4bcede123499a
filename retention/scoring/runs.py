"""Scoring everything: a run is cut into ranges of accounts that any worker may take, retake, or take twice."""

import datetime
from typing import Final

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from retention.models import ModelVersion, ScoringRange, ScoringRun
from retention.scoring import segments
from retention.scoring.claims import claim, unclaimed
from retention.scoring.rescoring import rescore_range
from retention.scoring.trends import roll_up
from retention.scoring.versions import ensure_active_version, renew_prior_version

ACCOUNTS_A_RANGE: Final = 20_000
LONGEST_RUN: Final = datetime.timedelta(hours=12)

COUNTS_SQL: Final = "SELECT id / %s AS number, count(*) FROM accounts_account GROUP BY number ORDER BY number"


def account_ranges() -> list[tuple[int, int]]:
    """Return first and last id of ranges of whole segments that hold about the same number of accounts each."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_SQL, [segments.ACCOUNTS_A_SEGMENT])
        counts = cursor.fetchall()
    ranges: list[list[int]] = []
    held = ACCOUNTS_A_RANGE
    for number, count in counts:
        if held >= ACCOUNTS_A_RANGE:
            ranges.append([number, number])
            held = 0
        ranges[-1][1], held = number, held + count
    return [segments.bounds(first, last) for first, last in ranges]


def start_run(as_of: datetime.datetime) -> list[int]:
    """Begin a scoring of every account; return its ranges' ids, or those left of the run that is under way.

    A run that could not be finished in half a day is given up, so that one bad range does not stop all later nights.
    """
    version = renew_prior_version()
    ScoringRun.objects.filter(finished_at=None, started_at__lt=timezone.now() - LONGEST_RUN).update(finished_at=Now())
    with transaction.atomic():
        run = _new_run(as_of, version)
        if run is not None:
            ranges = [ScoringRange(run=run, first=first, last=last) for first, last in account_ranges()]
            ScoringRange.objects.bulk_create(ranges)
    finish_run()
    return unclaimed_ranges()


def restart_run(as_of: datetime.datetime) -> list[int]:
    """Begin a scoring of every account, whatever is under way: that run's ranges were scored by another model."""
    ScoringRun.objects.filter(finished_at=None).update(finished_at=Now())
    return start_run(as_of)


def _new_run(as_of: datetime.datetime, version: ModelVersion) -> ScoringRun | None:
    """Create the run unless one is under way: the constraint decides, whoever asks at the same time."""
    ScoringRun.objects.bulk_create([ScoringRun(as_of=as_of, model=version)], ignore_conflicts=True)
    return ScoringRun.objects.filter(as_of=as_of, finished_at=None, ranges=None).first()


def unclaimed_ranges() -> list[int]:
    """Return the ids of the ranges that nobody works on."""
    return unclaimed(ScoringRange.objects.all())


def score_range(range_id: int) -> int:
    """Score one range, unless it is done or a living worker is at it; return how many accounts were written."""
    if not claim(ScoringRange.objects.all(), range_id):
        return 0
    version = ensure_active_version()
    part = ScoringRange.objects.select_related("run").get(pk=range_id)
    with transaction.atomic():
        # Not the run's own version: it may not know a department that is a minute old, and would never finish.
        accounts = rescore_range(first=part.first, last=part.last, as_of=part.run.as_of, version=version)
        ScoringRange.objects.filter(pk=range_id).update(finished_at=Now(), accounts=accounts)
    finish_run()
    return accounts


def finish_run() -> bool:
    """Close the run whose ranges are all done, and roll up its day; return whether it was this call that did."""
    with transaction.atomic():
        left = ScoringRange.objects.filter(finished_at=None).values("run")
        done = ScoringRun.objects.filter(finished_at=None).exclude(pk__in=left).select_for_update().first()
        if done is None:
            return False
        ScoringRun.objects.filter(pk=done.pk).update(finished_at=Now())
        roll_up(done.as_of.date())
        return True
