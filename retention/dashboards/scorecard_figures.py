"""The scorecard's figures from the nightly rollup: revenue at risk, its avoidable part, and how both moved."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max, Q, Sum
from django.db.models.functions import TruncMonth

from departments.models import Department
from retention.dashboards.budgets import latest_day, trends
from retention.dashboards.periods import months_after

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
    totals = Q(department=None)
    found = trends(segment).filter(day=day)
    sums = found.filter(totals).aggregate(
        accounts=Sum("accounts", default=0),
        accounts_at_risk=Sum("accounts_at_risk", default=0),
        annual_revenue=Sum("annual_revenue", default=0.0),
        at_risk=Sum("revenue_at_risk", default=0.0),
    )
    parts = found.exclude(totals).values_list("department").annotate(Sum("revenue_at_risk"))
    return Standing(day=day, by_department=dict(parts), **sums)


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
    rows = trends(segment).filter(day__gte=since, day__lte=today)
    ends = rows.annotate(month=TruncMonth("day")).values("month").annotate(last=Max("day")).values("last")
    sums = rows.filter(day__in=ends, department__isnull=False).values_list("day", "department")
    found = {(day, department): total for day, department, total in sums.annotate(Sum("revenue_at_risk"))}
    days = sorted({day for day, _ in found})
    series = [(one, [found.get((day, one.pk), 0.0) for day in days]) for one in departments]
    return Months(days, [(one, values) for one, values in series if any(value > 0 for value in values)])
