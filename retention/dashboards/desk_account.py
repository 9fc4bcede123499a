"""What whoever calls an account should have before them: its work in process, its friction, what to offer."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account, Holding, Order, Touchpoint
from accounts.prepared import Prepared, given
from departments.care.call_form import asked_for
from departments.models import Assignment, CallRequest, Commitment, Incident, Person
from departments.prepared import PreparedFor
from retention.dashboards.account_facts import looking_after
from retention.dashboards.similar import Comparison, compared_with

SHOWN = 5


@dataclass(frozen=True, slots=True)
class OrderUnderWay:
    """An order that has not been delivered; `days_late` counts from the promised day, negative before it."""

    order: Order
    days_late: int

    @property
    def is_late(self) -> bool:
        """Return whether the promised day has passed."""
        return self.days_late > 0


@dataclass(frozen=True, slots=True)
class Case:
    """One account, as the desk sees it before a call."""

    account: Account
    under_way: Sequence[OrderUnderWay]
    delivered: Sequence[Order]
    incidents: Sequence[Incident]
    owed: Sequence[Commitment]
    similar: Comparison
    holdings: Sequence[Holding]
    contacts: Sequence[Touchpoint]
    keepers: Sequence[Assignment]
    asked: CallRequest | None

    @property
    def late(self) -> int:
        """Return how many orders are past their promised day."""
        return sum(one.is_late for one in self.under_way)


def case_of(account: Account, person: Person) -> Case:
    """Read what a call is prepared with."""
    today = timezone.localdate()
    return Case(
        account=account,
        under_way=_under_way(account, today),
        delivered=_DELIVERED(account=account.pk),
        incidents=_INCIDENTS(person, account=account.pk),
        owed=_OWED(account=account.pk),
        similar=compared_with(account),
        holdings=_HOLDINGS(account=account.pk, today=today),
        contacts=_CONTACTS(account=account.pk),
        keepers=looking_after(account),
        asked=asked_for(account),
    )


def _incidents(reader: Person) -> QuerySet[Incident]:
    own = Incident.objects.visible_to(reader).open().filter(account=given("account"), merged_into=None)
    return own.select_related("department").order_by("-money_at_risk", "pk")[:SHOWN]


def _delivered() -> QuerySet[Order]:
    orders = Order.objects.filter(account=given("account"), delivered_on__isnull=False)
    return orders.order_by("-delivered_on", "-pk")[:SHOWN]


def _owed() -> QuerySet[Commitment]:
    owed = Commitment.objects.filter(account=given("account"), release__delivered_on=None)
    return owed.select_related("release")[:SHOWN]


def _contacts() -> QuerySet[Touchpoint]:
    return Touchpoint.objects.filter(account=given("account")).select_related("person", "contact")[:SHOWN]


_INCIDENTS, _DELIVERED, _OWED, _CONTACTS = (
    PreparedFor(_incidents),
    Prepared(_delivered),
    Prepared(_owed),
    Prepared(_contacts),
)
_HOLDINGS = Prepared(
    lambda: Holding.objects.on(given("today")).filter(account=given("account")).select_related("product")
)
_UNDER_WAY = Prepared(lambda: Order.objects.under_way().filter(account=given("account")).order_by("promised_on", "pk"))


def _under_way(account: Account, today: datetime.date) -> list[OrderUnderWay]:
    orders = _UNDER_WAY(account=account.pk)
    return [OrderUnderWay(one, (today - one.promised_on).days) for one in orders if one.promised_on]
