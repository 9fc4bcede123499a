"""Taking back what was just done: the state returns, the record stays."""

import datetime
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Field
from django.utils import timezone

from accounts.errors import ActionError, Conflict, Invalid
from departments.actions.outcome import Overtaken, Refusal, said_last
from departments.actions.picture import COLUMNS, Picture, picture
from departments.actions.sets import record, write_columns
from departments.models import (
    Answer,
    Containment,
    CorrectiveAction,
    Cost,
    CustomerStep,
    Department,
    Dispute,
    EffectivenessCheck,
    HandOff,
    Incident,
    IncidentEvent,
    Person,
    Problem,
    Regrading,
    RootCause,
    Ruling,
    UndoPoint,
    Wait,
)

__all__ = ["COLUMNS", "Picture", "Refusal", "Undone", "allow_undo", "picture", "undo", "undo_of"]

UNDO_SECONDS = 10
# A click in the last second still has to arrive here.
ON_ITS_WAY = datetime.timedelta(seconds=5)

BESIDE: Mapping[str, Any] = {
    model._meta.model_name or "": model
    for model in (
        *(Ruling, Regrading, Problem, Containment, RootCause, CorrectiveAction, EffectivenessCheck, Cost),
        *(CustomerStep, Wait, Dispute),
    )
}

# Whoever came to answer after the step keeps a row with no share.
_RESTORE_SHARES = """
UPDATE departments_responsibility AS part
SET share = coalesce(was.share, 0), is_provisional = coalesce(was.is_provisional, false),
    since = coalesce(was.since, part.since)
FROM departments_responsibility AS own
LEFT JOIN jsonb_to_recordset(%s::jsonb)
    AS was (incident_id bigint, department_id bigint, share float8, is_provisional boolean, since timestamptz)
    ON was.incident_id = own.incident_id AND was.department_id = own.department_id
WHERE own.id = part.id AND own.incident_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, and what was not."""

    incidents: Sequence[Incident]
    refused: Sequence[Refusal]


def allow_undo(
    before: Picture,
    incident: Incident,
    verb: str,
    acting_person: Person,
    *,
    opened: HandOff | None = None,
    answered: HandOff | None = None,
    also: Sequence[Mapping[str, object]] = (),
) -> UndoPoint:
    """Keep how the incident stood before the step that has just been recorded, so that it can be taken back.

    `also` names rows beside the incident with the columns that an undo writes into them ("@now" for its moment).
    """
    return UndoPoint.objects.create(
        incident=incident,
        person=acting_person,
        verb=verb,
        version_after=incident.version,
        before=before.columns,
        shares=before.shares,
        opened_hand_off=opened,
        answered_hand_off=answered,
        also=list(also),
    )


def undo_of(incidents: Iterable[Incident], acting_person: Person) -> uuid.UUID | None:
    """Return by what the person can take back their last step with each of the incidents, at once."""
    points = UndoPoint.objects.visible_to(acting_person).standing().filter(incident__in=incidents)
    if not (found := list(points.values_list("pk", "batch"))):
        return None
    if len(found) == 1:
        return found[0][1]
    batch = uuid.uuid4()
    UndoPoint.objects.filter(pk__in=[pk for pk, _ in found]).update(batch=batch)
    return batch


@transaction.atomic
def undo(*, batch: uuid.UUID, acting_person: Person) -> Undone:
    """Take back one deed of the person: on each of its incidents, if nobody has acted on it since.

    Raises Invalid where the person has no such deed. However many incidents, it takes the same number of statements.
    """
    mine = UndoPoint.objects.visible_to(acting_person).filter(batch=batch).order_by("incident")
    # Of two clicks at once, the second waits here and finds it taken back.
    points = list(mine.select_for_update(of=["self"]).select_related("opened_hand_off", "answered_hand_off"))
    if not points:
        raise Invalid("undo", "There is nothing of yours to take back.")
    now = timezone.now()
    incidents = _locked([point.incident_id for point in points])
    undone, refused = [], []
    for point in points:
        incident = incidents[point.incident_id]
        if error := _why_not(point, incident, now):
            refused.append(Refusal(incident, error))
        else:
            undone.append(point)
    if undone:
        _take_back(undone, incidents, now, acting_person)
    kept = [incidents[point.incident_id] for point in undone]
    return Undone(kept, said_last(refused))


