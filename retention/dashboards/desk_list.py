"""Whom to call first: those for whom a call was asked, then by risk × value × how overdue a contact is."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Extract, Greatest, Least
from django.utils import timezone

from accounts.models import Account, Touchpoint
from accounts.prepared import given
from departments.models import Assignment, CallRequest, Capacity, Person
from departments.models.person import SEES_EVERYTHING
from departments.prepared import PlannedAnewFor
from retention.formatting import money, organisation

LISTED = 25
MOST_OVERDUE = 3.0
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class CallRow:
    """An account on the call list, and why it stands where it does."""

    account: Account
    at_risk: float | None
    last_contact: datetime.datetime | None
    cadence_days: int
    overdue: float
    asked_until: datetime.date | None = None
    asked_words: str = ""

    @property
    def is_late(self) -> bool:
        """Return whether the day until which the call was asked for has passed."""
        return self.asked_until is not None and self.asked_until < timezone.localdate()

    @property
    def words(self) -> str:
        """Say how the rank comes about."""
        if self.at_risk is None:
            return "not scored yet"
        return f"{money(self.at_risk)} at risk × {self.overdue:.1f} overdue"


def keepers(person: Person) -> list[Person]:
    """Return whose lists the person may look at: for those who see everything, all who serve a desk."""
    if person.role not in SEES_EVERYTHING:
        return [person]
    serving = Assignment.objects.order_by().filter(capacity=Capacity.SERVICE_DESK)
    return list(Person.objects.filter(pk__in=serving.values("person"), is_active=True))


def call_list(keeper: Person, moment: datetime.datetime) -> QuerySet[Any]:
    """Return the accounts that a person looks after or covers, those to call first at the top.

    Calls that were asked for come before all others, the one that is due first before the rest.
    """
    return _in_order_of_calling(keeper, Value(moment), Value(organisation().contact_cadence_days))


def _in_order_of_calling(keeper: Person, moment: Any, cadence: Any) -> QuerySet[Any]:
    latest = Touchpoint.objects.filter(account=OuterRef("pk"), happened_at__lte=moment).order_by("-happened_at")
    asked = CallRequest.objects.open().filter(account=OuterRef("pk")).order_by()
    silence = ExpressionWrapper(moment - F("last_contact"), output_field=DurationField())
    days = Cast(Extract(silence, "epoch"), FloatField()) / Value(DAY_SECONDS)
    return (
        Account.objects.staying()
        .open_book_to(keeper)
        .select_related("score")
        .annotate(
            last_contact=Subquery(latest.values("happened_at")[:1]),
            asked_until=Subquery(asked.values("due_on")[:1]),
            asked_words=Subquery(asked.values("words")[:1]),
            cadence=Greatest(Coalesce("contact_cadence_days", cadence), Value(1)),
            overdue=Case(
                When(last_contact=None, then=Value(MOST_OVERDUE)),
                default=Least(days / Cast("cadence", FloatField()), Value(MOST_OVERDUE)),
                output_field=FloatField(),
            ),
            rank=Coalesce(F("score__risk") * F("score__annual_revenue") * F("overdue"), Value(-1.0)),
        )
        .order_by(F("asked_until").asc(nulls_last=True), "-rank", "pk")
    )


_COUNT = PlannedAnewFor(
    lambda keeper: (
        Account.objects.staying()
        .open_book_to(keeper)
        .order_by()
        .values("left_on")
        .annotate(count=Count("pk"))
        .values_list("count", flat=True)
    )
)


@lru_cache(maxsize=64)
def _listed(first: int) -> PlannedAnewFor[Any]:
    """Return the question for the page that begins at a place of the list."""
    return PlannedAnewFor(
        lambda keeper: _in_order_of_calling(keeper, given("moment", DateTimeField()), given("cadence", IntegerField()))[
            first : first + LISTED
        ]
    )


def call_rows(keeper: Person, moment: datetime.datetime, number: str | None) -> tuple[Page[int], Sequence[CallRow]]:
    """Return one page of a person's list, by its number as the address gives it."""
    page = Paginator(range(next(iter(_COUNT(keeper)), 0)), LISTED).get_page(number)
    listed = _listed(page.start_index() - 1) if page.object_list else None
    values = {"moment": moment, "cadence": organisation().contact_cadence_days}
    return page, [_row(account) for account in listed(keeper, **values)] if listed else []


def _row(account: Any) -> CallRow:
    score = getattr(account, "score", None)
    return CallRow(
        account=account,
        at_risk=score.revenue_at_risk if score else None,
        last_contact=account.last_contact,
        cadence_days=account.cadence,
        overdue=account.overdue,
        asked_until=account.asked_until,
        asked_words=account.asked_words or "",
    )
