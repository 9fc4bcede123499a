"""One deed over many incidents: each is checked by itself, and all are written in a constant number of statements."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts.errors import ActionError
from accounts.models import AuditEntry
from departments.actions.outcome import Outcome, Overtaken, Refusal, said_last
from departments.actions.picture import COLUMNS, Picture, pictures, plain
from departments.models import HandOff, Incident, IncidentEvent, Person, UndoPoint

# `jsonb_populate_recordset` reads each value as the column's own type.
_WRITE = f"""
UPDATE departments_incident AS incident
SET {", ".join(f"{name} = after.{name}" for name in COLUMNS)}, version = incident.version + 1
FROM jsonb_populate_recordset(NULL::departments_incident, %s::jsonb) AS after
WHERE incident.id = after.id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident as it stands while nobody else can change it."""

    incident: Incident
    before: Picture

    @property
    def shares(self) -> dict[int, float]:
        """Return who answers for it, by department key."""
        return {part["department_id"]: part["share"] for part in self.before.shares}

    def is_part_of(self, person: Person) -> bool:
        """Return whether the person's department answers for a part of what another holds."""
        own = person.department_id
        return own is not None and own != self.incident.department_id and self.shares.get(own, 0.0) > 0

    def is_provisional_for(self, person: Person) -> bool:
        """Return whether the part of the person's department is not accepted yet."""
        own = person.department_id
        return any(part["is_provisional"] for part in self.before.shares if part["department_id"] == own)


@dataclass(frozen=True, slots=True)
class Step:
    """What a deed does to one incident: columns it writes, and what the record and an undo need of it."""

    standing: Standing
    verb: str
    changes: Mapping[str, Any]
    details: Mapping[str, Any]
    words: str = ""
    opened: HandOff | None = None
    answered: HandOff | None = None
    also: Sequence[Mapping[str, object]] = ()

    @property
    def incident(self) -> Incident:
        """Return the incident."""
        return self.standing.incident


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be done, and what was refused and why."""

    steps: Sequence[Step]
    refused: Sequence[Refusal]
    also_on_record: list[IncidentEvent] = field(default_factory=list)


def locked(incidents: Iterable[Incident]) -> tuple[list[Standing], list[Refusal]]:
    """Keep others from changing the incidents until the transaction ends; refuse those that changed since read."""
    versions = {incident.pk: incident.version for incident in incidents}
    # Nothing is joined, and always in one order: two sets at once wait for each other instead of for ever.
    list(Incident.objects.select_for_update().filter(pk__in=versions).order_by("pk").values_list("pk"))
    related = ("department", "friction_type", "account", "assignee")
    found = Incident.objects.select_related(*related).in_bulk(list(versions))
    before = pictures(found.values())
    standing = [Standing(found[pk], before[pk]) for pk in versions if pk in found]
    current = [one for one in standing if one.incident.version == versions[one.incident.pk]]
    changed = [one for one in standing if one.incident.version != versions[one.incident.pk]]
    return current, [Refusal(one.incident, Overtaken()) for one in changed]


def planned(found: Sequence[Standing], refused: Sequence[Refusal], plan: Callable[[Standing], Step]) -> Planned:
    """Ask the plan what to do with each; what it refuses is told with who did what last."""
    steps, failed = [], list(refused)
    for standing in found:
        try:
            steps.append(plan(standing))
        except ActionError as error:
            failed.append(Refusal(standing.incident, error))
    return Planned(steps, said_last(failed))


def write(done: Planned, acting_person: Person) -> Outcome:
    """Write all steps with their record, their audit and what an undo needs."""
    batch = uuid.uuid4()
    if done.steps:
        _write_columns(done.steps)
        record([_event(step, acting_person) for step in done.steps] + done.also_on_record)
        UndoPoint.objects.bulk_create([_undo_point(step, batch, acting_person) for step in done.steps])
    return Outcome([step.incident for step in done.steps], done.refused, batch if done.steps else None)


def write_columns(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write columns of several incidents, named as `COLUMNS`, each beside its `id`; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(rows)])


def _write_columns(steps: Sequence[Step]) -> None:
    write_columns(
        [
            {**step.standing.before.columns, **{name: plain(value) for name, value in step.changes.items()}}
            | {"id": step.incident.pk}
            for step in steps
        ]
    )
    for step in steps:
        step.incident.version += 1
        for name, value in step.changes.items():
            setattr(step.incident, name, value)


def _event(step: Step, acting_person: Person) -> IncidentEvent:
    return IncidentEvent(
        incident=step.incident, person=acting_person, verb=step.verb, words=step.words, details=dict(step.details)
    )


def record(events: Sequence[IncidentEvent]) -> None:
    IncidentEvent.objects.bulk_create(events)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            verb=f"incident.{event.verb}",
            subject=event.incident.public_id,
            details=event.details,
            person_id=event.person_id,
        )
        for event in events
    )


def _undo_point(step: Step, batch: uuid.UUID, acting_person: Person) -> UndoPoint:
    return UndoPoint(
        batch=batch,
        incident=step.incident,
        person=acting_person,
        verb=step.verb,
        version_after=step.incident.version,
        before=step.standing.before.columns,
        shares=step.standing.before.shares,
        opened_hand_off=step.opened,
        answered_hand_off=step.answered,
        also=list(step.also),
    )
