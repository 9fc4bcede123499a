"""The cards above a department's queue: budget, causes by money, and how well it works with the others."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from departments.models import Department, Incident
from retention.dashboards.bounces import BOUNCES
from retention.dashboards.budgets import BudgetState, budget_states
from retention.dashboards.kept import Figures
from retention.dashboards.money_by import Sum, money_by
from retention.dashboards.rates import WINDOW_DAYS, Answers, Rate, Scope, answers, rates
from retention.dashboards.triage_queue import late_waits
from retention.dashboards.triage_unheld import longest

CAUSES_SHOWN = 5
# From both sides of each bounce; where an incident bounced more than once, it is one.
_BOUNCED = f"""
    SELECT one, other, GROUPING(other) = 1 AS is_whole, count(DISTINCT incident_id) FROM (
        SELECT one, other, incident_id FROM ({BOUNCES}) AS bounce WHERE at >= %(since)s
        UNION ALL
        SELECT other, one, incident_id FROM ({BOUNCES}) AS bounce WHERE at >= %(since)s
    ) AS bounced
    WHERE one = ANY(%(departments)s) GROUP BY GROUPING SETS ((one, other), (one))
"""


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
    """How many incidents a department and another handed back or disputed between them."""

    slug: str
    department: str
    incidents: int


@dataclass(frozen=True, slots=True)
class Bounces:
    """How many incidents bounced between a department and all others, and with each of them."""

    incidents: int
    pairs: Sequence[Bounce]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a department's last 90 days were like."""

    bars: Sequence[Bar]
    causes_are_named: bool
    answers: Answers
    bounced: int
    bounces: Sequence[Bounce]
    rate: Rate
    reopened: int
    late_waits: int
    longest_hours: float | None


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
    kept = DESKS.kept_of(Desk, department.pk, moment)
    if kept is not None and kept.figures is not None:
        return Cards(budget, kept.figures, kept.as_of)
    return Cards(budget, desks([department], moment)[department.pk], None)


def desks(departments: Sequence[Department], moment: datetime.datetime) -> dict[int, Desk]:
    """Compute the 90 days up to the moment, in as many statements for all departments as for one."""
    scope = Scope.recent(departments, moment)
    by_cause = bars(departments, scope.since, "cause")
    unnamed = [one for one in departments if not any(bar.is_named for bar in by_cause[one.pk])]
    by_type = bars(unnamed, scope.since, "type") if unnamed else {}
    answered, rated, returned = answers(scope), rates(scope), bounces(departments, scope.since)
    again, unheld = _reopened(departments), _longest_hours(departments, moment)
    late = _late_waits(departments, scope.since)
    return {
        one.pk: Desk(
            bars=by_type.get(one.pk, by_cause[one.pk]),
            causes_are_named=one.pk not in by_type,
            answers=answered.get(one.pk, Answers(None, 0)),
            bounced=returned[one.pk].incidents,
            bounces=returned[one.pk].pairs,
            rate=rated[one.pk],
            reopened=again.get(one.pk, 0),
            late_waits=late.get(one.pk, 0),
            longest_hours=unheld.get(one.pk),
        )
        for one in departments
    }


def _of_all(moment: datetime.datetime) -> Desks:
    return Desks(desks(list(Department.objects.filter(is_active=True)), moment))


DESKS = Figures("desks_in_five", Desks, _of_all)


def _reopened(departments: Sequence[Department]) -> dict[int, int]:
    held = Incident.objects.order_by().filter(department__in=departments, merged_into=None, reopened__gt=0)
    return dict(held.values_list("department").annotate(Count("pk")))


def _late_waits(departments: Sequence[Department], since: datetime.datetime) -> dict[int, int]:
    late = late_waits(departments, since).values_list("waiting_department")
    return dict(late.annotate(Count("incident", distinct=True)))


def _longest_hours(departments: Sequence[Department], moment: datetime.datetime) -> dict[int, float]:
    """Return how long nobody answered for the incident that waited longest."""
    found = longest(departments, moment, most=1).of
    return {department: each.seconds[0] / 3600 for department, each in found.items()}


def bars(departments: Sequence[Department], since: datetime.datetime, by: str) -> dict[int, list[Bar]]:
    """Return what each cause or type puts at risk, the largest first; what nobody named yet is one bar at the end."""
    return {department: _in_length(found) for department, found in money_by(by, departments, since).items()}


def _in_length(found: Sequence[Sum]) -> list[Bar]:
    length = max((one.money for one in found), default=1.0)
    named = [one for one in found if one.named is not None][:CAUSES_SHOWN]
    rest = [one for one in found if one.named is None]
    return [
        Bar(
            label=one.named.name if one.named else "cause not named yet",
            money=one.money,
            incidents=one.incidents,
            share=one.money / length,
            is_named=one.named is not None,
        )
        for one in [*named, *rest]
    ]


def bounces(departments: Sequence[Department], since: datetime.datetime) -> dict[int, Bounces]:
    """Return what bounced between each department and the others, on whichever side it was, most first."""
    known = Department.objects.in_bulk()
    pairs: dict[int, list[Bounce]] = {one.pk: [] for one in departments}
    whole = dict.fromkeys(pairs, 0)
    with connection.cursor() as cursor:
        cursor.execute(_BOUNCED, {"departments": list(pairs), "since": since})
        for one, other, is_whole, incidents in cursor.fetchall():
            if is_whole:
                whole[one] = incidents
            elif other is not None:
                pairs[one].append(Bounce(known[other].slug, known[other].name, incidents))
    return {
        one: Bounces(whole[one], sorted(found, key=lambda bounce: (-bounce.incidents, bounce.slug)))
        for one, found in pairs.items()
    }


__all__ = ["WINDOW_DAYS", "Bar", "Bounce", "Bounces", "Cards", "bars", "bounces", "cards", "desks"]
