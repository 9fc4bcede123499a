"""What waits between departments, how many services accounts hold, and where the time with customers goes."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Min, Q, QuerySet, Sum

from accounts.models import Account, Holding, Purpose, Touchpoint
from departments.models import HandOff, Incident, Role, State

SHOWN = 5
TIME_DAYS = 90


@dataclass(frozen=True, slots=True)
class Waiting:
    """Hand-offs without an answer and disputes, with the dearest of the disputes."""

    asked: int
    asked_since: datetime.datetime | None
    disputed: int
    disputed_money: float
    dearest: Sequence[Incident]


def waiting(segment: str) -> Waiting:
    """Return what waits now."""
    pending = HandOff.objects.order_by().pending()
    disputes = Incident.objects.order_by().filter(state=State.DISPUTED, merged_into=None)
    if segment:
        pending = pending.filter(incident__account__segment=segment)
        disputes = disputes.filter(account__segment=segment)
    asked = pending.aggregate(count=Count("pk"), since=Min("proposed_at"))
    disputed = disputes.aggregate(count=Count("pk"), money=Sum("money_at_risk", default=0.0))
    dearest = disputes.select_related("account", "department").order_by("-money_at_risk", "pk")[:SHOWN]
    return Waiting(asked["count"], asked["since"], disputed["count"], disputed["money"], list(dearest))


@dataclass(frozen=True, slots=True)
class Breadth:
    """Services held over accounts that have not left; None where no service was ever recorded."""

    now: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """Return how it moved."""
        return None if self.now is None or self.before is None else self.now - self.before


def breadth(today: datetime.date, before: datetime.date, *, segment: str) -> Breadth:
    """Return it for two days."""
    return Breadth(_breadth_on(today, segment), _breadth_on(before, segment))


def _breadth_on(day: datetime.date, segment: str) -> float | None:
    there = Q(left_on=None) | Q(left_on__gt=day)
    accounts = Account.objects.filter(there).filter(Q(customer_since=None) | Q(customer_since__lte=day))
    held = Holding.objects.on(day).filter(account__in=accounts.order_by().values("pk"))
    if segment:
        accounts, held = accounts.filter(segment=segment), held.filter(account__segment=segment)
    services, customers = held.count(), accounts.count()
    return services / customers if services and customers else None


@dataclass(frozen=True, slots=True)
class TimeShare:
    """Minutes that account managers spent on one purpose, as a share of all."""

    label: str
    minutes: int
    share: float


def sales_time(moment: datetime.datetime, *, segment: str) -> list[TimeShare]:
    """Return where account managers' recorded minutes went in 90 days, most first."""
    since = moment - datetime.timedelta(days=TIME_DAYS)
    contacts: QuerySet[Touchpoint] = Touchpoint.objects.order_by().filter(
        happened_at__gte=since, minutes__gt=0, person__role=Role.ACCOUNT_MANAGER
    )
    if segment:
        contacts = contacts.filter(account__segment=segment)
    spent = list(contacts.values_list("purpose").annotate(total=Sum("minutes")).order_by("-total"))
    whole = sum(total for _, total in spent)
    return [TimeShare(str(Purpose(purpose).label), total, total / whole) for purpose, total in spent]
