"""What whoever calls an account should have before them: its work in process, its friction, what to offer."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import Account, Holding, Order, Touchpoint
from departments.models import Assignment, CallRequest, Commitment, Incident, Person
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
    open_incidents = account.incidents.visible_to(person).open().filter(merged_into=None)
    orders = account.orders.filter(delivered_on__isnull=False)
    return Case(
        account=account,
        under_way=_under_way(account, today),
        delivered=list(orders.order_by("-delivered_on", "-pk")[:SHOWN]),
        incidents=list(open_incidents.select_related("department").order_by("-money_at_risk", "pk")[:SHOWN]),
        owed=list(account.commitments.filter(release__delivered_on=None).select_related("release")[:SHOWN]),
        similar=compared_with(account),
        holdings=list(account.holdings.on(today).select_related("product")),
        contacts=list(account.touchpoints.select_related("person", "contact")[:SHOWN]),
        keepers=looking_after(account),
        asked=account.call_requests.open().select_related("asked_by").first(),
    )


def _under_way(account: Account, today: datetime.date) -> list[OrderUnderWay]:
    orders = account.orders.under_way().order_by("promised_on", "pk")
    return [OrderUnderWay(one, (today - one.promised_on).days) for one in orders if one.promised_on]
