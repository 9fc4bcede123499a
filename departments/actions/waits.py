"""Waiting on somebody without handing on: set with a reason and an expected end, ended by whoever knows better.

While it lasts, the time is charged to whoever is waited for; the department that waits has as much of its deadline
left afterwards as it had before. What was past due stays past due. The customer's clock never stops.
"""

import datetime

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.disputes import refuse_while_before_an_executive
from departments.actions.past_waits import LONGEST_DAYS, LONGEST_NAME, NAMED
from departments.actions.permissions import require, require_member_of
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import DAY, calendar_of
from departments.models import Capability, Department, Incident, Person, State, Wait, WaitedFor, WaitEnd, WaitReason

# What people can say; the others are the system's own.
SAYABLE_ENDS = (WaitEnd.ANSWERED, WaitEnd.ARRIVED, WaitEnd.NOT_NEEDED)


@transaction.atomic
def wait(
    *,
    incident: Incident,
    waited_for: str,
    department: Department | None,
    name: str,
    reason: str,
    words: str,
    expected_on: datetime.date,
    acting_person: Person,
) -> Wait:
    """Say that the work waits for somebody, why, and until which day at the latest."""
    require(acting_person, Capability.WORK_ON_INCIDENTS)
    require_member_of(acting_person, incident.department)
    require_state(incident, State.IN_WORK)
    refuse_while_before_an_executive(incident)
    _check(incident, waited_for, department, name, reason, words)
    now, calendar = timezone.now(), calendar_of(incident.department)
    _check_day(expected_on, now.astimezone(calendar.zone).date())
    as_it_was, due_at = picture(incident), incident.resolve_due_at
    midnight = datetime.datetime.combine(expected_on + DAY, datetime.time(), calendar.zone)
    hours_left = calendar.working_hours_between(now, due_at)
    # What is past due stays so: waiting excuses what is still to come.
    swap(incident, state=State.WAITING, due_at=midnight if hours_left > 0 else due_at)
    begun = Wait.objects.create(
        incident=incident,
        waiting_department=incident.department,
        waited_for=waited_for,
        department=department,
        name=name.strip(),
        reason=reason,
        words=words.strip(),
        expected_on=expected_on,
        expires_at=midnight,
        started_at=now,
        started_by=acting_person,
        due_at_then=due_at,
        hours_left=hours_left,
    )
    begun.refresh_from_db()
    details = {"for": begun.whom, "reason": reason, "until": expected_on.isoformat(), "hours_left": hours_left}
    _record(begun, "waited", words.strip(), acting_person, **details)
    allow_undo(as_it_was, incident, "waited", acting_person, also=[_as_taken_back(begun, acting_person)])
    return begun


def _check(
    incident: Incident, waited_for: str, department: Department | None, name: str, reason: str, words: str
) -> None:
    if waited_for not in WaitedFor.values:
        raise Invalid("waited_for", f"Waited for is one of {', '.join(WaitedFor.values)}.")
    if reason not in WaitReason.values:
        raise Invalid("reason", f"A reason is one of {', '.join(WaitReason.values)}.")
    _check_department(incident, waited_for, department)
    if waited_for in NAMED and not name.strip():
        raise Invalid("name", "Say by name who is waited for.")
    if waited_for not in NAMED and name.strip():
        raise Invalid("name", "A name is given for a supplier or somebody else.")
    if len(name.strip()) > LONGEST_NAME:
        raise Invalid("name", f"A name has up to {LONGEST_NAME} characters.")
    if not words.strip():
        raise Invalid("words", "Say in your own words what is waited for.")


def _check_department(incident: Incident, waited_for: str, department: Department | None) -> None:
    if waited_for != WaitedFor.DEPARTMENT:
        if department is not None:
            raise Invalid("department", "A department is named only where one is waited for.")
        return
    if department is None:
        raise Invalid("department", "Say which department is waited for.")
    if department == incident.department:
        raise Invalid("department", f"{department} holds it: it cannot wait for itself.")
    if not department.is_active:
        raise Invalid("department", f"{department} takes nothing on any more.")


