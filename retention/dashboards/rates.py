"""Departments in numbers that can be compared: incidents per 100 of what they handle, time to accept, on time."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum

from accounts.models import Account, Order, Signal
from departments.models import Department, Incident, Responsibility

WINDOW_DAYS = 90


@dataclass(frozen=True, slots=True)
class Scope:
    """Which departments, from which moment to which, and of which segment's accounts (empty for all)."""

    departments: Sequence[Department]
    since: datetime.datetime
    until: datetime.datetime
    segment: str = ""

    @classmethod
    def recent(cls, departments: Sequence[Department], moment: datetime.datetime, segment: str = "") -> "Scope":
        """Return the window that ends at the moment."""
        return cls(departments, moment - datetime.timedelta(days=WINDOW_DAYS), moment, segment)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many incidents a department answers for (shares count as parts), of how many exposures named `unit`."""

    incidents: float
    exposures: int
    unit: str

    @property
    def per_hundred(self) -> float | None:
        """Return incidents per 100; None where nothing was handled that they could be held against."""
        return 100 * self.incidents / self.exposures if self.exposures else None


@dataclass(frozen=True, slots=True)
class Answers:
    """How fast a department accepts: median hours, over its answers to so many incidents; None where none were."""

    median_hours: float | None
    count: int


def rates(scope: Scope) -> dict[int, Rate]:
    """Return each department's rate, by its id."""
    incidents = _incidents(scope)
    exposures = _exposures(scope)
    return {
        department.pk: Rate(
            incidents.get(department.pk, 0.0),
            exposures.get(department.exposure, 0),
            department.get_exposure_display(),
        )
        for department in scope.departments
    }


def _of_segment(rows: QuerySet[Any], segment: str) -> QuerySet[Any]:
    return rows.filter(account__segment=segment) if segment else rows


def _incidents(scope: Scope) -> Mapping[int, float]:
    parts = Responsibility.objects.order_by().filter(
        department__in=scope.departments, happened_at__gte=scope.since, happened_at__lt=scope.until
    )
    totals = _of_segment(parts, scope.segment).values("department").annotate(total=Sum("share"))
    return dict(totals.values_list("department", "total"))


def _exposures(scope: Scope) -> Mapping[str, int]:
    """Count only what some department of the scope is held against."""
    wanted = {department.exposure for department in scope.departments}
    window = (scope.since, scope.until)
    found: dict[str, int] = {}
    kinds = wanted - {"orders", "accounts"}
    if kinds:
        signals = Signal.objects.order_by().filter(kind__in=kinds, happened_at__range=window)
        counted = _of_segment(signals, scope.segment).values("kind").annotate(count=Count("pk"))
        found |= dict(counted.values_list("kind", "count"))
    if "orders" in wanted:
        orders = Order.objects.order_by().filter(ordered_at__range=window)
        found["orders"] = _of_segment(orders, scope.segment).count()
    if "accounts" in wanted:
        staying = Account.objects.staying()
        found["accounts"] = (staying.filter(segment=scope.segment) if scope.segment else staying).count()
    return found


# Both ways of being asked: an incident that was reported to the department, and one that others handed to it.
_ANSWERS = """
SELECT asked.department, percentile_cont(0.5) WITHIN GROUP (ORDER BY asked.hours), count(DISTINCT asked.incident)
FROM (
    SELECT incident.department_id AS department, incident.account_id AS account, incident.id AS incident,
           extract(epoch FROM incident.answered_at - incident.recorded_at)::float8 / 3600 AS hours
    FROM departments_incident AS incident
    WHERE incident.department_id = ANY(%(departments)s)
      AND incident.answered_at >= %(since)s AND incident.answered_at < %(until)s
      AND incident.answered_at >= incident.recorded_at
      AND NOT EXISTS (SELECT FROM departments_handoff AS earlier
                      WHERE earlier.incident_id = incident.id AND earlier.answer = 'accepted'
                          AND NOT earlier.is_of_part)
    UNION ALL
    SELECT given.to_department_id, incident.account_id, incident.id,
           extract(epoch FROM given.answered_at - given.proposed_at)::float8 / 3600
    FROM departments_handoff AS given JOIN departments_incident AS incident ON incident.id = given.incident_id
    WHERE given.to_department_id = ANY(%(departments)s) AND given.answer = 'accepted'
      AND given.answered_at >= %(since)s AND given.answered_at < %(until)s
) AS asked
JOIN accounts_account AS account ON account.id = asked.account
WHERE %(segment)s = '' OR account.segment = %(segment)s
GROUP BY asked.department
"""


def answers(scope: Scope) -> dict[int, Answers]:
    """Return the median time from being asked to accepting, by department id."""
    parameters: dict[str, Any] = {
        "departments": [department.pk for department in scope.departments],
        "since": scope.since,
        "until": scope.until,
        "segment": scope.segment,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, parameters)
        return {department: Answers(median, count) for department, median, count in cursor.fetchall()}


def on_time(scope: Scope) -> dict[int, float]:
    """Return the share of answers due in the window that came by then, by department id; absent where none was due."""
    due = Incident.objects.order_by().filter(
        department__in=scope.departments,
        answer_due_at__gte=scope.since,
        answer_due_at__lt=scope.until,
        merged_into=None,
    )
    met = Count("pk", filter=Q(answered_at__isnull=False, answered_at__lte=F("answer_due_at")))
    counted = _of_segment(due, scope.segment).values("department").annotate(met=met, due=Count("pk"))
    return {row["department"]: row["met"] / row["due"] for row in counted}
