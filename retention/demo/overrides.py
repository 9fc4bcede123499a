"""Where the demo's account managers held a risk to be another: past ones with their own times, and two of today."""

import datetime
import random
from collections.abc import Sequence
from decimal import Decimal

from django.utils import timezone

from departments.models import Assignment, Capacity
from retention.models import Approval, Override, ScoreHistory
from retention.overrides.actions import override_risk

PAST = 60
PAST_DAYS = (100, 220)
HELD_DAYS = 30
UNSURE = (0.15, 0.7)
ENOUGH_REVENUE, LITTLE_REVENUE = 100_000, 60_000
# What they know is little: as often towards staying as towards leaving.
KNOWN = (
    ("Their buyer told me that the order is coming.", 0.4),
    ("New works manager, who brings his own supplier.", 1.5),
    ("They have signed for the next season.", 0.3),
    ("Their plant closes for a quarter.", 1.4),
)


def override_some(seed: int, today: datetime.date) -> int:
    """Make past overrides from scores of their time, and two that stand today; return how many."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    managers = dict(
        Assignment.objects.in_force(today)
        .filter(capacity=Capacity.ACCOUNT_MANAGER)
        .order_by("account")
        .values_list("account", "person")
    )
    first, last = (timezone.now() - datetime.timedelta(days=days) for days in reversed(PAST_DAYS))
    unsure = ScoreHistory.objects.filter(account__in=managers, as_of__range=(first, last), risk__range=UNSURE)
    one_each = list(unsure.order_by("account_id", "as_of").distinct("account_id"))
    chosen = dice.sample(one_each, min(PAST, len(one_each)))
    made = Override.objects.bulk_create([_past(row, managers[row.account_id], dice) for row in chosen])
    return len(made) + _of_today(managers, [row.account_id for row in chosen], today)


def _past(row: ScoreHistory, manager: int, dice: random.Random) -> Override:
    reason, factor = dice.choice(KNOWN)
    until = row.as_of + datetime.timedelta(days=HELD_DAYS)
    return Override(
        account_id=row.account_id,
        risk=round(min(row.risk * factor, 0.95), 2),
        reason=reason,
        made_by_id=manager,
        made_at=row.as_of,
        expires_at=until,
        ended_at=until,
        computed_risk=row.risk,
        model_id=row.model_id,
        annual_revenue=Decimal(row.annual_revenue).quantize(Decimal("0.01")),
        approval=Approval.NOT_NEEDED,
    )


def _of_today(managers: dict[int, int], taken: Sequence[int], today: datetime.date) -> int:
    """One that holds, and one that waits for an executive."""
    assigned = Assignment.objects.in_force(today).filter(capacity=Capacity.ACCOUNT_MANAGER, account__left_on=None)
    free = assigned.exclude(account__in=taken).filter(
        account__score__risk__gte=UNSURE[0], account__score__is_frozen=False
    )
    ordered = free.select_related("account", "person").order_by("-account__score__risk", "account")
    chosen = [
        ordered.filter(account__annual_revenue__lt=LITTLE_REVENUE).first(),
        ordered.filter(account__annual_revenue__gt=ENOUGH_REVENUE).first(),
    ]
    for assignment in filter(None, chosen):
        override_risk(
            account=assignment.account,
            risk=0.1,
            reason=KNOWN[0][0],
            expires_on=today + datetime.timedelta(days=HELD_DAYS),
            acting_person=assignment.person,
        )
    return len([one for one in chosen if one])
