"""Bringing along what was done with incidents before they were ours, such as the log of an earlier ticket system."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid
from departments.actions.past_waits import PastWait
from departments.actions.permissions import require
from departments.actions.replay import Names, PastEvent, PastStep, Replay, Verb
from departments.clocks import calendars
from departments.models import (
    Capability,
    CauseCode,
    Department,
    FrictionType,
    HandOff,
    Incident,
    PastPart,
    Person,
    Responsibility,
    Wait,
)

__all__ = ["PastStep", "PastWait", "PastWork", "Verb", "record_past_work"]

ROWS_A_STATEMENT = 5_000

WRITE_INCIDENTS = """
    UPDATE departments_incident AS incident
    SET state = given.state, department_id = given.department_id, assignee_id = given.assignee_id,
        answer_due_at = given.answer_due_at, resolve_due_at = given.resolve_due_at, due_at = given.due_at,
        answered_at = given.answered_at, resolved_at = given.resolved_at, resolution = given.resolution,
        cause_id = given.cause_id, reopened = given.reopened, moves = given.moves, version = given.version
    FROM json_to_recordset(%s) AS given (
        id bigint, state text, department_id bigint, assignee_id bigint, answer_due_at timestamptz,
        resolve_due_at timestamptz, due_at timestamptz, answered_at timestamptz, resolved_at timestamptz,
        resolution text, cause_id bigint, reopened integer, moves integer, version integer)
    WHERE incident.id = given.id
"""


RECORD_EVENTS = """
    INSERT INTO departments_incidentevent (incident_id, at, person_id, verb, words, details)
    SELECT incident_id, at, person_id, verb, words, details
    FROM json_to_recordset(%s) AS step (
        incident_id bigint, at timestamptz, person_id bigint, verb text, words text, details jsonb)
