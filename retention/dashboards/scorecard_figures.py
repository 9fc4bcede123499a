"""The scorecard's figures from the nightly rollup: revenue at risk, its avoidable part, and how both moved."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.prepared import given
from departments.models import Department
from retention.dashboards.budgets import OfTrends, latest_day
from retention.dashboards.periods import months_after
from retention.models import Trend

# A rollup that is older than this by the day asked for does not speak for it.
TOLERANCE = datetime.timedelta(days=10)
MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Standing:
    """The company, or a segment, on one day of the rollup."""

    day: datetime.date
    accounts: int
    accounts_at_risk: int
    annual_revenue: float
    at_risk: float
    by_department: Mapping[int, float]

    @property
    def avoidable(self) -> float:
        """Return what departments' friction puts at risk."""
        return sum(self.by_department.values())

    @property
    def avoidable_share(self) -> float | None:
        """Return it as a share of all revenue at risk."""
        return self.avoidable / self.at_risk if self.at_risk else None


def standing(until: datetime.date, *, segment: str) -> Standing | None:
    """Return the last rollup up to a day; None where there is none, or none near enough."""
    day = latest_day(segment, until=until)
    if day is None or until - day > TOLERANCE:
        return None
    sums = {department: (at_risk, *others) for department, at_risk, *others in _SUMS(segment, day=day)}
    at_risk, accounts, accounts_at_risk, annual_revenue = sums.pop(None, (0.0, 0, 0, 0.0))
    by_department = {department: part for department, (part, *_) in sums.items()}
    return Standing(day, accounts, accounts_at_risk, annual_revenue, at_risk, by_department)


def _sums(rows: QuerySet[Trend]) -> QuerySet[Trend, tuple[Any, ...]]:
    """Ask for the sums of a day by department; of no department is what all accounts come to."""
    figures = ("revenue_at_risk", "accounts", "accounts_at_risk", "annual_revenue")
    of_day = rows.filter(day=given("day")).values_list("department")
    return of_day.annotate(*(Sum(figure) for figure in figures))


_SUMS = OfTrends(_sums)


@dataclass(frozen=True, slots=True)
class Months:
    """The last rollup of each month: labels, and what each department put at risk then, in the labels' order."""

    days: Sequence[datetime.date]
    series: Sequence[tuple[Department, Sequence[float]]]

    @property
    def labels(self) -> list[str]:
        """Return the months' short names."""
        return [f"{day:%b}" for day in self.days]

    @property
    def is_short(self) -> bool:
        """Return whether there is less than a year of it."""
        return len(self.days) < MONTHS_SHOWN

    @property
    def rows(self) -> list[tuple[datetime.date, list[float], float]]:
        """Return the table: a month with its figures and their sum."""
        columns = [[values[place] for _, values in self.series] for place in range(len(self.days))]
        return [(day, column, sum(column)) for day, column in zip(self.days, columns, strict=True)]

    @property
    def chart(self) -> dict[str, object]:
        """Return what the stacked bars are drawn from."""
        series = [
            {"name": department.name, "colour": department.colour, "values": [round(value) for value in values]}
            for department, values in self.series
        ]
        return {"categories": self.labels, "series": series, "unit": "money"}


def months(departments: Sequence[Department], *, segment: str, today: datetime.date) -> Months:
    """Return up to twelve months; departments that put nothing at risk in any of them are left out."""
    since = months_after(today.replace(day=1), 1 - MONTHS_SHOWN)
    sums = _ENDS_OF_MONTHS(segment, since=since, today=today)
    found = {(day, department): total for day, department, total in sums}
    days = sorted({day for day, _ in found})
    series = [(one, [found.get((day, one.pk), 0.0) for day in days]) for one in departments]
    return Months(days, [(one, values) for one, values in series if any(value > 0 for value in values)])


def _ends_of_months(rows: QuerySet[Trend]) -> QuerySet[Trend, tuple[datetime.date, int, float]]:
    """Ask for what each department put at risk on the last day of each month."""
    lately = rows.filter(day__gte=given("since"), day__lte=given("today"))
    ends = lately.annotate(month=TruncMonth("day")).values("month").annotate(last=Max("day")).values("last")
    last = lately.filter(day__in=ends, department__isnull=False)
    return last.values_list("day", "department").annotate(Sum("revenue_at_risk"))


_ENDS_OF_MONTHS = OfTrends(_ends_of_months)