def _locked(keys: Sequence[int]) -> dict[int, Incident]:
    list(Incident.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    return Incident.objects.select_related("account", "department").in_bulk(keys)


def _why_not(point: UndoPoint, incident: Incident, now: datetime.datetime) -> ActionError | None:
    if now > point.done_at + datetime.timedelta(seconds=UNDO_SECONDS) + ON_ITS_WAY:
        return Conflict(f"It can be taken back for {UNDO_SECONDS} seconds, which are over.")
    if point.undone_at is not None:
        return Conflict("It has been taken back already.")
    return None if incident.version == point.version_after else Overtaken("Somebody has acted on it since.")


def _take_back(
    points: Sequence[UndoPoint], incidents: Mapping[int, Incident], now: datetime.datetime, acting_person: Person
) -> None:
    UndoPoint.objects.filter(pk__in=[point.pk for point in points]).update(undone_at=now)
    _undo_hand_offs(points, acting_person, now)
    undo_rows_beside([row for point in points for row in point.also], now)
    # Shares first: what is merged may sum to nothing, what is not may not.
    _restore_shares(points)
    write_columns([{**point.before, "id": point.incident_id} for point in points])
    _read_anew(points, incidents)
    record([_event(point, incidents[point.incident_id], acting_person) for point in points])


def _read_anew(points: Sequence[UndoPoint], incidents: Mapping[int, Incident]) -> None:
    """Set on each what was written, without asking the database for it one by one."""
    departments = Department.objects.in_bulk({point.before["department_id"] for point in points})
    for point in points:
        incident = incidents[point.incident_id]
        for name, value in point.before.items():
            field = Incident._meta.get_field(name)
            setattr(incident, name, field.to_python(value) if isinstance(field, Field) else value)
        incident.department = departments[point.before["department_id"]]
        incident.version += 1


def _event(point: UndoPoint, incident: Incident, acting_person: Person) -> IncidentEvent:
    details = {"undone": point.verb, "state": incident.state, "holder": incident.department.slug}
    if point.opened_hand_off is not None:
        details["hand_off"] = str(point.opened_hand_off.public_id)
    if point.answered_hand_off is not None:
        details["asked_again"] = str(point.answered_hand_off.public_id)
    return IncidentEvent(incident=incident, person=acting_person, verb="undone", details=details)


def _undo_hand_offs(points: Sequence[UndoPoint], acting_person: Person, now: datetime.datetime) -> None:
    """Ask no longer what was asked; ask again what was answered."""
    opened = [point.opened_hand_off_id for point in points if point.opened_hand_off_id]
    answered = [point.answered_hand_off_id for point in points if point.answered_hand_off_id]
    if opened:
        HandOff.objects.filter(pk__in=opened).update(
            answer=Answer.WITHDRAWN, answered_at=now, answered_by=acting_person, answer_words="Taken back at once."
        )
    if answered:
        HandOff.objects.filter(pk__in=answered).update(
            answer=Answer.PENDING, answered_at=None, answered_by=None, answer_words=""
        )


def undo_rows_beside(also: Iterable[Mapping[str, Any]], now: datetime.datetime) -> None:
    """Write into rows beside the incidents what an undo writes there: those that are given the same values together."""
    alike: dict[tuple[str, str], list[int]] = {}
    for row in also:
        alike.setdefault((row["model"], json.dumps(row["columns"])), []).append(row["pk"])
    for (model, columns), keys in alike.items():
        values = {name: now if value == "@now" else value for name, value in json.loads(columns).items()}
        BESIDE[model].objects.filter(pk__in=keys).update(**values)


def _restore_shares(points: Sequence[UndoPoint]) -> None:
    """Write who answered before, in one statement, since the database adds shares up at its end."""
    parts = [{"incident_id": point.incident_id, **part} for point in points for part in point.shares]
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE_SHARES, [json.dumps(parts), [point.incident_id for point in points]])