"""


WRITTEN = (
    *("id", "state", "department_id", "assignee_id", "answer_due_at", "resolve_due_at", "due_at"),
    *("answered_at", "resolved_at", "resolution", "cause_id", "reopened", "moves", "version"),
)
ANSWERED = ("answer", "answer_words", "answered_at", "answered_by")
ENDED = ("ended_at", "ended_by", "end", "end_words")
READ = (
    *(*WRITTEN, "merged_into_id", "account_id", "friction_type_id", "severity", "happened_at", "recorded_at"),
    "external_id",
)


# What the record calls a hand-off or a wait, by its kind and key.
PublicIds = Mapping[tuple[type[HandOff] | type[Wait], int], uuid.UUID]


@dataclass(frozen=True, slots=True)
class PastWork:
    """What was done with one incident, in order of time.

    `version` is the incident's when its past was last brought here: nobody here may have touched it since.
    """

    incident_id: int
    steps: tuple[PastStep, ...]
    version: int = 1


@transaction.atomic
def record_past_work(*, work: Sequence[PastWork], acting_person: Person | None) -> int:
    """Record work of the past as if it had been done here at its time; return the number of steps.

    Writes what the single actions write, in a constant number of statements: states, deadlines, hand-offs, waits,
    shares, the record. Without a person, the system brings it. Raises Conflict where an incident has been worked on
    already or a step does not follow from the one before, Invalid for times in disorder or ahead; nothing is written
    then.
    """
    if acting_person is not None:
        require(acting_person, Capability.IMPORT_RECORDS)
    for past in work:
        _check_times(past)
    replays = _read({past.incident_id: past.version for past in work})
    for past in work:
        for step in past.steps:
            replays[past.incident_id].take(step)
    _write(list(replays.values()))
    steps = sum(len(past.steps) for past in work)
    details = {"incidents": len(work), "steps": steps}
    record_audit(verb="incident.bring_past_work", subject=None, details=details, acting_person=acting_person)
    return steps


def _check_times(past: PastWork) -> None:
    times = [step.at for step in past.steps]
    if times != sorted(times):
        raise Invalid("at", f"The steps of incident {past.incident_id} are not in order of time.")
    if times and times[-1] > timezone.now():
        raise Invalid("at", f"A step of incident {past.incident_id} lies ahead.")


def _read(versions: Mapping[int, int]) -> dict[int, Replay]:
    """Read and lock the incidents; they must be as their past left them."""
    incidents = Incident.objects.filter(pk__in=versions).select_for_update().order_by("pk").only(*READ)
    types = FrictionType.objects.in_bulk()
    shares: dict[int, dict[int, float]] = defaultdict(dict)
    parts = Responsibility.objects.filter(incident__in=versions)
    for incident_id, department_id, share in parts.values_list("incident_id", "department_id", "share"):
        shares[incident_id][department_id] = share
    asked = {one.incident_id: one for one in HandOff.objects.pending().filter(incident__in=versions)}
    lasting = {one.incident_id: one for one in Wait.objects.open().filter(incident__in=versions)}
    known, names = calendars(), _names()
    replays = {}
    for incident in incidents:
        if incident.version != versions[incident.pk]:
            raise Conflict(f"{incident.external_id} has been worked on already.")
        incident.friction_type = types[incident.friction_type_id]
        key = incident.pk
        replays[key] = Replay(incident, known, names, shares[key], asked.get(key), lasting.get(key))
    missing = set(versions) - replays.keys()
    if missing:
        raise Conflict(f"There is no incident {min(missing)}.")
    return replays


def _names() -> Names:
    departments = list(Department.objects.values_list("pk", "slug", "name"))
    return Names(
        people=dict(Person.objects.values_list("pk", "name")),
        departments={key: slug for key, slug, _name in departments},
        departments_in_full={key: name for key, _slug, name in departments},
        causes=dict(CauseCode.objects.values_list("pk", "name")),
    )


def _write(replays: list[Replay]) -> None:
    """Incidents first: the database keeps responsibilities equal to them, and shares are written on top of that."""
    incidents = [_incident_row(one.incident) for one in replays]
    with connection.cursor() as cursor:
        cursor.execute(WRITE_INCIDENTS, [json.dumps(incidents, default=str)])
    _write_shares(replays)
    about = {**_write_hand_offs(replays), **_write_waits(replays)}
    events = [_event_row(one, event, about) for one in replays for event in one.events]
    with connection.cursor() as cursor:
        cursor.execute(RECORD_EVENTS, [json.dumps(events, default=str)])


def _write_hand_offs(replays: list[Replay]) -> PublicIds:
    settled = [one.settled for one in replays if one.settled is not None]
    HandOff.objects.bulk_update(settled, ANSWERED, batch_size=ROWS_A_STATEMENT)
    opened = [hand_off for one in replays for hand_off in one.hand_offs]
    HandOff.objects.bulk_create(opened, batch_size=ROWS_A_STATEMENT)
    keys = [hand_off.pk for hand_off in [*settled, *opened]]
    found = HandOff.objects.filter(pk__in=keys).values_list("pk", "public_id")
    return {(HandOff, key): public_id for key, public_id in found}


def _write_waits(replays: list[Replay]) -> PublicIds:
    """What lasted ends before anything else begins: the database knows one open wait an incident."""
    ended = [one.ended for one in replays if one.ended is not None]
    Wait.objects.bulk_update(ended, ENDED, batch_size=ROWS_A_STATEMENT)
    begun = [wait for one in replays for wait in one.waits]
    Wait.objects.bulk_create(begun, batch_size=ROWS_A_STATEMENT)
    keys = [wait.pk for wait in [*ended, *begun]]
    found = Wait.objects.order_by().filter(pk__in=keys).values_list("pk", "public_id")
    return {(Wait, key): public_id for key, public_id in found}


def _incident_row(incident: Incident) -> dict[str, Any]:
    return {name: getattr(incident, name) for name in WRITTEN}


def _write_shares(replays: list[Replay]) -> None:
    accepted = [one.incident.pk for one in replays if one.accepted_at is not None]
    Responsibility.objects.filter(incident__in=accepted, is_provisional=True).update(is_provisional=False)
    moved = [part for one in replays if one.moved_at is not None for part in _parts(one)]
    with _moments_of_its_own():
        # One statement: the database sums the shares of an incident at its end.
        Responsibility.objects.bulk_create(
            moved,
            update_conflicts=True,
            unique_fields=["incident", "department"],
            update_fields=["share", "is_provisional", "since"],
        )
    past = [part for one in replays for part in _past_parts(one)]
    PastPart.objects.bulk_create(past, batch_size=ROWS_A_STATEMENT)


@contextmanager
def _moments_of_its_own() -> Iterator[None]:
    """Keep the database from writing that shares stood so until now: they moved when the past says."""
    set_it = "SELECT set_config('holdfast.brings_past', %s, true)"
    with connection.cursor() as cursor:
        cursor.execute(set_it, ["on"])
        yield
        cursor.execute(set_it, ["off"])


def _past_parts(replay: Replay) -> list[PastPart]:
    incident = replay.incident
    return [
        PastPart(
            incident=incident,
            account_id=incident.account_id,
            department_id=department_id,
            friction_type_id=incident.friction_type_id,
            share=min(share, 1.0),
            severity=incident.severity,
            until=at,
        )
        for at, shares in replay.moves
        for department_id, share in shares.items()
    ]


def _parts(replay: Replay) -> list[Responsibility]:
    incident = replay.incident
    return [
        Responsibility(
            incident=incident,
            department_id=department_id,
            share=min(share, 1.0),
            is_provisional=False,
            since=replay.moved_at or incident.recorded_at,
            account_id=incident.account_id,
            friction_type_id=incident.friction_type_id,
            severity=incident.severity,
            happened_at=incident.happened_at,
            recorded_at=incident.recorded_at,
            resolved_at=incident.resolved_at,
        )
        for department_id, share in replay.shares.items()
    ]


def _event_row(replay: Replay, event: PastEvent, public_ids: PublicIds) -> dict[str, Any]:
    return {
        "incident_id": replay.incident.pk,
        "at": event.step.at,
        "person_id": event.step.person_id,
        "verb": event.step.verb.value,
        "words": _words(event),
        "details": _about(event, replay.names, public_ids) | event.details,
    }


def _words(event: PastEvent) -> str:
    return event.step.wait.words if event.step.wait is not None else event.step.words


def _about(event: PastEvent, names: Names, public_ids: PublicIds) -> dict[str, Any]:
    if event.wait is not None:
        return {"wait": str(public_ids[Wait, event.wait.pk])}
    hand_off = event.hand_off
    if hand_off is None:
        return {}
    return {
        "hand_off": str(public_ids[HandOff, hand_off.pk]),
        "from": names.departments[hand_off.from_department_id],
        "to": names.departments[hand_off.to_department_id],
        "share": hand_off.share,
        "direction": hand_off.direction,
    }
