"""Friction budgets: what a department may put at risk in a quarter, what it does, and when that runs out.

Used is the revenue that the department's friction puts at risk now, as the nightly rollup has it: a level, not a
sum over time. The pace is the straight line through the last four weeks of that level.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet, Sum

from accounts.prepared import Prepared, among, given
from departments.models import Department
from retention.dashboards.periods import Quarter
from retention.models import Budget, Trend

PACE_DAYS = 28
LEAST_DAYS = 7

Level = tuple[datetime.date, float]
Row = TypeVar("Row", covariant=True)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A department's budget of one quarter; `levels` are (day, money) in order of days, `amount` may be unset."""

    quarter: Quarter
    amount: float | None
    levels: Sequence[Level]

    @property
    def used(self) -> float | None:
        """Return what is at risk at last count; None before the first rollup."""
        return self.levels[-1][1] if self.levels else None

    @property
    def counted_on(self) -> datetime.date | None:
        """Return the day of that count."""
        return self.levels[-1][0] if self.levels else None

    @property
    def share(self) -> float | None:
        """Return used over amount; None where either is unknown."""
        return None if self.amount is None or self.used is None else self.used / self.amount

    @property
    def runs_out_on(self) -> datetime.date | None:
        """Return the day on which the line meets the amount; None where it does not, or is not known."""
        pace = pace_of(self.levels)
        if pace is None or pace <= 0 or self.amount is None or self.used is None or self.used >= self.amount:
            return None
        days = (self.amount - self.used) / pace
        # Beyond some years the line says nothing, and a date would overflow.
        return self.levels[-1][0] + datetime.timedelta(days=days) if days < 3650 else None

    @property
    def words(self) -> str:
        """Say how long it lasts."""
        if self.amount is None:
            return f"No budget is set for {self.quarter}"
        if self.used is None:
            return "Use not known yet: no scoring has been rolled up"
        if self.used >= self.amount:
            return f"Spent: {self.used / self.amount - 1:.0%} over"
        return self._pace_words()

    def _pace_words(self) -> str:
        if pace_of(self.levels) is None:
            return f"Pace not known yet: it needs {LEAST_DAYS} days of history, there are {len(self.levels)}"
        day = self.runs_out_on
        if day is None or day > self.quarter.end:
            return "At this pace it lasts the quarter"
        return f"At this pace it runs out on {day.day} {day:%b}"


def pace_of(levels: Sequence[Level]) -> float | None:
    """Return the slope in money a day of the least-squares line through the levels; None with too few days."""
    if len(levels) < LEAST_DAYS:
        return None
    days = [(day - levels[0][0]).days for day, _ in levels]
    middle = sum(days) / len(days)
    height = sum(money for _, money in levels) / len(levels)
    spread = sum((day - middle) ** 2 for day in days)
    return sum((day - middle) * (money - height) for day, (_, money) in zip(days, levels, strict=True)) / spread


def budget_states(departments: Sequence[Department], *, segment: str, today: datetime.date) -> dict[int, BudgetState]:
    """Return the state of each department by id; of one segment's part in it, unless `segment` is empty."""
    quarter = Quarter.of(today)
    amounts = dict(_AMOUNTS(quarter_start=quarter.start, departments=[department.pk for department in departments]))
    levels = _levels(departments, segment, today)
    return {
        department.pk: BudgetState(
            quarter,
            float(amounts[department.pk]) if department.pk in amounts else None,
            levels.get(department.pk, []),
        )
        for department in departments
    }


def _levels(departments: Sequence[Department], segment: str, today: datetime.date) -> Mapping[int, list[Level]]:
    values: dict[str, Any] = {
        "departments": [department.pk for department in departments],
        "since": today - datetime.timedelta(days=PACE_DAYS),
        "today": today,
    }
    levels: dict[int, list[Level]] = {}
    for department, day, money in _LEVELS(segment, **values):
        levels.setdefault(department, []).append((day, money))
    return levels


class OfTrends(Generic[Row]):
    """A question of the rollup, put together once for all segments and once for one of them."""

    def __init__(self, ask: Callable[[QuerySet[Trend]], QuerySet[Any, Row]]) -> None:
        self._of_all = Prepared(lambda: ask(Trend.objects.order_by()))
        self._of_one = Prepared(lambda: ask(Trend.objects.order_by().filter(segment=given("segment"))))

    def __call__(self, segment: str, **values: Any) -> list[Row]:
        """Return the rows of one segment, or of all where it is empty."""
        return self._of_one(segment=segment, **values) if segment else self._of_all(**values)


def _by_day(rows: QuerySet[Trend]) -> QuerySet[Trend, tuple[int, datetime.date, float]]:
    lately = rows.filter(department=among("departments"), day__gt=given("since"), day__lte=given("today"))
    summed = lately.values("department", "day").annotate(money=Sum("revenue_at_risk"))
    return summed.order_by("day").values_list("department", "day", "money")


_LEVELS = OfTrends(_by_day)
_AMOUNTS = Prepared(
    lambda: Budget.objects.filter(quarter_start=given("quarter_start"), department=among("departments")).values_list(
        "department", "amount"
    )
)


_LATEST = OfTrends(lambda rows: rows.filter(day__lte=given("until")).order_by("-day").values_list("day", flat=True)[:1])
_CARRIED = Prepared(
    lambda: (
        Trend.objects.order_by()
        .filter(day=given("day"), department=given("department"))
        .values("department")
        .annotate(total=Sum("revenue_at_risk"))
        .values_list("total", flat=True)
    )
)


def latest_day(segment: str, *, until: datetime.date) -> datetime.date | None:
    """Return the last day of the rollup up to a day; None where there is none."""
    return next(iter(_LATEST(segment, until=until)), None)


def carried_by(department: Department, today: datetime.date) -> float | None:
    """Return the revenue that the department's friction puts at risk at last count; None before the first."""
    day = latest_day("", until=today)
    if day is None:
        return None
    return next(iter(_CARRIED(day=day, department=department.pk)), 0.0)
