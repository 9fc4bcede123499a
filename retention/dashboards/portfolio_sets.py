"""The sets of a portfolio: who is looked after, what each tab holds, and what the tiles add up."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Order, Touchpoint
from accounts.prepared import Prepared, given
from departments.models import Absence, Capability, Incident, Person, State
from departments.prepared import PlannedAnewFor
from retention.dashboards.portfolio_care import snoozed_by_anybody, snoozed_ids
from retention.scoring.bands import BAND_STARTS, Band

AT_RISK = BAND_STARTS[Band.AT_RISK]
LEAST_MOVE = 0.05
RENEWAL_DAYS = 90
QUIET_DAYS = 60
WEEK = datetime.timedelta(days=7)
NO_INCIDENTS = {"open": 0, "past_due": 0, "before": 0}
TABS = {
    "at_risk": "At risk",
    "moved": "Moved this week",
    "renewing": "Renewing in 90 days",
    "quiet": "Gone quiet",
    "all": "All",
    "snoozed": "Snoozed",
    "left": "Left",
}
TAB_MEANINGS = {
    "at_risk": "A risk of 30% or more",
    "moved": "The risk rose or fell by five points or more within seven days",
    "renewing": "The contract comes up for renewal within 90 days",
    "quiet": "No order and no contact for 60 days",
    "all": "Every account that has not left, those set aside too",
    "snoozed": "Set aside until a day, or until the risk rises",
    "left": "Accounts that ended the relation, with their last score",
}


def looked_after(person: Person) -> QuerySet[Account]:
    """Return the accounts of a portfolio with what lists sort by: all accounts for those who see everything.

    What a person has set aside (`is_aside`) leaves their own tabs; for those who only look on, it leaves none.
    """
    snoozed = snoozed_ids(person)
    aside = _whether(Q(pk__in=snoozed)) if person.can(Capability.SNOOZE) else Value(value=False)
    return _with_what_lists_sort_by(Account.objects.open_book_to(person), snoozed).annotate(is_aside=aside)


def looked_on() -> QuerySet[Account]:
    """Return the portfolio of whoever sees all accounts and sets none aside."""
    return _with_what_lists_sort_by(Account.objects.all(), snoozed_by_anybody()).annotate(is_aside=Value(value=False))


def _with_what_lists_sort_by(accounts: QuerySet[Account], snoozed: Any) -> QuerySet[Account]:
    latest = Touchpoint.objects.filter(account=OuterRef("pk")).order_by("-happened_at").values("happened_at")[:1]
    return accounts.select_related("score").annotate(
        revenue_at_risk=F("score__risk") * F("score__annual_revenue"),
        avoidable=F("score__friction_points") * F("score__annual_revenue"),
        risk_before=Coalesce("score__risk_week_ago", "score__risk"),
        moved=F("score__risk") - F("score__risk_week_ago"),
        last_contact=Subquery(latest),
        is_snoozed=_whether(Q(pk__in=snoozed)),
    )


def tab_condition(tab: str) -> Q:
    """Return what makes an account belong to a tab."""
    if tab == "left":
        return Q(left_on__isnull=False)
    if tab == "snoozed":
        return Q(left_on=None, is_snoozed=True)
    aside = Q() if tab == "all" else Q(is_aside=False)
    return Q(left_on=None) & aside & _CONDITIONS.get(tab, Q)()


def _at_risk() -> Q:
    return Q(score__risk__gte=AT_RISK)


def _moved() -> Q:
    return Q(moved__gte=LEAST_MOVE) | Q(moved__lte=-LEAST_MOVE)


def _renewing() -> Q:
    today = timezone.localdate()
    return Q(renews_on__range=(today, today + datetime.timedelta(days=RENEWAL_DAYS)))


def _quiet() -> Q:
    since = timezone.now() - datetime.timedelta(days=QUIET_DAYS)
    ordered = Order.objects.order_by().filter(account=OuterRef("pk"), ordered_at__gte=since)
    touched = Touchpoint.objects.order_by().filter(account=OuterRef("pk"), happened_at__gte=since)
    return ~Q(Exists(ordered)) & ~Q(Exists(touched))


_CONDITIONS = {"at_risk": _at_risk, "moved": _moved, "renewing": _renewing, "quiet": _quiet}


def incident_counts(incidents: QuerySet[Incident], accounts: QuerySet[Account]) -> dict[str, int]:
    """Count the incidents open at the accounts, those of them that are past due, and those open a week ago."""
    now = timezone.now()
    return next(iter(_counted(incidents, accounts, now, now - WEEK)), NO_INCIDENTS)


def own_incident_counts(person: Person) -> dict[str, int]:
    """Count the same at all accounts of a person's portfolio that have not left."""
    now = timezone.now()
    return next(iter(_OWN(person, now=now, week_ago=now - WEEK)), NO_INCIDENTS)


def _counted(incidents: QuerySet[Incident], accounts: QuerySet[Account], now: Any, week_ago: Any) -> QuerySet[Any, Any]:
    is_open, late = Q(resolved_at=None), Q(resolved_at=None, due_at__lt=now)
    # Whoever resolved one since has left it in what was open then.
    then = Q(recorded_at__lte=week_ago) & (Q(resolved_at=None) | Q(resolved_at__gt=week_ago))
    own = incidents.filter(account__in=accounts.order_by().values("pk"), merged_into=None)
    # Told by the state, which the indexes of what is open and of what was resolved are for.
    lately = own.filter(~Q(state=State.RESOLVED) | Q(state=State.RESOLVED, resolved_at__gt=week_ago)).order_by()
    # What all of them have in common makes one group of them.
    return (
        lately.values("merged_into")
        .annotate(open=Count("pk", filter=is_open), past_due=Count("pk", filter=late), before=Count("pk", filter=then))
        .values("open", "past_due", "before")
    )


_OWN = PlannedAnewFor(
    lambda reader: _counted(
        Incident.objects.visible_to(reader),
        Account.objects.open_book_to(reader).staying(),
        given("now"),
        given("week_ago"),
    )
)


_COVERED = Prepared(
    lambda: Absence.objects.filter(
        covered_by=given("person"), starts_on__lte=given("today"), ends_on__gte=given("today")
    ).select_related("person")
)


def covered_absences(person: Person) -> Sequence[Absence]:
    """Return the absences of colleagues for whom the person covers today."""
    return _COVERED(person=person.pk, today=timezone.localdate())


def _whether(condition: Q) -> Case:
    return Case(When(condition, then=Value(value=True)), default=Value(value=False))
