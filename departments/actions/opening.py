"""Opening incidents by the set: in a constant number of statements, however many there are."""

import datetime
import json
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Invalid, NotAllowed
from accounts.models import Account
from departments.clocks import Calendars, calendars
from departments.models import Capability, FrictionType, Person, State

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """An incident to be opened; `source` and `external_id` name it, so that it is opened once.

    `shares` are by department key and sum to 1; without them, the friction type's department answers alone.
    `recorded_at` is when we learned of it, where that is not now; `resolved_at` is for what is already over.
    """

    account_id: int
    friction_type_id: int
    severity: float
    title: str
    happened_at: datetime.datetime
    external_id: str
    source: str = "manual"
    description: str = ""
    order_id: int | None = None
    signal_id: int | None = None
    rule_id: int | None = None
    rule_version: int | None = None
    shares: Mapping[int, float] | None = None
    recorded_at: datetime.datetime | None = None
    resolved_at: datetime.datetime | None = None
    resolution: str = ""


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    """What became of one of them: the incident it is now, and whether this call opened it."""

    incident_id: int
    public_id: uuid.UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class OpenedIncidents:
    """What became of them, in the order they were given."""

    incidents: tuple[OpenedIncident, ...]

    @property
    def opened(self) -> int:
        """Return how many this call opened."""
        return sum(incident.is_new for incident in self.incidents)


GIVEN = """
    json_to_recordset(%s) AS given (
        position integer, account_id bigint, friction_type_id bigint, department_id bigint, severity float8,
        title text, description text, happened_at timestamptz, source text, external_id text,
        order_id bigint, signal_id bigint, rule_id bigint, rule_version integer,
        recorded_at timestamptz, answer_due_at timestamptz, resolve_due_at timestamptz,
        resolved_at timestamptz, resolution text, state text)
"""

# Sorted, so that two calls that bring the same incidents wait for each other instead of locking up.
OPEN = f"""
    INSERT INTO departments_incident (
        account_id, friction_type_id, department_id, severity, title, description, happened_at, source, external_id,
        order_id, signal_id, rule_id, rule_version, recorded_at, answer_due_at, resolve_due_at, due_at,
        answered_at, resolved_at, resolution, state, reporter_id, reporting_department_id)
    SELECT account_id, friction_type_id, department_id, severity, title, description, happened_at, source, external_id,
        order_id, signal_id, rule_id, rule_version, recorded_at, answer_due_at, resolve_due_at, answer_due_at,
        resolved_at, resolved_at, resolution, state, %s, %s
    FROM {GIVEN}
    ORDER BY source, external_id, position
    ON CONFLICT DO NOTHING
    RETURNING id
"""

FIND = f"""
    SELECT given.position, coalesce(named.id, detected.id), coalesce(named.public_id, detected.public_id)
    FROM {GIVEN}
    LEFT JOIN departments_incident AS named
        ON named.source = given.source AND named.external_id = given.external_id
    LEFT JOIN departments_incident AS detected
        ON detected.rule_id = given.rule_id AND detected.signal_id = given.signal_id
        AND detected.account_id = given.account_id
    ORDER BY given.position
"""

ANSWER_FOR = """
    INSERT INTO departments_responsibility (
        incident_id, department_id, share, is_provisional, since,
        account_id, friction_type_id, severity, happened_at, recorded_at, resolved_at)
    SELECT incident.id, part.department_id, part.share, incident.state = 'new', incident.recorded_at,
        incident.account_id, incident.friction_type_id, incident.severity, incident.happened_at,
        incident.recorded_at, incident.resolved_at
    FROM json_to_recordset(%s) AS part (incident_id bigint, department_id bigint, share float8)
    JOIN departments_incident AS incident ON incident.id = part.incident_id
"""

RECORD = """
    INSERT INTO departments_incidentevent (incident_id, at, person_id, verb, words, details)
    SELECT id, recorded_at, %(person)s::bigint, CASE WHEN rule_id IS NULL THEN 'reported' ELSE 'detected' END, '',
        jsonb_build_object('department_id', department_id, 'severity', severity, 'source', source)
    FROM departments_incident WHERE id = ANY(%(ids)s)
    UNION ALL
    SELECT id, greatest(resolved_at, recorded_at), %(person)s::bigint, 'resolved', resolution, '{}'::jsonb
    FROM departments_incident WHERE id = ANY(%(ids)s) AND resolved_at IS NOT NULL
"""


@transaction.atomic
def open_incidents(*, incidents: Sequence[NewIncident], acting_person: Person | None) -> OpenedIncidents:
    """Open the incidents that are not open yet, in a constant number of statements.

    An incident is known by source and external id, and by rule and signal; one that is known stays as it is.
    Without a person, the system opens them. Raises Invalid or NotAllowed, and then opens none.
    """
    if not incidents:
        return OpenedIncidents(())
    _check(incidents)
    if acting_person is not None:
        _check_person(incidents, acting_person)
    types = FrictionType.objects.in_bulk({incident.friction_type_id for incident in incidents})
    rows = _rows(incidents, types)
    with connection.cursor() as cursor:
        created = _insert(cursor, rows, acting_person)
        found = _find(cursor, rows)
        if created:
            _answer_for(cursor, _parts(incidents, types, found, created))
            cursor.execute(RECORD, {"person": acting_person.pk if acting_person else None, "ids": sorted(created)})
    result = _result(found, created)
    _audit(incidents, result, acting_person)
    return result


