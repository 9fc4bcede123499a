"""Taking back what was just done: the state returns, the record stays."""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Field
from django.utils import timezone

from accounts.errors import ActionError, Conflict, Invalid
from departments.actions.steps import last_step, locked_incident, record_step, swap
from departments.models import (
    Answer,
    HandOff,
    Incident,
    Person,
    Regrading,
    Responsibility,
    Ruling,
    UndoPoint,
)

UNDO_SECONDS = 10
# A click in the last second still has to arrive here.
ON_ITS_WAY = datetime.timedelta(seconds=5)

BESIDE: Mapping[str, Any] = {"ruling": Ruling, "regrading": Regrading}
COLUMNS = (
    *("state", "department_id", "assignee_id", "friction_type_id", "severity", "answer_due_at", "resolve_due_at"),
    *("due_at", "answered_at", "resolved_at", "resolution", "cause_id", "reopened", "merged_into_id"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """How an incident stands: its columns, and who answers for it."""

    columns: Mapping[str, Any]
    shares: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One incident that was left as it is, and why."""

    incident: Incident
    error: ActionError

    @property
    def sentence(self) -> str:
        """Return which incident, and why it was refused."""
        return f"{self.incident} at {self.incident.account}: {self.error}"


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, and what was not."""

    incidents: Sequence[Incident]
    refused: Sequence[Refusal]


def picture(incident: Incident) -> Picture:
    """Return how the incident stands before it is changed."""
    columns = {name: _plain(getattr(incident, name)) for name in COLUMNS}
    parts = Responsibility.objects.filter(incident=incident).order_by("pk")
    shares = parts.values("department_id", "share", "is_provisional", "since")
    return Picture(columns, [{name: _plain(value) for name, value in part.items()} for part in shares])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.datetime) else value


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


def undo(*, batch: uuid.UUID, acting_person: Person) -> Undone:
    """Take back one deed of the person: on each of its incidents, if nobody has acted on it since.

    Raises Invalid where the person has no such deed; each incident is taken back or refused by itself.
    """
    points = UndoPoint.objects.visible_to(acting_person).filter(batch=batch)
    found = list(points.select_related("incident__account", "opened_hand_off", "answered_hand_off"))
    if not found:
        raise Invalid("undo", "There is nothing of yours to take back.")
    undone, refused = [], []
    for point in found:
        try:
            undone.append(_undo_one(point, acting_person))
        except ActionError as error:
            refused.append(Refusal(point.incident, error))
    return Undone(undone, refused)


@transaction.atomic
def _undo_one(point: UndoPoint, acting_person: Person) -> Incident:
    now = timezone.now()
    if now > point.done_at + datetime.timedelta(seconds=UNDO_SECONDS) + ON_ITS_WAY:
        raise Conflict(f"It can be taken back for {UNDO_SECONDS} seconds, which are over.")
    if not UndoPoint.objects.filter(pk=point.pk, undone_at=None).update(undone_at=now):
        raise Conflict("It has been taken back already.")
    incident = locked_incident(point.incident_id)
    if incident.version != point.version_after:
        raise Conflict(f"Somebody has acted on it since. {last_step(incident)}")
    hand_offs = _undo_hand_offs(point, acting_person, now)
    _undo_rows_beside(point, now)
    # Shares first: what is merged may sum to nothing, what is not may not.
    _restore_shares(incident, point)
    swap(incident, **{name: _column(name, value) for name, value in point.before.items()})
    details = {"undone": point.verb, "state": incident.state, "holder": incident.department.slug, **hand_offs}
    record_step(incident=incident, verb="undone", words="", acting_person=acting_person, details=details)
    return incident


def _column(name: str, value: Any) -> Any:
    field = Incident._meta.get_field(name)
    return field.to_python(value) if isinstance(field, Field) else value


def _undo_hand_offs(point: UndoPoint, acting_person: Person, now: datetime.datetime) -> dict[str, str]:
    """Ask no longer what was asked; ask again what was answered."""
    details = {}
    opened, answered = point.opened_hand_off, point.answered_hand_off
    if opened is not None:
        HandOff.objects.filter(pk=opened.pk).update(
            answer=Answer.WITHDRAWN, answered_at=now, answered_by=acting_person, answer_words="Taken back at once."
        )
        details["hand_off"] = str(opened.public_id)
    if answered is not None:
        HandOff.objects.filter(pk=answered.pk).update(
            answer=Answer.PENDING, answered_at=None, answered_by=None, answer_words=""
        )
        details["asked_again"] = str(answered.public_id)
    return details


def _undo_rows_beside(point: UndoPoint, now: datetime.datetime) -> None:
    for row in point.also:
        columns = {name: now if value == "@now" else value for name, value in row["columns"].items()}
        BESIDE[row["model"]].objects.filter(pk=row["pk"]).update(**columns)


def _restore_shares(incident: Incident, point: UndoPoint) -> None:
    """Write who answered before, in one statement; whoever came after keeps a row with no share."""
    before = {part["department_id"]: part for part in point.shares}
    parts = list(Responsibility.objects.filter(incident=incident))
    for part in parts:
        was = before.get(part.department_id)
        part.share = was["share"] if was else 0.0
        part.is_provisional = was["is_provisional"] if was else False
        part.since = datetime.datetime.fromisoformat(was["since"]) if was else part.since
    Responsibility.objects.bulk_update(parts, ["share", "is_provisional", "since"])
