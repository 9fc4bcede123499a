"""Whether incidents met their target, by how often they went from desk to desk.

A hand-off that was asked is one move, and one more where it was returned. Whether the target was met is what the log of
another system says of an incident that was replayed from it; for all others, whether they were resolved by the deadline
that ran last. What is open and not yet due has neither met nor missed it.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from departments.models import Department, Incident
from retention.dashboards.kept import Figures, Reading

MOST_MOVES = 4

_PATHS = """
    SELECT incident.department_id, least(incident.moves, %(most)s)::integer AS moves,
        coalesce(logged.target_met, incident.resolved_at <= incident.resolve_due_at, false) AS met,
        logged.target_met IS NOT NULL AS is_told
    FROM departments_incident AS incident
    LEFT JOIN retention_loggedcase AS logged ON logged.incident_id = incident.id
    WHERE incident.merged_into_id IS NULL
        AND (%(department)s::bigint IS NULL OR incident.department_id = %(department)s)
        AND (logged.target_met IS NOT NULL OR incident.resolved_at IS NOT NULL
             OR incident.resolve_due_at < %(moment)s)
"""
_COUNTED = f"""
    SELECT department_id, moves, count(*), count(*) FILTER (WHERE met), count(*) FILTER (WHERE is_told)
    FROM ({_PATHS}) AS path GROUP BY department_id, moves ORDER BY department_id, moves
"""


@dataclass(frozen=True, slots=True)
class PathRow:
    """The incidents that went from desk to desk so often, and how many of them met their target."""

    moves: int
    incidents: int
    met: int
    told: int

    @property
    def label(self) -> str:
        """Return how often, in words."""
        return f"{self.moves} or more" if self.moves == MOST_MOVES else str(self.moves)

    def of(self, *, met: bool | None) -> int:
        """Return how many met their target, or missed it; None for both."""
        return self.incidents if met is None else self.met if met else self.incidents - self.met

    @property
    def share(self) -> float:
        """Return the share that met its target."""
        return self.met / self.incidents


@dataclass(frozen=True, slots=True)
class Paths:
    """All rows; `told` incidents have met or missed by another system's word, the others by our own deadlines."""

    rows: Sequence[PathRow]

    @property
    def incidents(self) -> int:
        """Return how many there are in all."""
        return sum(row.incidents for row in self.rows)

    def row(self, moves: int) -> PathRow:
        """Return the row of those that went so often; an empty one where there are none."""
        return next((row for row in self.rows if row.moves == moves), PathRow(moves, 0, 0, 0))

    @property
    def told(self) -> int:
        """Return how many of them another system's log judges."""
        return sum(row.told for row in self.rows)

    @property
    def own(self) -> int:
        """Return how many of them our own deadlines judge."""
        return self.incidents - self.told


@dataclass(frozen=True, slots=True)
class PathsByDepartment:
    """Those of what each department holds or held last, by department id; one without incidents has none."""

    of: Mapping[int, Paths]

    def at(self, department: Department | None) -> Paths:
        """Return those of a department, or of all departments together."""
        if department is not None:
            return self.of.get(department.pk, Paths([]))
        return Paths([_together(moves, self.of.values()) for moves in sorted(_moves(self.of.values()))])


def _moves(each: Iterable[Paths]) -> set[int]:
    return {row.moves for paths in each for row in paths.rows}


def _together(moves: int, each: Iterable[Paths]) -> PathRow:
    rows = [row for paths in each for row in paths.rows if row.moves == moves]
    return PathRow(
        moves, sum(row.incidents for row in rows), sum(row.met for row in rows), sum(row.told for row in rows)
    )


def paths(department: Department | None, moment: datetime.datetime) -> Paths:
    """Compute the shares over everything on record that a department holds or held last, or over all departments."""
    return _counted(department, moment).at(department)


def read_paths(department: Department | None, moment: datetime.datetime) -> Reading[Paths]:
    """Return the shares as they are kept, or else computed."""
    if department is None:
        whole = PATHS.kept(moment)
        kept = None if whole is None else Reading(whole.figures.at(None), whole.as_of, is_kept=True)
    else:
        one = PATHS.kept_of(Paths, department.pk, moment)
        kept = None if one is None else Reading(one.figures or Paths([]), one.as_of, is_kept=True)
    return kept or Reading(paths(department, moment), moment, is_kept=False)


def _of_all(moment: datetime.datetime) -> PathsByDepartment:
    return _counted(None, moment)


def _counted(department: Department | None, moment: datetime.datetime) -> PathsByDepartment:
    rows: dict[int, list[PathRow]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, _parameters(department, moment))
        for holder, *figures in cursor.fetchall():
            rows[holder].append(PathRow(*figures))
    return PathsByDepartment({holder: Paths(each) for holder, each in rows.items()})


PATHS = Figures("paths", PathsByDepartment, _of_all)


def on_path(
    department: Department | None, moment: datetime.datetime, moves: int, *, met: bool | None
) -> QuerySet[Incident]:
    """Return the incidents of one row: all, or those that met their target, or those that missed it."""
    often = Q(moves__gte=moves) if moves == MOST_MOVES else Q(moves=moves)
    held = Incident.objects.order_by().filter(often, merged_into=None)
    if department is not None:
        held = held.filter(department=department)
    told = Q(logged_case__target_met__isnull=False)
    judged = held.filter(told | Q(resolved_at__isnull=False) | Q(resolve_due_at__lt=moment))
    if met is None:
        return judged
    in_time = Case(When(resolved_at__lte=F("resolve_due_at"), then=Value(True)), default=Value(False))
    return judged.annotate(is_met=Coalesce("logged_case__target_met", in_time)).filter(is_met=met)


def _parameters(department: Department | None, moment: datetime.datetime) -> dict[str, Any]:
    return {"most": MOST_MOVES, "department": department.pk if department else None, "moment": moment}
