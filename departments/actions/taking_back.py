"""Rows that are not simply written as they stood: what stays on record is marked, what is counted is counted on."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from departments.actions.attaching import put_back_attachments, take_back_attachments
from departments.actions.calendars import take_back_calendar
from departments.actions.rules_undo import take_back_rule
from departments.actions.rulings import take_back_statements
from departments.actions.steps import record_step
from departments.models import Attachment, DetectionRule, Note, Person, Statement, WorkingCalendar

Row = dict[str, Any]
Changes = Sequence[Mapping[str, Row | None]]


@dataclass(frozen=True, slots=True)
class TakingBack:
    """Who takes a deed back and when, and when it was done."""

    person: Person
    now: datetime.datetime
    done_at: datetime.datetime


def made_by(changes: Changes) -> list[Row]:
    """Return the rows that the deed has made."""
    return [pair["after"] for pair in changes if pair["after"] is not None and pair["before"] is None]


def changed_by(changes: Changes) -> list[tuple[Row, Row]]:
    """Return the rows that the deed has changed, as they were and as it left them."""
    return [(pair["before"], pair["after"]) for pair in changes if pair["before"] and pair["after"]]


def _notes(changes: Changes, deed: TakingBack) -> None:
    notes = Note.objects.filter(pk__in=_keys(made_by(changes))).select_related("incident")
    notes.update(taken_back_at=deed.now)
    for note in notes:
        details = {"is_internal": note.is_internal}
        record_step(
            incident=note.incident, verb="note_taken_back", words="", acting_person=deed.person, details=details
        )


def _files(changes: Changes, deed: TakingBack) -> None:
    take_back_attachments(_keys(made_by(changes)), deed.now, deed.person)
    put_back_attachments(_keys(before for before, _ in changed_by(changes)), deed.person)


def _statements(changes: Changes, deed: TakingBack) -> None:
    take_back_statements(_keys(made_by(changes)), deed.now, deed.person)


def _calendars(changes: Changes, _deed: TakingBack) -> None:
    WorkingCalendar.objects.filter(pk__in=_keys(made_by(changes))).delete()
    for before, _ in changed_by(changes):
        take_back_calendar(WorkingCalendar(**before))


def _rules(changes: Changes, deed: TakingBack) -> None:
    for pair in changes:
        after, before = pair["after"], pair["before"]
        if after is not None:
            take_back_rule(
                left=DetectionRule(**after),
                before=DetectionRule(**before) if before else None,
                done_at=deed.done_at,
                acting_person=deed.person,
            )


def _keys(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


# The database writes any other row as it stood before; it leaves these to whoever knows what they mean.
BY_ITSELF: Mapping[str, Callable[[Changes, TakingBack], None]] = {
    Note._meta.label: _notes,
    Attachment._meta.label: _files,
    Statement._meta.label: _statements,
    WorkingCalendar._meta.label: _calendars,
    DetectionRule._meta.label: _rules,
}
# What has a step of its own on the incident's record; the words of an internal note must not leak through the audit.
ON_ITS_RECORD = frozenset({Note._meta.label, Attachment._meta.label, Statement._meta.label})