def _check(incidents: Iterable[NewIncident]) -> None:
    for incident in incidents:
        if not 0 <= incident.severity <= 1:
            raise Invalid("severity", f"The severity {incident.severity} does not lie between 0 and 1.")
        if not incident.title.strip():
            raise Invalid("title", f"The incident {incident.external_id} has no title.")
        if incident.resolved_at is not None and incident.resolved_at < incident.happened_at:
            raise Invalid("resolved_at", f"The incident {incident.external_id} was resolved before it happened.")
        _check_shares(incident.shares)


def _check_shares(shares: Mapping[int, float] | None) -> None:
    if shares is None:
        return
    if any(not 0 <= share <= 1 for share in shares.values()) or not math.isclose(
        math.fsum(shares.values()), 1, abs_tol=1e-9
    ):
        raise Invalid("shares", "Shares lie between 0 and 1 and sum to 1.")


def _check_person(incidents: Iterable[NewIncident], acting_person: Person) -> None:
    if not (acting_person.can(Capability.REPORT_FRICTION) or acting_person.can(Capability.SEND_FACTS)):
        raise NotAllowed("Your role does not report friction.")
    accounts = {incident.account_id for incident in incidents}
    if Account.objects.visible_to(acting_person).filter(pk__in=accounts).count() != len(accounts):
        raise NotAllowed("Some of these incidents are at accounts that you cannot see.")


def _rows(incidents: Sequence[NewIncident], types: Mapping[int, FrictionType]) -> str:
    known = calendars()
    now = timezone.now()
    return json.dumps(
        [
            _row(position, incident, types[incident.friction_type_id], known, now)
            for position, incident in enumerate(incidents)
        ]
    )


def _row(
    position: int, incident: NewIncident, friction_type: FrictionType, known: Calendars, now: datetime.datetime
) -> dict[str, Any]:
    """One incident as the database reads it; the department's clock starts when it is asked."""
    asked_at = incident.recorded_at or now
    holder = _holder(incident, friction_type)
    calendar = known.of(holder)
    return {
        "position": position,
        "account_id": incident.account_id,
        "friction_type_id": incident.friction_type_id,
        "department_id": holder,
        "severity": incident.severity,
        "title": incident.title.strip()[:LONGEST_TITLE],
        "description": incident.description,
        "happened_at": incident.happened_at.isoformat(),
        "source": incident.source,
        "external_id": incident.external_id,
        "order_id": incident.order_id,
        "signal_id": incident.signal_id,
        "rule_id": incident.rule_id,
        "rule_version": incident.rule_version,
        "recorded_at": asked_at.isoformat(),
        "answer_due_at": calendar.deadline(asked_at, friction_type.hours_to_answer(incident.severity)).isoformat(),
        "resolve_due_at": calendar.deadline(asked_at, friction_type.hours_to_resolve(incident.severity)).isoformat(),
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
        "resolution": incident.resolution,
        "state": State.RESOLVED if incident.resolved_at else State.NEW,
    }


def _holder(incident: NewIncident, friction_type: FrictionType) -> int:
    if not incident.shares:
        return friction_type.department_id
    shares = incident.shares
    return max(shares, key=lambda department: (shares[department], department == friction_type.department_id))


def _insert(cursor: Any, rows: str, acting_person: Person | None) -> set[int]:
    reporter = [acting_person.pk, acting_person.department_id] if acting_person else [None, None]
    cursor.execute(OPEN, [*reporter, rows])
    return {row[0] for row in cursor.fetchall()}


def _find(cursor: Any, rows: str) -> list[tuple[int, uuid.UUID]]:
    cursor.execute(FIND, [rows])
    return [(incident_id, public_id) for _, incident_id, public_id in cursor.fetchall()]


def _answer_for(cursor: Any, parts: Sequence[Mapping[str, Any]]) -> None:
    """Write who answers for the new ones: all shares in one statement, since they must sum to 1 after each."""
    cursor.execute(ANSWER_FOR, [json.dumps(parts)])


def _parts(
    incidents: Sequence[NewIncident],
    types: Mapping[int, FrictionType],
    found: Sequence[tuple[int, uuid.UUID]],
    created: set[int],
) -> list[dict[str, Any]]:
    given: dict[int, NewIncident] = {}
    for (incident_id, _), incident in zip(found, incidents, strict=True):
        given.setdefault(incident_id, incident)
    return [
        {"incident_id": incident_id, "department_id": department_id, "share": share}
        for incident_id in created
        for department_id, share in _shares(given[incident_id], types).items()
    ]


def _shares(incident: NewIncident, types: Mapping[int, FrictionType]) -> Mapping[int, float]:
    return incident.shares or {types[incident.friction_type_id].department_id: 1.0}


def _audit(incidents: Sequence[NewIncident], result: OpenedIncidents, acting_person: Person | None) -> None:
    fresh = [incident for incident in result.incidents if incident.is_new]
    if not fresh:
        return
    subject = fresh[0].public_id if len(fresh) == 1 else None
    sources = sorted({incident.source for incident in incidents})
    details = {"opened": len(fresh), "given": len(incidents), "sources": sources}
    record_audit(verb="incident.open", subject=subject, details=details, acting_person=acting_person)


def _result(found: Iterable[tuple[int, uuid.UUID]], created: set[int]) -> OpenedIncidents:
    """The first mention of a new incident opened it; a repetition within the call found it open."""
    unseen = set(created)
    results = []
    for incident_id, public_id in found:
        results.append(OpenedIncident(incident_id, public_id, incident_id in unseen))
        unseen.discard(incident_id)
    return OpenedIncidents(tuple(results))
