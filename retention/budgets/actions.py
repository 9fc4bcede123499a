"""Setting budgets: what friction a department is allowed in a quarter."""

import datetime
from decimal import Decimal

from django.db import transaction

from accounts.actions import record_audit
from accounts.errors import Invalid
from departments.actions.permissions import require
from departments.models import Capability, Department, Person
from retention.dashboards.periods import Quarter
from retention.models import Budget

PENNY = Decimal("0.01")
TOO_MUCH = Decimal(10) ** 12


@transaction.atomic
def set_budget(
    *, department: Department, quarter_start: datetime.date, amount: Decimal, acting_person: Person
) -> Budget:
    """Set what the department's friction may put at risk in a quarter; `amount` is in the organisation's currency."""
    require(acting_person, Capability.SET_BUDGETS)
    if quarter_start != Quarter.of(quarter_start).start:
        raise Invalid("quarter_start", "A quarter begins on the first of January, April, July or October.")
    if not amount.is_finite() or not PENNY <= amount < TOO_MUCH:
        raise Invalid("amount", "A budget is an amount above zero and below a million millions.")
    # One at a time, so that the audit's `before` is what was: the department's row is the queue.
    Department.objects.select_for_update(no_key=True).get(pk=department.pk)
    before = Budget.objects.filter(department=department, quarter_start=quarter_start).first()
    budget, _ = Budget.objects.update_or_create(
        department=department, quarter_start=quarter_start, defaults={"amount": amount.quantize(PENNY)}
    )
    budget.refresh_from_db()
    details = {
        "department": department.slug,
        "quarter_start": quarter_start.isoformat(),
        "before": str(before.amount) if before else None,
        "after": str(budget.amount),
    }
    record_audit(verb="budget.set", subject=budget.public_id, details=details, acting_person=acting_person)
    return budget
