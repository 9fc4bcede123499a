"""A steady stream of changes, and how long after each commit its score is stored."""

import datetime
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import AsyncResult

from django.db.models import F

from accounts.models import Account, AccountChange
from retention.benchmarks.workers import workers
from retention.models import Score
from retention.scoring.rescoring import drain_all_changes, drain_as_they_come
from retention.tasks import DRAINING_SECONDS

CHANGES_A_SECOND = 200
# As beat asks for it.
SECONDS_BETWEEN_DRAINS = 1.0
CLOCK_ERROR = 0.001

Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Streamed:
    """The seconds from each commit to its stored score, ascending, and how many changes have none."""

    lags: list[float]
    lost: int


def stream(seconds: float) -> Streamed:
    """Change 200 accounts a second from another process, while this one drains as a worker does."""
    ids = list(Account.objects.order_by("?").values_list("pk", flat=True)[: round(CHANGES_A_SECOND * seconds)])
    drain_all_changes(1_000_000)
    with workers(1) as pool:
        changing = pool.apply_async(_change_steadily, [ids])
        spans = _drain_meanwhile(changing)
        commits = changing.get()
    ends = {pk: _end_of(spans, moment) for pk, moment in _scored_moments(ids)}
    # Who changes an account may look at the clock after its score is stored: no time has passed then, and nothing is
    # lost. Whether anything is, the stored revenue tells.
    lags = sorted(max(0.0, ends[pk] - moment) for pk, moment in commits.items() if ends.get(pk))
    return Streamed(lags, len(commits) - len(lags) + AccountChange.objects.count())


def _scored_moments(ids: list[int]) -> list[tuple[int, datetime.datetime]]:
    """Return id and moment of the scores that are made of what their accounts say now."""
    rows = Score.objects.filter(pk__in=ids).values_list("pk", "scored_at", "annual_revenue", "account__annual_revenue")
    return [(pk, moment) for pk, moment, scored, stated in rows if math.isclose(scored, float(stated or 0))]


def _drain_meanwhile(changing: "AsyncResult[dict[int, float]]") -> Spans:
    """Drain each second until the changes have ended and none is left; return when each batch began and ended."""
    spans: Spans = []
    while True:
        is_last, began, count = changing.ready(), time.time(), len(spans)
        spans.extend(_batches())
        if is_last and len(spans) == count:
            return spans
        time.sleep(max(0.0, began + SECONDS_BETWEEN_DRAINS - time.time()))


def _batches() -> Iterator[tuple[float, float]]:
    """Drain as a worker does; yield when each batch began at the earliest, and when it had ended."""
    began = time.time()
    for _ in drain_as_they_come(DRAINING_SECONDS):
        ended = time.time()
        yield began, ended
        began = ended


def _end_of(spans: Spans, scored_at: datetime.datetime) -> float:
    """Return when the batch had committed that wrote a score in a transaction that began at this moment; 0 if none."""
    moment = scored_at.timestamp()
    return next((end for began, end in spans if began - CLOCK_ERROR <= moment <= end), 0.0)


def _change_steadily(ids: list[int]) -> dict[int, float]:
    """Change one account after the other at an even pace; return when each change had committed."""
    began, commits = time.time(), dict[int, float]()
    for number, pk in enumerate(ids):
        time.sleep(max(0.0, began + number / CHANGES_A_SECOND - time.time()))
        Account.objects.filter(pk=pk).update(annual_revenue=F("annual_revenue") + 1)
        commits[pk] = time.time()
    return commits
