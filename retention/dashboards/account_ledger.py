"""An account's ledger as a picture that adds up: whose job each point of risk is."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Account
from accounts.prepared import Prepared, given
from departments.models import Department
from retention import formatting
from retention.models import Score, ScoreHistory
from retention.scoring.bands import band_of
from retention.scoring.ledger import LedgerLine, LineKind
from retention.scoring.rounding import rounded_parts

LEAST_LINE = 0.005
SMALL_RISK = 0.1
HISTORY_POINTS = 120
GRID_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_GRID_LINES = 6
ROUNDING = 1e-9
# Of the picture's width; the rest is room for the figure after the longest bar.
PLOT = 84


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall: it lies from `start` to `start + width` in hundredths of the picture's width.

    Words and money are rounded so that those of all bars add up to what is written below them.
    """

    label: str
    words: str
    money: int
    start: float
    width: float
    end: float
    kind: str
    colour: str
    reason: str
    department: Department | None


@dataclass(frozen=True)
class GridLine:
    """A mark of the scale; `place` in hundredths of the picture's width."""

    place: float
    words: str


@dataclass(frozen=True)
class Waterfall:
    """The bars from the baseline to the risk, and the scale they are drawn on."""

    steps: Sequence[Step]
    grid: Sequence[GridLine]
    risk: float
    risk_words: str
    risk_width: float
    money: int


def waterfall(lines: Sequence[LedgerLine], departments: Mapping[str, Department]) -> Waterfall:
    """Lay the lines out in the order of a story: baseline, departments, care, what nobody answers for."""
    told = _in_order(_gathered(lines))
    risk = sum(line.points for line in told)
    digits = 1 if risk < SMALL_RISK else 0
    words = words_that_add_up([line.points for line in told], digits)
    at_risk = [line.money for line in told]
    money = rounded_parts(at_risk, round(sum(at_risk)))
    ends = _running(told)
    grid, top = _grid(max([*ends, LEAST_LINE]))
    starts = [0.0, *ends[:-1]]
    steps = [
        _step(line, word, amount, (start, end), top, departments)
        for line, word, amount, start, end in zip(told, words, money, starts, ends, strict=True)
    ]
    return Waterfall(steps, grid, risk, f"{risk * 100:.{digits}f}%", _hundredths(risk / top), sum(money))


def words_that_add_up(values: Sequence[float], digits: int) -> list[str]:
    """Round shares to points so that the rounded ones add up to the rounded sum (largest remainders)."""
    scaled = [value * 100 * 10**digits for value in values]
    parts = rounded_parts(scaled, round(sum(scaled)))
    return [f"{value / 10**digits:+.{digits}f}".replace("-", formatting.MINUS) for value in parts]


def _gathered(lines: Sequence[LedgerLine]) -> list[LedgerLine]:
    """Keep what can be seen; what is smaller becomes one line, so that nothing is missing from the sum."""
    kept = [line for line in lines if abs(line.points) >= LEAST_LINE or line.kind is LineKind.BASELINE]
    small = [line for line in lines if line not in kept]
    if len(small) <= 1:
        return [*kept, *small]
    points, money = sum(line.points for line in small), sum(line.money for line in small)
    reason = ", ".join(line.label for line in small)
    return [
        *kept,
        LedgerLine("smaller", f"{len(small)} smaller lines", LineKind.NOT_ATTRIBUTED, points, money, reason=reason),
    ]


def _in_order(lines: Iterable[LedgerLine]) -> list[LedgerLine]:
    chapters = list(LineKind)
    return sorted(lines, key=lambda line: (line.points < 0, chapters.index(line.kind), -line.points))


def _running(lines: Iterable[LedgerLine]) -> list[float]:
    ends, total = [], 0.0
    for line in lines:
        total += line.points
        ends.append(total)
    return ends


def _step(
    line: LedgerLine,
    words: str,
    money: int,
    ends: tuple[float, float],
    top: float,
    departments: Mapping[str, Department],
) -> Step:
    department = departments.get(line.department)
    is_charged = line.kind is LineKind.DEPARTMENT and line.points > 0
    return Step(
        label=line.label,
        words=words,
        money=money,
        start=_hundredths(max(min(ends), 0.0) / top),
        width=_hundredths(abs(line.points) / top),
        end=_hundredths(max(ends) / top),
        kind="relief" if line.points < 0 else str(line.kind),
        colour=department.colour if department and is_charged else "",
        reason=line.reason.removeprefix(f"{line.label.lower()}: "),
        department=department if line.kind is LineKind.DEPARTMENT else None,
    )


def _grid(highest: float) -> tuple[list[GridLine], float]:
    """Round the scale up to a whole step; it ends at 100%, or where lines that are taken back later reach beyond."""
    step = next((step for step in GRID_STEPS if highest / step <= MOST_GRID_LINES), GRID_STEPS[-1])
    count = min(math.ceil(highest / step - ROUNDING), round(1 / step))
    top = max(count * step, highest)
    return [
        GridLine(_hundredths(place * step / top), f"{round(place * step * 100)}%") for place in range(count + 1)
    ], top


def _hundredths(share: float) -> float:
    return round(share * PLOT, 2)


_LATEST = Prepared(
    lambda: (
        ScoreHistory.objects.filter(account=given("account"))
        .order_by("-as_of")
        .values_list("as_of", "risk")[:HISTORY_POINTS]
    )
)


def history_of(account: Account, score: Score | None) -> list[tuple[str, float]]:
    """Return the course of the risk as (day, risk), the oldest first, up to the score of now."""
    kept = reversed(_LATEST(account=account.pk))
    course = [(timezone.localtime(as_of).isoformat(), round(risk, 4)) for as_of, risk in kept]
    if score and (not course or timezone.localtime(score.as_of).isoformat() != course[-1][0]):
        course.append((timezone.localtime(score.as_of).isoformat(), round(score.risk, 4)))
    return course


def history_chart(course: Sequence[tuple[str, float]], risk: float) -> dict[str, object]:
    """Return what the chart of the course is drawn from; the band's name says in which colour."""
    return {"points": list(course), "unit": "percent", "band": str(band_of(risk))}
