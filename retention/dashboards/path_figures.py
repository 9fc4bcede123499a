"""How incidents went from desk to desk, over everything on record: in all, or of one department."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Count, QuerySet

from departments.models import Department, Incident, Wait
from retention.dashboards.bounces import BOUNCES, bounced
from retention.dashboards.kept import Figures as Kept
from retention.dashboards.kept import Reading
from retention.dashboards.triage_queue import accepted
from retention.dashboards.triage_unheld import IS_HELD

MOST_PAIRS = 10
MOST_UNHELD = 5

# Both ways of being asked, as the desk counts them for 90 days: of each department, and of all together.
_ACCEPTED = """
    SELECT department_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours), count(DISTINCT id) FROM (
        SELECT incident.department_id, incident.id,
            extract(epoch FROM incident.answered_at - incident.recorded_at)::float8 / 3600 AS hours
        FROM departments_incident AS incident
        WHERE incident.answered_at >= incident.recorded_at
            AND (%(department)s::bigint IS NULL OR incident.department_id = %(department)s)
            AND NOT EXISTS (SELECT FROM departments_handoff AS earlier
                            WHERE earlier.incident_id = incident.id AND earlier.answer = 'accepted'
                                AND NOT earlier.is_of_part)
        UNION ALL
        SELECT to_department_id, incident_id, extract(epoch FROM answered_at - proposed_at)::float8 / 3600
        FROM departments_handoff
        WHERE answer = 'accepted' AND (%(department)s::bigint IS NULL OR to_department_id = %(department)s)
    ) AS asked GROUP BY GROUPING SETS ((department_id), ())
"""
_PAIRS = f"""
    SELECT one.slug, one.name, other.slug, other.name, count(DISTINCT bounce.incident_id)
    FROM ({BOUNCES}) AS bounce
    JOIN departments_department AS one ON one.id = least(bounce.one, bounce.other)
    JOIN departments_department AS other ON other.id = greatest(bounce.one, bounce.other)
    WHERE bounce.other IS NOT NULL AND (%(department)s::bigint IS NULL OR %(department)s IN (one.id, other.id))
    GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 3 LIMIT %(most)s
"""
_UNHELD = f"""
    SELECT incident_id, max(extract(epoch FROM coalesce(held_again, %(moment)s) - at))::float8 / 3600 AS hours FROM (
        SELECT incident_id, at, is_held, min(at) FILTER (WHERE is_held) OVER (
            PARTITION BY incident_id ORDER BY at, id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS held_again
        FROM (
            SELECT step.id, step.incident_id, step.at, {IS_HELD} AS is_held
            FROM departments_incidentevent AS step
            JOIN departments_incident AS incident ON incident.id = step.incident_id
            WHERE %(department)s::bigint IS NULL OR incident.department_id = %(department)s
        ) AS step WHERE is_held IS NOT NULL
    ) AS stretch WHERE NOT is_held GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two departments, and how many incidents bounced between them."""

    one: str
    one_name: str
    other: str
    other_name: str
    incidents: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The median hours to accept, at so many incidents; returns in all and by pair, and what else befell.

    `counted_at` is when the acceptances and what was reopened were counted, None for now. `returned` counts what was
    disputed, too. `late_waits` are the incidents on which work was set to wait when their
    deadline was near or had passed; `unheld` those that nobody had for longest at a stretch, each with its hours.
    """

    median_hours: float | None
    accepted: int
    returned: int
    pairs: Sequence[Pair]
    reopened: int
    late_waits: int
    unheld: Sequence[tuple[Incident, float]]
    counted_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The median hours to accept, at how many incidents, and how many were reopened after they were resolved."""

    median_hours: float | None
    accepted: int
    reopened: int


@dataclass(frozen=True, slots=True)
class AnsweredByDepartment:
    """Those of each department by its id, and of all together; one that accepted and reopened nothing has none."""

    whole: Answered
    of: Mapping[int, Answered]

    def at(self, department: Department | None) -> Answered:
        """Return those of a department, or of all."""
        return self.whole if department is None else self.of.get(department.pk, _NOTHING)


_NOTHING = Answered(None, 0, 0)


class Part(models.TextChoices):
    """Which incidents a figure is made of."""

    ACCEPTED = "accepted", "Accepted"
    RETURNED = "returned", "Handed back or disputed"
    REOPENED = "reopened", "Reopened after it was resolved"
    LATE_WAITS = "late-waits", "Set to wait close to the deadline"


def figures(department: Department | None, moment: datetime.datetime) -> Figures:
    """Return the figures of everything that a department holds, held last or was asked; or of all departments.

    What reads all incidents there are is told as it is kept, if it is.
    """
    answered = read_answered(department, moment)
    given = {"department": department.pk if department else None, "most": MOST_PAIRS}
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, given)
        pairs = [Pair(*row) for row in cursor.fetchall()]
        cursor.execute(_UNHELD, {**given, "most": MOST_UNHELD, "moment": moment})
        hours = dict(cursor.fetchall())
    incidents = Incident.objects.select_related("account").in_bulk(list(hours))
    return Figures(
        median_hours=answered.figures.median_hours,
        accepted=answered.figures.accepted,
        returned=made_of(Part.RETURNED, department).count(),
        pairs=pairs,
        reopened=answered.figures.reopened,
        late_waits=made_of(Part.LATE_WAITS, department).count(),
        unheld=[(incidents[key], each) for key, each in hours.items()],
        counted_at=answered.counted_at,
    )


def read_answered(department: Department | None, moment: datetime.datetime) -> Reading[Answered]:
    """Return what a department accepted and what was reopened, as it is kept, or else computed; of all for None."""
    kept = ANSWERED.kept(moment)
    if kept is None:
        return Reading(_answered(department).at(department), moment, is_kept=False)
    return Reading(kept.figures.at(department), kept.as_of, is_kept=True)


def _answered(department: Department | None) -> AnsweredByDepartment:
    """Count them of one department, or of each and all together."""
    reopened = dict(made_of(Part.REOPENED, department).order_by().values_list("department").annotate(Count("pk")))
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPTED, {"department": department.pk if department else None})
        accepted_by = {holder: (median, count) for holder, median, count in cursor.fetchall()}
    of = {
        one: Answered(*accepted_by.get(one, (None, 0)), reopened.get(one, 0))
        for one in {*accepted_by, *reopened} - {None}
    }
    return AnsweredByDepartment(Answered(*accepted_by.get(None, (None, 0)), sum(reopened.values())), of)


def _answered_everywhere(moment: datetime.datetime) -> AnsweredByDepartment:
    return _answered(None)


ANSWERED = Kept("answered", AnsweredByDepartment, _answered_everywhere)


def made_of(part: Part, department: Department | None, one: str = "", other: str = "") -> QuerySet[Incident]:
    """Return the incidents of a figure; `one` and `other` narrow what bounced to a pair of departments, by slug."""
    held = Incident.objects.filter(department=department) if department else Incident.objects.all()
    if part == Part.REOPENED:
        return held.filter(reopened__gt=0)
    if part == Part.ACCEPTED:
        return Incident.objects.filter(pk__in=accepted(department))
    if part == Part.LATE_WAITS:
        return _set_to_wait_late(department)
    return bounced(department, None, *((one, other) if one and other else ()))


def _set_to_wait_late(department: Department | None) -> QuerySet[Incident]:
    late = Wait.objects.order_by().close_to_deadline()
    if department:
        late = late.filter(waiting_department=department)
    return Incident.objects.filter(pk__in=late.values("incident"))
