"""Why the risk of an account moved since a day, in lines that add up as they are shown."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Account
from accounts.prepared import Prepared, given
from departments.models import Department, Incident
from retention import formatting
from retention.models import Score, ScoreHistory
from retention.scoring.features import Facts
from retention.scoring.moves import CAUSE_WORDS, Explained, MoveLine, explain_movement, score_by
from retention.scoring.rounding import rounded_parts

WEEK = datetime.timedelta(days=7)
TENTHS = 1_000
LEAST_LINE = 0.0005
MOST_LINES = 8
MOST_INCIDENTS = 6


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line: its points are rounded so that those of all lines add up to the difference that is shown."""

    cause: str
    label: str
    words: str
    tenths: int
    reason: str
    department: Department | None
    incidents: Sequence[Incident]
    more: int

    @property
    def count(self) -> int:
        """Return how many incidents it is about."""
        return len(self.incidents) + self.more


@dataclass(frozen=True, slots=True)
class ShownMovement:
    """Two scores and what lies between; `is_oldest` says that there was none on the day that was asked for."""

    explained: Explained
    before: str
    after: str
    difference: str
    lines: Sequence[ShownLine]
    is_oldest: bool
    asked_for: datetime.date | None


def chosen_day(text: str) -> datetime.date | None:
    """Return the day that was asked for; None where it is no day."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def movement_of(
    account: Account,
    score: Score,
    departments: Mapping[str, Department],
    since: datetime.date | None,
    facts: Facts | None,
) -> ShownMovement | None:
    """Explain the movement since the end of a day, else since a week before the score; None without an older score.

    `facts` are what the score was explained by.
    """
    moment = _end_of(since) if since else score.as_of - WEEK
    found = score_by(account, min(moment, score.as_of - datetime.timedelta(seconds=1)))
    before = found or _oldest(account, score)
    if before is None:
        return None
    explained = explain_movement(before, score, facts)
    shown = _gathered(explained.lines)
    start, end = round(before.risk * TENTHS), round(score.risk * TENTHS)
    tenths = rounded_parts([line.points * TENTHS for line in shown], end - start)
    incidents = _incidents(shown)
    return ShownMovement(
        explained,
        f"{start / 10:.1f}%",
        f"{end / 10:.1f}%",
        _signed(end - start),
        [_shown(line, rounded, incidents, departments) for line, rounded in zip(shown, tenths, strict=True)],
        is_oldest=found is None,
        asked_for=since,
    )


def _end_of(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.max))


def _oldest(account: Account, score: Score) -> ScoreHistory | None:
    return next(iter(_OLDEST(account=account.pk, before=score.as_of)), None)


_OLDEST = Prepared(
    lambda: (
        ScoreHistory.objects.filter(account=given("account"), as_of__lt=given("before"))
        .select_related("model")
        .order_by("as_of")[:1]
    )
)


def _gathered(lines: Sequence[MoveLine]) -> list[MoveLine]:
    """Keep the heaviest; the others become one line, so that nothing is missing from the sum."""
    kept = [line for line in lines[:MOST_LINES] if abs(line.points) >= LEAST_LINE]
    rest = [line for line in lines if line not in kept]
    points = sum(line.points for line in rest)
    if rest:
        kept.append(MoveLine(rest[0].cause, f"{len(rest)} smaller", points) if len(rest) > 1 else rest[0])
    return kept


def _heaviest(line: MoveLine) -> list[uuid.UUID]:
    return sorted(line.incidents, key=lambda one: -abs(line.incidents[one]))[:MOST_INCIDENTS]


def _incidents(lines: Sequence[MoveLine]) -> dict[uuid.UUID, Incident]:
    wanted = {one for line in lines for one in _heaviest(line)}
    found = Incident.objects.filter(public_id__in=wanted).only("public_id", "title", "happened_at")
    return {incident.public_id: incident for incident in found}


def _shown(
    line: MoveLine, tenths: int, incidents: Mapping[uuid.UUID, Incident], departments: Mapping[str, Department]
) -> ShownLine:
    told = [incidents[one] for one in _heaviest(line) if one in incidents]
    is_rest = line.label.endswith("smaller")
    return ShownLine(
        "" if is_rest else CAUSE_WORDS[line.cause],
        line.label,
        _signed(tenths),
        tenths,
        line.reason,
        departments.get(line.department),
        told,
        len(line.incidents) - len(told),
    )


def _signed(tenths: int) -> str:
    return f"{tenths / 10:+.1f}".replace("-", formatting.MINUS) if tenths else "0"
