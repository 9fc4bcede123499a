"""The sets of a portfolio: who is looked after, what each tab holds, and what the tiles add up."""

import datetime
import functools
import operator
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, F, FloatField, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Order, Touchpoint
from departments.models import Absence, Capability, Incident, Person
from retention.dashboards.ledgers import friction_places
from retention.dashboards.portfolio_care import snoozed_ids
from retention.models import ModelVersion, ScoreHistory
from retention.scoring.bands import BAND_STARTS, Band

AT_RISK = BAND_STARTS[Band.AT_RISK]
LEAST_MOVE = 0.05
RENEWAL_DAYS = 90
QUIET_DAYS = 60
WEEK = datetime.timedelta(days=7)
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
    latest = Touchpoint.objects.filter(account=OuterRef("pk")).order_by("-happened_at").values("happened_at")[:1]
    return (
        Account.objects.open_book_to(person)
        .select_related("score")
        .annotate(
            revenue_at_risk=F("score__risk") * F("score__annual_revenue"),
            avoidable=F("score__friction_points") * F("score__annual_revenue"),
            risk_before=Coalesce("score__risk_week_ago", "score__risk"),
            moved=F("score__risk") - F("score__risk_week_ago"),
            last_contact=Subquery(latest),
            is_snoozed=_whether(Q(pk__in=snoozed)),
            is_aside=_whether(Q(pk__in=snoozed)) if person.can(Capability.SNOOZE) else Value(value=False),
        )
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


@dataclass(frozen=True)
class Totals:
    """What a portfolio adds up to; money in the organisation's currency, changes against a week ago."""

    revenue_at_risk: float
    change: float
    avoidable: float
    at_risk: int
    at_risk_before: int
    avoidable_before: float
    aside: int
    scored_at: datetime.datetime | None
    model: int | None
    tabs: dict[str, int]

    @property
    def avoidable_share(self) -> float:
        """Return which share of the revenue at risk is friction that we caused."""
        return self.avoidable / self.revenue_at_risk if self.revenue_at_risk else 0.0


def totals(accounts: QuerySet[Account], model: ModelVersion | None) -> Totals:
    """Add up a portfolio in one statement; accounts that left count in their own tab alone.

    What was set aside is counted: money is not out of danger because somebody looks away.
    """
    staying = Q(left_on=None)
    # What subqueries say stands beside each account first: in the sums themselves they could not name it.
    accounts = accounts.annotate(
        friction_before=Coalesce(_friction_a_week_ago(model), "score__friction_points"),
        **{f"in_{tab}": _whether(tab_condition(tab)) for tab in TABS},
    )
    revenue = F("score__annual_revenue")
    sums = accounts.aggregate(
        money=_sum(F("score__risk") * revenue, staying),
        change=_sum(F("moved") * revenue, staying),
        avoidable=_sum(F("score__friction_points") * revenue, staying),
        avoidable_before=_sum(F("friction_before") * revenue, staying),
        at_risk=Count("pk", filter=staying & _at_risk()),
        aside=Count("pk", filter=staying & _at_risk() & Q(is_aside=True)),
        at_risk_before=Count("pk", filter=staying & Q(risk_before__gte=AT_RISK)),
        scored_at=Max("score__scored_at"),
        model=Max("score__model"),
        **{f"tab_{tab}": Count("pk", filter=Q(**{f"in_{tab}": True})) for tab in TABS},
    )
    tabs = {tab: sums.pop(f"tab_{tab}") for tab in TABS}
    return Totals(tabs=tabs, revenue_at_risk=sums.pop("money"), **sums)


def incident_counts(person: Person, accounts: QuerySet[Account]) -> dict[str, int]:
    """Count the open incidents of accounts, how many of them are past due, and how many were open a week ago."""
    now, week_ago = timezone.now(), timezone.now() - WEEK
    is_open, late = Q(resolved_at=None), Q(resolved_at=None, due_at__lt=now)
    # Whoever resolved one since has left it in what was open then.
    then = Q(recorded_at__lte=week_ago) & (Q(resolved_at=None) | Q(resolved_at__gt=week_ago))
    own = Incident.objects.visible_to(person).filter(account__in=accounts.order_by().values("pk"), merged_into=None)
    lately = own.filter(Q(resolved_at=None) | Q(resolved_at__gt=week_ago)).order_by()
    return lately.aggregate(
        open=Count("pk", filter=is_open), past_due=Count("pk", filter=late), before=Count("pk", filter=then)
    )


def covered_absences(person: Person) -> list[Absence]:
    """Return the absences of colleagues for whom the person covers today."""
    today = timezone.localdate()
    absences = Absence.objects.filter(covered_by=person, starts_on__lte=today, ends_on__gte=today)
    return list(absences.select_related("person"))


def _friction_a_week_ago(model: ModelVersion | None) -> Combinable:
    """The points that departments answered for by the score of a week ago; null where the model was another."""
    places = friction_places(model).values() if model else []
    if model is None or not places:
        return Value(None, output_field=FloatField())
    kept = ScoreHistory.objects.filter(account=OuterRef("pk"), model=model, as_of__lte=timezone.now() - WEEK)
    charged = functools.reduce(operator.add, [F(f"points__{place}") for place in places])
    return Subquery(kept.order_by("-as_of").annotate(charged=charged).values("charged")[:1], output_field=FloatField())


def _whether(condition: Q) -> Case:
    return Case(When(condition, then=Value(value=True)), default=Value(value=False))


def _sum(expression: Any, condition: Q) -> Coalesce:
    return Coalesce(Sum(expression, filter=condition, output_field=FloatField()), 0.0)
