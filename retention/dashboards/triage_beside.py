"""What stands beside the incidents of a page: who has to do with them, and what departments have between them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from django.db import connection

from accounts.prepared import Prepared, among
from departments.cure.found import found_causes
from departments.models import (
    CauseCode,
    Department,
    DetectionRule,
    Dispute,
    HandOff,
    Incident,
    Person,
    Responsibility,
    RulingState,
)
from retention.scoring.planned import Planned

# Most incidents have nothing of all this, so that it is asked once whether any of a page has.
_ANY: Final = Planned(
    """
    SELECT EXISTS (SELECT FROM departments_handoff WHERE incident_id = ANY(%(keys)s)),
        EXISTS (SELECT FROM departments_dispute WHERE incident_id = ANY(%(keys)s) AND ended_at IS NULL),
        EXISTS (SELECT FROM departments_responsibility
            WHERE incident_id = ANY(%(keys)s) AND share > 0 AND share < 1),
        ARRAY(SELECT incident_id FROM departments_ruling
            WHERE incident_id = ANY(%(keys)s) AND state = %(open)s AND regrading_id IS NULL),
        EXISTS (SELECT FROM departments_rootcause WHERE undone_at IS NULL AND cause_id IS NOT NULL
            AND (incident_id = ANY(%(keys)s) OR problem_id = ANY(%(problems)s)))
    """,
    {"keys": "bigint[]", "open": "text", "problems": "bigint[]"},
)
# By their keys: joined to the incidents, they take several times as long to plan as to find.
_NAMED: Final = Planned(
    """
    SELECT 'person', id, name, role FROM departments_person WHERE id = ANY(%(person)s::bigint[])
    UNION ALL SELECT 'rule', id, name, '' FROM departments_detectionrule WHERE id = ANY(%(rule)s::bigint[])
    UNION ALL SELECT 'cause', id, name, public_id::text FROM departments_causecode WHERE id = ANY(%(cause)s::bigint[])
    UNION ALL SELECT 'department', id, name, slug FROM departments_department
    WHERE id = ANY(%(department)s::bigint[])
    """,
    dict.fromkeys(("person", "rule", "cause", "department"), "bigint[]"),
)
_FIELDS: Final[Mapping[str, tuple[type[Any], tuple[str, ...]]]] = {
    "person": (Person, ("id", "name", "role")),
    "rule": (DetectionRule, ("id", "name")),
    "cause": (CauseCode, ("id", "name", "public_id")),
    "department": (Department, ("id", "name", "slug")),
}
_REFERENCES: Final = {
    "assignee": "person",
    "reporter": "person",
    "rule": "rule",
    "cause": "cause",
    "department": "department",
}
_HAND_OFFS = Prepared(
    lambda: HandOff.objects.filter(incident=among("keys")).select_related("from_department", "to_department")
)
_DISPUTES = Prepared(
    lambda: Dispute.objects.open().filter(incident=among("keys")).select_related("department", "against")
)
_PARTS = Prepared(lambda: Responsibility.objects.filter(incident=among("keys"), share__gt=0, share__lt=1))


@dataclass(frozen=True, slots=True)
class Beside:
    """All hand-offs, open disputes and the parts of several who answer, by incident; and which wait for a ruling.

    `causes` are those that the whys of an incident found.
    """

    hand_offs: Mapping[int, Sequence[HandOff]]
    disputes: Mapping[int, Sequence[Dispute]]
    parts: Mapping[int, Sequence[Responsibility]]
    ruled: frozenset[int]
    causes: Mapping[int, CauseCode]

    @classmethod
    def of(cls, incidents: Sequence[Incident]) -> Self:
        """Read it of all incidents of a page, and by name whoever they refer to."""
        if not incidents:
            return cls({}, {}, {}, frozenset(), {})
        _name_all(incidents)
        by_key = {incident.pk: incident for incident in incidents}
        problems = [incident.problem_id for incident in incidents if incident.problem_id is not None]
        given: dict[str, Any] = {"keys": list(by_key), "problems": problems, "open": str(RulingState.OPEN)}
        with connection.cursor() as cursor:
            _ANY.execute(cursor, given)
            handed, disputed, parted, ruled, explained = cursor.fetchone()
        return cls(
            _by_incident(_HAND_OFFS(keys=list(by_key)) if handed else (), by_key),
            _by_incident(_DISPUTES(keys=list(by_key)) if disputed else (), by_key),
            _by_incident(_PARTS(keys=list(by_key)) if parted else (), by_key),
            frozenset(ruled),
            found_causes(incidents) if explained else {},
        )


def _by_incident(rows: Iterable[Any], incidents: Mapping[int, Incident]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        row.incident = incidents[row.incident_id]
        found.setdefault(row.incident_id, []).append(row)
    return found


def _name_all(incidents: Sequence[Incident]) -> None:
    """Let incidents know by name to whom and what they refer, by one statement for all."""
    wanted: dict[str, set[int]] = {kind: set() for kind in _FIELDS}
    for name, kind in _REFERENCES.items():
        wanted[kind] |= {getattr(incident, f"{name}_id") for incident in incidents}
    with connection.cursor() as cursor:
        _NAMED.execute(cursor, {kind: [pk for pk in keys if pk is not None] for kind, keys in wanted.items()})
        rows = cursor.fetchall()
    found = {(kind, pk): _known(kind, (pk, *columns)) for kind, pk, *columns in rows}
    for incident in incidents:
        for name, kind in _REFERENCES.items():
            setattr(incident, name, found.get((kind, getattr(incident, f"{name}_id"))))


def _known(kind: str, columns: tuple[Any, ...]) -> Any:
    model, fields = _FIELDS[kind]
    given = dict(zip(fields, columns, strict=False))
    # Rows are taken in the order in which the model has its fields.
    return model.from_db(
        "default",
        list(given),
        [given[field.attname] for field in model._meta.concrete_fields if field.attname in given],
    )
