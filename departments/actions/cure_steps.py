"""What every step of a cure does in one transaction: compare and swap, the record, the audit, and a way back."""

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from accounts.models import AuditEntry
from departments.actions.permissions import require, require_member_of
from departments.actions.steps import record_step, swap
from departments.actions.undo import ON_ITS_WAY, UNDO_SECONDS, allow_undo, picture, undo_rows_beside
from departments.models import (
    Capability,
    Incident,
    OfSubject,
    Person,
    Problem,
    ProblemEvent,
    ProblemUndoPoint,
    Subject,
)

Undo = Mapping[str, Any]


def require_curing(acting_person: Person, subject: Subject) -> None:
    """Refuse whoever does not work in the department that holds it."""
    require(acting_person, Capability.WORK_ON_INCIDENTS)
    require_member_of(acting_person, subject.department)


def taken_back(row: OfSubject) -> Undo:
    """Return how an undo takes a row back that has just been recorded."""
    return as_it_was(row, undone_at="@now")


def as_it_was(row: models.Model, **columns: Any) -> Undo:
    """Return how an undo writes columns of a row back."""
    plain = {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in columns.items()}
    return {"model": row._meta.model_name, "pk": row.pk, "columns": plain}


def write_down(
    subject: Subject,
    verb: str,
    words: str,
    acting_person: Person,
    *,
    also: Sequence[Undo],
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record a step that changed rows beside the incident or problem; `also` is how an undo changes them back.

    Raises Conflict where somebody has acted on it since it was read.
    """
    if isinstance(subject, Problem):
        swap_problem(subject)
        record_problem_step(subject, verb, words, acting_person, details or {})
        allow_problem_undo(subject, verb, acting_person, also=also)
        return
    before = picture(subject)
    swap(subject)
    record_step(incident=subject, verb=verb, words=words, acting_person=acting_person, details=dict(details or {}))
    allow_undo(before, subject, verb, acting_person, also=also)


def swap_problem(problem: Problem, **changes: Any) -> Problem:
    """Change the problem if nobody else has since it was read, and return it as it is now; else raise Conflict."""
    unchanged = Problem.objects.filter(pk=problem.pk, version=problem.version, withdrawn_at=None)
    if not unchanged.update(version=F("version") + 1, **changes):
        raise Conflict(f"Somebody was first. {last_problem_step(problem)}")
    problem.refresh_from_db()
    return problem


def last_problem_step(problem: Problem) -> str:
    """Say who did what last with the problem."""
    event = ProblemEvent.objects.filter(problem=problem).select_related("person").order_by("at", "pk").last()
    if event is None:
        return "Look again before you go on."
    who = event.person.name if event.person else "The system"
    return f"{who}: {event.verb.replace('_', ' ')}, {event.at:%d %b %H:%M} UTC."


def record_problem_step(
    problem: Problem, verb: str, words: str, acting_person: Person | None, details: Mapping[str, Any]
) -> None:
    """Write the step into the problem's record and into the audit."""
    record_problem_steps(problem, verb, [(words, details)], acting_person)


def record_problem_steps(
    problem: Problem, verb: str, steps: Iterable[tuple[str, Mapping[str, Any]]], acting_person: Person | None
) -> None:
    """Write steps of one kind, each with its words and details, in two statements however many they are."""
    told = [(words, dict(details)) for words, details in steps]
    AuditEntry.objects.bulk_create(
        AuditEntry(verb=f"problem.{verb}", subject=problem.public_id, details=details, person=acting_person)
        for _words, details in told
    )
    ProblemEvent.objects.bulk_create(
        ProblemEvent(problem=problem, person=acting_person, verb=verb, words=words, details=details)
        for words, details in told
    )


def allow_problem_undo(
    problem: Problem,
    verb: str,
    acting_person: Person,
    *,
    before: Mapping[str, Any] | None = None,
    also: Sequence[Undo] = (),
) -> None:
    """Keep the columns that an undo writes into the problem, and into rows beside it."""
    ProblemUndoPoint.objects.create(
        problem=problem,
        person=acting_person,
        verb=verb,
        version_after=problem.version,
        before=dict(before or {}),
        also=list(also),
    )


def undo_of_problem(problem: Problem, acting_person: Person) -> uuid.UUID | None:
    """Return by what the person can take back their last step with the problem."""
    points = ProblemUndoPoint.objects.visible_to(acting_person).standing().filter(problem=problem)
    return points.values_list("batch", flat=True).first()


@transaction.atomic
def undo_problem_step(*, batch: uuid.UUID, acting_person: Person) -> Problem:
    """Take back the person's last step with a problem, if nobody has acted on it since."""
    point = ProblemUndoPoint.objects.visible_to(acting_person).select_related("problem").filter(batch=batch).first()
    if point is None:
        raise Invalid("undo", "There is nothing of yours to take back.")
    now = timezone.now()
    if now > point.done_at + datetime.timedelta(seconds=UNDO_SECONDS) + ON_ITS_WAY:
        raise Conflict(f"It can be taken back for {UNDO_SECONDS} seconds, which are over.")
    if not ProblemUndoPoint.objects.filter(pk=point.pk, undone_at=None).update(undone_at=now):
        raise Conflict("It has been taken back already.")
    problem = Problem.objects.select_for_update().get(pk=point.problem_id)
    if problem.version != point.version_after:
        raise Conflict(f"Somebody has acted on it since. {last_problem_step(problem)}")
    undo_rows_beside(point.also, now)
    swap_problem(problem, **point.before)
    record_problem_step(problem, "undone", "", acting_person, {"undone": point.verb})
    return problem


def fresh(subject: Subject) -> Subject:
    """Return the incident or problem as it is now, for a deed over something that belongs to it."""
    return type(subject).objects.select_related("department", "friction_type").get(pk=subject.pk)


def of(subject: Subject) -> dict[str, Incident | Problem | None]:
    """Return the columns by which a row belongs to an incident or to a problem."""
    is_incident = isinstance(subject, Incident)
    return {"incident": subject if is_incident else None, "problem": None if is_incident else subject}


def said(words: str, field: str, sentence: str) -> str:
    """Return the words without blanks around them; raises Invalid with the sentence where there are none."""
    if not (stripped := words.strip()):
        raise Invalid(field, sentence)
    return stripped