def _check_day(expected_on: datetime.date, today: datetime.date) -> None:
    if expected_on < today:
        raise Invalid("expected_on", "The day on which it is expected has passed.")
    if expected_on > today + LONGEST_DAYS * DAY:
        raise Invalid("expected_on", f"Nobody waits for more than {LONGEST_DAYS} days: name an earlier day.")


@transaction.atomic
def end_wait(*, wait: Wait, end: str, words: str, acting_person: Person) -> Wait:
    """Say that what was waited for is there, or is needed no longer; the department that waited goes on."""
    require(acting_person, Capability.WORK_ON_INCIDENTS)
    _require_side(wait, acting_person, end)
    if end not in SAYABLE_ENDS:
        raise Invalid("end", f"A wait ends as one of {', '.join(SAYABLE_ENDS)}.")
    _end(wait, WaitEnd(end), words.strip(), acting_person, timezone.now())
    return wait


def _require_side(wait: Wait, acting_person: Person, end: str) -> None:
    """The department that waits can say anything, the one that is waited for that it has done its part."""
    if acting_person.department_id == wait.waiting_department_id:
        return
    if wait.department_id is None or acting_person.department_id != wait.department_id:
        raise NotAllowed(f"Only {wait.waiting_department}, or whoever it waits for, can end this.")
    if end == WaitEnd.NOT_NEEDED:
        raise NotAllowed(f"Only {wait.waiting_department} can say that it is needed no longer.")


def _end(wait: Wait, end: WaitEnd, words: str, acting_person: Person | None, now: datetime.datetime) -> None:
    """End it if nobody has: the first end stands, and the deadline moves by the working time that was waited."""
    incident = locked_incident(wait.incident_id)
    if (
        not Wait.objects.open()
        .filter(pk=wait.pk)
        .update(ended_at=now, ended_by=acting_person, end=end, end_words=words)
    ):
        raise Conflict(f"Nobody is waited for any more. {last_step(wait.incident)}")
    wait.refresh_from_db()
    require_state(incident, State.WAITING)
    as_it_was, due_at = picture(incident), incident.resolve_due_at
    if wait.hours_left > 0:
        due_at = calendar_of(wait.waiting_department).deadline(now, wait.hours_left)
    swap(incident, state=State.IN_WORK, resolve_due_at=due_at, due_at=due_at)
    wait.incident = incident
    _record(wait, "wait_ended", words, acting_person, end=end.value, state=incident.state)
    if acting_person is not None:
        allow_undo(as_it_was, incident, "wait_ended", acting_person, also=[_as_open(wait)])


def end_expired_waits(*, now: datetime.datetime) -> int:
    """End every wait whose expected day is over; return how many. Each by itself: one conflict stops no other."""
    ended = 0
    for expired in Wait.objects.open().filter(expires_at__lte=now).select_related("incident", "waiting_department"):
        try:
            with transaction.atomic():
                _end(expired, WaitEnd.DATE_PASSED, "", None, now)
        except Conflict:
            # Somebody ended it in this very moment: there is nothing left to do.
            continue
        ended += 1
    return ended


def _record(wait: Wait, verb: str, words: str, acting_person: Person | None, **details: object) -> None:
    record_step(
        incident=wait.incident,
        verb=verb,
        words=words,
        acting_person=acting_person,
        details={"wait": str(wait.public_id), **details},
    )


def _as_taken_back(wait: Wait, acting_person: Person) -> dict[str, object]:
    columns = {"ended_at": "@now", "ended_by_id": acting_person.pk, "end": WaitEnd.TAKEN_BACK}
    return {"model": "wait", "pk": wait.pk, "columns": columns}


def _as_open(wait: Wait) -> dict[str, object]:
    columns = {"ended_at": None, "ended_by_id": None, "end": "", "end_words": ""}
    return {"model": "wait", "pk": wait.pk, "columns": columns}
