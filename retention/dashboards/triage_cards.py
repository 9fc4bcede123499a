"""The cards above a department's queue: budget, causes by money, and how well it works with the others."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, Sum

from departments.models import Answer, Department, HandOff, Incident, Responsibility
from retention.dashboards.budgets import BudgetState, budget_states
from retention.dashboards.kept import Figures
from retention.dashboards.rates import WINDOW_DAYS, Answers, Rate, Scope, answers, rates
from retention.dashboards.triage_queue import RECENT_DAYS, unanswered_longest

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
class Desk:
    """What a department's last 90 days were like."""

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


@dataclass(frozen=True, slots=True)
class Desks:
    """Those of all departments, by department id."""

    of: Mapping[int, Desk]


@dataclass(frozen=True, slots=True)
class Cards:
    """All three cards of one department; its 90 days are told as of `counted_at`; None for now."""

    budget: BudgetState
    desk: Desk
    counted_at: datetime.datetime | None


def cards(department: Department, moment: datetime.datetime, today: datetime.date) -> Cards:
    """Return the cards as of the moment, the 90 days as they are kept or else computed."""
    budget = budget_states([department], segment="", today=today)[department.pk]
    kept = DESKS.kept(moment)
    if kept is not None and department.pk in kept.figures.of:
        return Cards(budget, kept.figures.of[department.pk], kept.as_of)
    return Cards(budget, desks([department], moment)[department.pk], None)


def desks(departments: Sequence[Department], moment: datetime.datetime) -> dict[int, Desk]:
    """Compute the 90 days up to the moment, in as many statements for all departments as for one."""
    scope = Scope.recent(departments, moment)
    by_cause = bars(departments, scope.since, "incident__cause__name", "cause not named yet")
    unnamed = [one for one in departments if not any(bar.is_named for bar in by_cause[one.pk])]
    by_type = bars(unnamed, scope.since, "friction_type__name", "") if unnamed else {}
    answered, rated, returned = answers(scope), rates(scope), bounces(departments, scope.since)
    again, waited = _reopened(departments), _longest_hours(departments, moment)
    return {
        one.pk: Desk(
            bars=by_type.get(one.pk, by_cause[one.pk]),
            causes_are_named=one.pk not in by_type,
            answers=answered.get(one.pk, Answers(None, 0)),
            bounces=returned[one.pk],
            rate=rated[one.pk],
            reopened=again.get(one.pk, 0),
            longest_hours=waited.get(one.pk),
        )
        for one in departments
    }


def _of_all(moment: datetime.datetime) -> Desks:
    return Desks(desks(list(Department.objects.filter(is_active=True)), moment))


DESKS = Figures("desks", Desks, _of_all)


def _reopened(departments: Sequence[Department]) -> dict[int, int]:
    held = Incident.objects.order_by().filter(department__in=departments, merged_into=None, reopened__gt=0)
    return dict(held.values_list("department").annotate(Count("pk")))


def _longest_hours(departments: Sequence[Department], moment: datetime.datetime) -> dict[int, float]:
    """Return how long nobody answered for the incident that waited longest."""
    since = moment - datetime.timedelta(days=RECENT_DAYS)
    held = Incident.objects.order_by().filter(department__in=departments, merged_into=None, recorded_at__gte=since)
    longest = unanswered_longest(held, moment).values_list("department").annotate(longest=Max("priority"))
    return {department: seconds / 3600 for department, seconds in longest.values_list("department", "longest")}


def bars(departments: Sequence[Department], since: datetime.datetime, field: str, unnamed: str) -> dict[int, list[Bar]]:
    """Return what each cause or type puts at risk, the largest first; what nobody named yet is one bar at the end."""
    parts = Responsibility.objects.order_by().filter(
        department__in=departments, share__gt=0, happened_at__gte=since, incident__merged_into=None
    )
    found = (
        parts.values_list("department", field)
        .annotate(money=Sum(F("share") * F("incident__money_at_risk")), incidents=Count("pk"))
        .filter(Q(money__gt=0))
        .order_by("department", F(field).asc(nulls_last=True), "-money")
    )
    rows: dict[int, list[tuple[str | None, float, int]]] = {one.pk: [] for one in departments}
    for department, *row in found:
        rows[department].append(tuple(row))
    return {department: _in_length(each, unnamed) for department, each in rows.items()}


def _in_length(found: Sequence[tuple[str | None, float, int]], unnamed: str) -> list[Bar]:
    named = sorted((row for row in found if row[0]), key=lambda row: -row[1])[:CAUSES_SHOWN]
    longest = max((row[1] for row in found), default=1.0)
    rest = [row for row in found if not row[0]]
    return [
        Bar(label or unnamed, money, incidents, money / longest, is_named=bool(label))
        for label, money, incidents in [*named, *rest]
    ]


def bounces(departments: Sequence[Department], since: datetime.datetime) -> dict[int, list[Bounce]]:
    """Return the returns between each department and the others, whoever of the two asked, most first."""
    returned = HandOff.objects.order_by().filter(answer=Answer.RETURNED, answered_at__gte=since)
    pairs = returned.filter(Q(from_department__in=departments) | Q(to_department__in=departments))
    known = Department.objects.in_bulk()
    times: dict[int, dict[int, int]] = {one.pk: {} for one in departments}
    for giver, taker, count in pairs.values_list("from_department", "to_department").annotate(Count("pk")):
        for one, other in {(giver, taker), (taker, giver)}:
            if one in times:
                times[one][other] = times[one].get(other, 0) + count
    return {
        one: [
            Bounce(known[other].slug, known[other].name, count)
            for other, count in sorted(others.items(), key=lambda pair: (-pair[1], known[pair[0]].slug))
        ]
        for one, others in times.items()
    }


__all__ = ["WINDOW_DAYS", "Bar", "Bounce", "Cards", "bars", "bounces", "cards", "desks"]
