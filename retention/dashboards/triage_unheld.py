"""For how long nobody had an incident: from when it is known, handed on or handed back until somebody accepts it."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from departments.models import Department
from retention.dashboards.kept import Figures, Reading

DAYS = 90
# So many a department: whoever looks for what lay longest looks at the first of them.
MOST = 500

IS_HELD: Final = """
    CASE
    WHEN verb IN ('reported', 'detected', 'restored', 'handed_off', 'offered', 'returned', 'disputed') THEN false
    WHEN verb IN ('accepted', 'hand_off_accepted', 'dispute_taken', 'ruled', 'reopened', 'resolved', 'merged',
    'signal_withdrawn') THEN true
    WHEN details ->> 'state' IN ('in_work', 'resolved') THEN true
    WHEN details ->> 'state' IN ('new', 'waiting', 'disputed') AND verb <> 'wait_ended' THEN false
    END"""
# Every step of every incident of these days is read, as sets: one by one they take ten times as long.
_LONGEST: Final = f"""
    SELECT department_id, id, seconds FROM (
        SELECT incident.department_id, incident.id, coalesce(stretch.seconds, 0) AS seconds, row_number() OVER (
            PARTITION BY incident.department_id
            ORDER BY coalesce(stretch.seconds, 0) DESC, incident.id DESC) AS place
        FROM departments_incident AS incident
        LEFT JOIN (
            SELECT incident_id, max(extract(epoch FROM coalesce(held_again, %(moment)s) - at))::float8 AS seconds
            FROM (
                SELECT incident_id, at, is_held, min(at) FILTER (WHERE is_held) OVER (
                    PARTITION BY incident_id ORDER BY at, id
                    ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS held_again
                FROM (
                    SELECT step.id, step.incident_id, step.at, {IS_HELD} AS is_held
                    FROM departments_incidentevent AS step
                    JOIN departments_incident AS its ON its.id = step.incident_id
                    WHERE its.department_id = ANY(%(departments)s) AND its.recorded_at >= %(since)s
                        AND its.merged_into_id IS NULL
                ) AS step WHERE is_held IS NOT NULL
            ) AS stretch WHERE NOT is_held GROUP BY incident_id
        ) AS stretch ON stretch.incident_id = incident.id
        WHERE incident.department_id = ANY(%(departments)s) AND incident.recorded_at >= %(since)s
            AND incident.merged_into_id IS NULL
    ) AS incident WHERE place <= %(most)s ORDER BY department_id, place
"""


@dataclass(frozen=True, slots=True)
class Longest:
    """Those that nobody had for longest at a stretch, the longest first, and for how many seconds."""

    incidents: Sequence[int]
    seconds: Sequence[float]


@dataclass(frozen=True, slots=True)
class LongestByDepartment:
    """Those of each department by its id; one to which nothing came has none."""

    of: Mapping[int, Longest]

    def at(self, department: Department) -> Longest:
        """Return those of a department."""
        return self.of.get(department.pk, Longest([], []))


def longest(departments: Sequence[Department], moment: datetime.datetime, most: int = MOST) -> LongestByDepartment:
    """Compute what of the 90 days before the moment nobody had for longest, whether somebody does now or not."""
    found: dict[int, tuple[list[int], list[float]]] = {}
    given: dict[str, Any] = {
        "departments": [one.pk for one in departments],
        "moment": moment,
        "since": moment - datetime.timedelta(days=DAYS),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LONGEST, given)
        for department, incident, seconds in cursor.fetchall():
            incidents, lasted = found.setdefault(department, ([], []))
            incidents.append(incident)
            lasted.append(seconds)
    return LongestByDepartment({department: Longest(*both) for department, both in found.items()})


def _of_all(moment: datetime.datetime) -> LongestByDepartment:
    return longest(list(Department.objects.filter(is_active=True)), moment)


UNHELD = Figures("unheld", LongestByDepartment, _of_all)


def read_longest(department: Department, moment: datetime.datetime) -> Reading[Longest]:
    """Return them as they are kept now, else as of the moment."""
    kept = UNHELD.kept_of(Longest, department.pk, timezone.now())
    if kept is None:
        return Reading(longest([department], moment).at(department), moment, is_kept=False)
    return Reading(kept.figures or Longest([], []), kept.as_of, is_kept=True)


@dataclass(frozen=True, slots=True)
class Ranking:
    """How many are told at most, whether there may be more, and of when it is; None for now."""

    most: int
    is_cut: bool
    counted_at: datetime.datetime | None


def ranking(department: Department, moment: datetime.datetime) -> Ranking:
    """Return what a page tells of those that nobody had for longest."""
    reading = read_longest(department, moment)
    return Ranking(MOST, len(reading.figures.incidents) == MOST, reading.counted_at)
