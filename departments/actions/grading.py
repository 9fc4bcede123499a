"""How grave an incident is, and of which type: changed in the open, and contested by whoever reported it."""

import datetime

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.disputes import as_withdrawn, open_ruling
from departments.actions.permissions import require, require_answering, require_sight
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import calendar_of
from departments.models import OPEN_STATES, Capability, FrictionType, Incident, Person, Regrading, Ruling, State


@transaction.atomic
def regrade(
    *, incident: Incident, friction_type: FrictionType, severity: float, words: str, acting_person: Person
) -> Regrading:
    """Call the incident more or less severe, or of another type; the reporter sees it and can contest it."""
    require_answering(acting_person, incident.department)
    require_state(incident, *OPEN_STATES)
    _check(incident, friction_type, severity, words)
    before = picture(incident)
    regrading = Regrading.objects.create(
        incident=incident,
        person=acting_person,
        department=incident.department,
        severity_before=incident.severity,
        severity_after=severity,
        type_before=incident.friction_type,
        type_after=friction_type,
        words=words.strip(),
    )
    regrading.refresh_from_db()
    swap(incident, severity=severity, friction_type=friction_type, **_deadlines(incident, friction_type, severity))
    details = _spelled(regrading)
    record_step(incident=incident, verb="regraded", words=words.strip(), acting_person=acting_person, details=details)
    undone = {"model": "regrading", "pk": regrading.pk, "columns": {"undone_at": "@now"}}
    allow_undo(before, incident, "regraded", acting_person, also=[undone])
    return regrading


def _check(incident: Incident, friction_type: FrictionType, severity: float, words: str) -> None:
    if not 0 < severity <= 1:
        raise Invalid("severity", "A severity lies above 0 and up to 1.")
    if not friction_type.is_active and friction_type != incident.friction_type:
        raise Invalid("friction_type", f"“{friction_type}” is no longer in use.")
    if (severity, friction_type) == (incident.severity, incident.friction_type):
        raise Invalid(None, "Neither severity nor type would change.")
    if not words.strip():
        raise Invalid("words", "Say why: whoever reported it will read this.")
    if Ruling.objects.open().filter(incident=incident, regrading__isnull=False).exists():
        raise Conflict("Its grade is contested and waits for a ruling.")


def _deadlines(incident: Incident, friction_type: FrictionType, severity: float) -> dict[str, datetime.datetime]:
    """Return the deadlines of what is regraded while its department has it to answer or in work."""
    if incident.state not in (State.NEW, State.IN_WORK):
        return {}
    answer = friction_type.hours_to_answer(severity) - incident.hours_to_answer
    resolve = friction_type.hours_to_resolve(severity) - incident.hours_to_resolve
    if not answer and not resolve:
        return {}
    calendar, now = calendar_of(incident.department), timezone.now()
    moved = {
        "answer_due_at": calendar.moved(incident.answer_due_at, answer, now),
        "resolve_due_at": calendar.moved(incident.resolve_due_at, resolve, now),
    }
    return moved | {"due_at": moved["answer_due_at" if incident.state == State.NEW else "resolve_due_at"]}


def _spelled(regrading: Regrading) -> dict[str, object]:
    return {
        "regrading": str(regrading.public_id),
        "severity": [regrading.severity_before, regrading.severity_after],
        "friction_type": [regrading.type_before.slug, regrading.type_after.slug],
    }


@transaction.atomic
def contest(*, incident: Incident, words: str, acting_person: Person) -> Regrading:
    """Contest the last change of grade: until an executive rules, the grade before stands again."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, incident)
    if not may_contest(incident, acting_person):
        raise NotAllowed("Only whoever reported it can contest this; for what a detector found, who keeps the account.")
    if not words.strip():
        raise Invalid("words", "Say why the grade was right before.")
    regrading = last_regrading(incident)
    if regrading is None:
        raise Conflict(f"There is no change of grade to contest. {last_step(incident)}")
    locked_incident(incident.pk)
    before = picture(incident)
    Regrading.objects.filter(pk=regrading.pk).update(
        contested_at=timezone.now(), contested_by=acting_person, contest_words=words.strip()
    )
    swap(incident, severity=regrading.severity_before, friction_type=regrading.type_before)
    record_step(
        incident=incident,
        verb="contested",
        words=words.strip(),
        acting_person=acting_person,
        details=_spelled(regrading),
    )
    waited = Ruling.objects.open().filter(incident=incident).exists()
    ruling = open_ruling(incident, f"The grade is contested: {words.strip()}", acting_person, regrading)
    columns = {"contested_at": None, "contested_by_id": None, "contest_words": ""}
    uncontested = {"model": "regrading", "pk": regrading.pk, "columns": columns}
    without_it = {"model": "ruling", "pk": ruling.pk, "columns": {"regrading_id": None}}
    unasked = without_it if waited else as_withdrawn(ruling, acting_person)
    allow_undo(before, incident, "contested", acting_person, also=[uncontested, unasked])
    regrading.refresh_from_db()
    return regrading


def last_regrading(incident: Incident) -> Regrading | None:
    """Return the change of grade that can be contested, if there is one."""
    regradings = Regrading.objects.filter(incident=incident, undone_at=None)
    last = regradings.select_related("type_before", "type_after").order_by("at", "pk").last()
    return last if last is not None and last.may_be_contested else None


def may_contest(incident: Incident, person: Person) -> bool:
    """Return whether the person speaks for whoever reported the incident."""
    if not person.can(Capability.REPORT_FRICTION):
        return False
    if incident.reporter_id == person.pk:
        return True
    if incident.reporting_department_id is not None:
        elsewhere = incident.reporting_department_id != incident.department_id
        return elsewhere and incident.reporting_department_id == person.department_id
    keeps = Account.objects.open_book_to(person).filter(pk=incident.account_id)
    return person.department_id is None and keeps.exists()
