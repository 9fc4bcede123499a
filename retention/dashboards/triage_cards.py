"""The cards above a department's queue: budget, causes by money, and how well it works with the others."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, Sum

from departments.models import Answer, Department, HandOff, Responsibility
from retention.dashboards.budgets import BudgetState, budget_states
from retention.dashboards.rates import WINDOW_DAYS, Answers, Rate, Scope, answers, rates
from retention.dashboards.triage_queue import View, on_desk, unanswered_longest

CAUSES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One cause: what it puts at risk, over how many incidents, and its length against the longest."""

    label: str
    money: float
    incidents: int
    share: float
    is_named: bool

    @property
    def search(self) -> str:
        """Return the words by which the desk finds its incidents; none for those without a name."""
        return self.label if self.is_named else ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """How often what this department and another passed between them was returned."""

    slug: str
    department: str
    times: int


@dataclass(frozen=True, slots=True)
class Cards:
    """All three cards of one department."""

    budget: BudgetState
    bars: Sequence[Bar]
    causes_are_named: bool
    answers: Answers
    bounces: Sequence[Bounce]
    rate: Rate
    reopened: int
    longest_hours: float | None

    @property
    def bounced(self) -> int:
        """Return all returns together."""
        return sum(bounce.times for bounce in self.bounces)


def cards(department: Department, moment: datetime.datetime, today: datetime.date) -> Cards:
    """Return the cards as of the moment, over the last 90 days."""
    scope = Scope.recent([department], moment)
    bars = causes(department, scope.since)
    named = any(bar.is_named for bar in bars)
    return Cards(
        budget=budget_states([department], segment="", today=today)[department.pk],
        bars=bars if named else types(department, scope.since),
        causes_are_named=named,
        answers=answers(scope).get(department.pk, Answers(None, 0)),
        bounces=bounces(department, scope.since),
        rate=rates(scope)[department.pk],
        reopened=on_desk(department, View.REOPENED, moment).count(),
        longest_hours=_longest_hours(department, moment),
    )


def _longest_hours(department: Department, moment: datetime.datetime) -> float | None:
    """Return how long nobody answered for the incident that waited longest."""
    waited = unanswered_longest(on_desk(department, View.UNHELD, moment), moment)
    longest = waited.aggregate(longest=Max("priority"))["longest"]
    return None if longest is None else longest / 3600


def causes(department: Department, since: datetime.datetime) -> list[Bar]:
    """Return what each named cause puts at risk, the largest first; what nobody named yet is one bar at the end."""
    return _bars(department, since, "incident__cause__name", "cause not named yet")


def types(department: Department, since: datetime.datetime) -> list[Bar]:
    """Return what each type of friction puts at risk, the largest first."""
    return _bars(department, since, "friction_type__name", "")


def _bars(department: Department, since: datetime.datetime, field: str, unnamed: str) -> list[Bar]:
    parts = Responsibility.objects.order_by().filter(
        department=department, share__gt=0, happened_at__gte=since, incident__merged_into=None
    )
    money = Sum(F("share") * F("incident__money_at_risk"))
    found = list(
        parts.values_list(field)
        .annotate(money=money, incidents=Count("pk"))
        .filter(Q(money__gt=0))
        .order_by(F(field).asc(nulls_last=True), "-money")
    )
    named = sorted((row for row in found if row[0]), key=lambda row: -row[1])[:CAUSES_SHOWN]
    longest = max((row[1] for row in found), default=1.0)
    rest = [row for row in found if not row[0]]
    return [
        Bar(label or unnamed, money, incidents, money / longest, is_named=bool(label))
        for label, money, incidents in [*named, *rest]
    ]


def bounces(department: Department, since: datetime.datetime) -> list[Bounce]:
    """Return the returns between this department and each other, whoever of the two asked, most first."""
    returned = HandOff.objects.order_by().filter(answer=Answer.RETURNED, answered_at__gte=since)
    pairs = returned.filter(Q(from_department=department) | Q(to_department=department))
    times: dict[tuple[str, str], int] = {}
    sides = pairs.values_list(
        "from_department__slug", "from_department__name", "to_department__slug", "to_department__name"
    )
    for giver, giver_name, taker, taker_name, count in sides.annotate(Count("pk")):
        other = (taker, taker_name) if giver == department.slug else (giver, giver_name)
        times[other] = times.get(other, 0) + count
    return [
        Bounce(slug, name, count) for (slug, name), count in sorted(times.items(), key=lambda one: (-one[1], one[0]))
    ]


__all__ = ["WINDOW_DAYS", "Bar", "Bounce", "Cards", "bounces", "cards", "causes", "types"]
