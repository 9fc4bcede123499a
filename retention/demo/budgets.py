"""What the executives of the demo company allow: friction budgets by department and quarter."""

import datetime
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Avg

from departments.models import Department
from retention.models import Budget, Trend

QUARTERS = 5
# The demo's executives allow more than last year's usual, but not to those who were told to improve.
ALLOWED = Decimal("1.4")
TOLD_TO_IMPROVE = {"shipping": "0.95", "corporate": "1.0", "manufacturing": "1.05", "operations": "1.1"}
LEAST = Decimal(1_000)
STEP = Decimal(500)


def set_budgets(today: datetime.date) -> int:
    """Give each department its budget for the last quarters, from what it usually put at risk; return how many."""
    usual = dict(
        Trend.objects.filter(department__isnull=False, day__lt=today)
        .values_list("department")
        .annotate(Avg("revenue_at_risk"))
    )
    segments = max(1, Trend.objects.values("segment").distinct().count())
    budgets = [
        Budget(
            department=department,
            quarter_start=quarter,
            amount=_amount(department, usual.get(department.pk, 0.0) * segments),
        )
        for department in Department.objects.all()
        for quarter in _quarters(today)
    ]
    return len(Budget.objects.bulk_create(budgets, ignore_conflicts=True))


def _amount(department: Department, usual: float) -> Decimal:
    allowed = Decimal(TOLD_TO_IMPROVE.get(department.slug, ALLOWED))
    return max(LEAST, round(Decimal(usual) * allowed / STEP) * STEP)


def _quarters(today: datetime.date) -> Iterator[datetime.date]:
    first = today.year * 4 + (today.month - 1) // 3
    for quarter in range(first - QUARTERS + 1, first + 1):
        yield datetime.date(quarter // 4, quarter % 4 * 3 + 1, 1)
