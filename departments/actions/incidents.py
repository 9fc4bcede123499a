"""What people do with incidents. Each action is atomic, compares before it swaps, and writes the record."""

import datetime
import uuid

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account, Order
from accounts.moments import why_impossible
from departments.actions.disputes import as_open, end_disputes, settle_ruling, settle_undisputed
from departments.actions.mentions import mention_people
from departments.actions.opening import NewIncident, OpenedIncident, OpenedIncidents, open_incidents
from departments.actions.parts import speaks_for_part
from departments.actions.permissions import require, require_answering, require_member_of, require_sight
from departments.actions.steps import last_step, moment, record_step, require_state, swap
from departments.actions.undo import Picture, allow_undo, picture
from departments.clocks import deadline
from departments.cure.found import found_causes
from departments.models import (
    Capability,
    CauseCode,
    Dispute,
    DisputeEnd,
    FrictionType,
    Incident,
    Note,
    Person,
    Responsibility,
    State,
)

__all__ = [
    "NewIncident",
    "OpenedIncident",
    "OpenedIncidents",
    "accept",
    "assign",
    "note",
    "open_incidents",
    "reopen",
    "report_friction",
    "resolve",
]

ANSWERABLE = (State.NEW, State.DISPUTED)
WORKABLE = (State.NEW, State.IN_WORK, State.DISPUTED)


@transaction.atomic
def report_friction(
    *,
    account: Account,
    friction_type: FrictionType,
    severity: float,
    title: str,
    description: str,
    happened_at: datetime.datetime,
    order: Order | None,
    acting_person: Person,
) -> Incident:
    """Report friction at an account; the department that answers for such friction by default is asked."""
    require(acting_person, Capability.REPORT_FRICTION)
    if not Account.objects.visible_to(acting_person).filter(pk=account.pk).exists():
        raise NotAllowed(f"{account} is not among the accounts you can see.")
    _check_report(account, friction_type, severity, happened_at, order)
    reported = NewIncident(
        account_id=account.pk,
        friction_type_id=friction_type.pk,
        severity=severity,
        title=title.strip() or friction_type.name,
        description=description.strip(),
        happened_at=happened_at,
        external_id=str(uuid.uuid4()),
        order_id=order.pk if order else None,
    )
    opened = open_incidents(incidents=[reported], acting_person=acting_person)
    incident = Incident.objects.get(pk=opened.incidents[0].incident_id)
    allow_undo(_not_reported(incident), incident, "reported", acting_person)
    return incident


def _not_reported(incident: Incident) -> Picture:
    """How it shall stand if its report is taken back: nothing is deleted, but it weighs nothing."""
    now = picture(incident)
    taken_back = {
        "state": State.RESOLVED.value,
        "severity": 0.0,
        "resolution": "Taken back at once by whoever reported it.",
        "resolved_at": moment(timezone.now()),
    }
    return Picture({**now.columns, **taken_back}, now.shares)


def _check_report(
    account: Account,
    friction_type: FrictionType,
    severity: float,
    happened_at: datetime.datetime,
    order: Order | None,
) -> None:
    if not friction_type.is_active:
        raise Invalid("friction_type", f"“{friction_type}” is no longer in use.")
    if not 0 < severity <= 1:
        raise Invalid("severity", "A severity lies above 0 and up to 1.")
    if problem := why_impossible(happened_at):
        raise Invalid("happened_at", problem)
    if order is not None and order.account_id != account.pk:
        raise Invalid("order", "This order is another customer's.")


@transaction.atomic
def accept(*, incident: Incident, acting_person: Person) -> Incident:
    """Answer for the incident: the holding department takes it into work; any other accepts its part of it."""
    if speaks_for_part(acting_person, incident):
        return _accept_part(incident, acting_person)
    require_state(incident, *ANSWERABLE)
    before, as_it_was = incident.state, picture(incident)
    now = timezone.now()
    swap(incident, state=State.IN_WORK, answered_at=incident.answered_at or now, due_at=incident.resolve_due_at)
    _settle_share(incident)
    settled = settle_ruling(incident, acting_person)
    record_step(
        incident=incident, verb="accepted", words="", acting_person=acting_person, details={"state_before": before}
    )
    also = [*([as_open(settled)] if settled else []), *_undisputed(incident, DisputeEnd.ACCEPTED, acting_person)]
    allow_undo(as_it_was, incident, "accepted", acting_person, also=also)
    return incident


def _accept_part(incident: Incident, acting_person: Person) -> Incident:
    """Answer for the own part: it is provisional no longer, and no longer disputed."""
    department = acting_person.department_id
    part = Responsibility.objects.filter(incident=incident, department=department)
    disputes = Dispute.objects.open().filter(incident=incident, department=department)
    if not (disputes.exists() or part.filter(is_provisional=True).exists()) or not incident.is_open:
        raise Conflict(f"Your part needs no answer: it is accepted. {last_step(incident)}")
    as_it_was = picture(incident)
    swap(incident)
    part.update(is_provisional=False)
    also = end_disputes(disputes, DisputeEnd.ACCEPTED, acting_person)
    record_step(incident=incident, verb="part_accepted", words="", acting_person=acting_person, details={})
    also += settle_undisputed(incident, acting_person)
    allow_undo(as_it_was, incident, "part_accepted", acting_person, also=also)
    return incident


def _undisputed(incident: Incident, end: DisputeEnd, acting_person: Person) -> list[dict[str, object]]:
    """End what the holder disputes."""
    return end_disputes(Dispute.objects.filter(incident=incident, department=incident.department), end, acting_person)


def _settle_share(incident: Incident) -> None:
    """What the holder has accepted is provisional no longer."""
    Responsibility.objects.filter(incident=incident, department_id=incident.department_id, is_provisional=True).update(
        is_provisional=False
    )


@transaction.atomic
def assign(*, incident: Incident, assignee: Person | None, acting_person: Person) -> Incident:
    """Give the incident to a person of the department that holds it; None takes it from whoever had it."""
    require(acting_person, Capability.WORK_ON_INCIDENTS)
    require_member_of(acting_person, incident.department)
    if incident.state == State.RESOLVED:
        require_state(incident, *WORKABLE)
    check_assignee(incident, assignee, acting_person)
    before, as_it_was = incident.assignee, picture(incident)
    swap(incident, assignee=assignee)
    record_step(
        incident=incident,
        verb="assigned",
        words="",
        acting_person=acting_person,
        details={"from": before.name if before else None, "to": assignee.name if assignee else None},
    )
    allow_undo(as_it_was, incident, "assigned", acting_person)
    return incident


def check_assignee(incident: Incident, assignee: Person | None, acting_person: Person) -> None:
    """Refuse to give it to somebody who does not work on it, or as somebody who gives nothing to others."""
    if assignee != acting_person and not acting_person.can(Capability.ANSWER_INCIDENTS):
        raise NotAllowed("A member of a department takes work on, but does not give it to others.")
    if assignee is None:
        return
    if not assignee.is_active or assignee.department_id != incident.department_id:
        raise Invalid("assignee", f"{assignee} does not work in {incident.department}.")
    if not assignee.can(Capability.WORK_ON_INCIDENTS):
        raise Invalid("assignee", f"{assignee} does not work on incidents.")


@transaction.atomic
def resolve(*, incident: Incident, resolution: str, cause: CauseCode | None, acting_person: Person) -> Incident:
    """Say how it was put right, and why it happened; whoever resolves an incident has accepted it.

    Without a cause, the one that its whys found stands.
    """
    require_answering(acting_person, incident.department)
    require_state(incident, *WORKABLE)
    words = resolution.strip()
    if not words:
        raise Invalid("resolution", "Say how it was put right.")
    if cause is not None and cause.department_id != incident.department_id:
        raise Invalid("cause", f"“{cause}” is a cause of another department.")
    cause = cause or found_causes([incident]).get(incident.pk)
    before, as_it_was = incident.state, picture(incident)
    now = timezone.now()
    swap(
        incident,
        state=State.RESOLVED,
        resolution=words,
        cause=cause,
        answered_at=incident.answered_at or now,
        resolved_at=max(now, incident.happened_at),
    )
    _settle_share(incident)
    details = {"state_before": before, "cause": cause.name if cause else None}
    record_step(incident=incident, verb="resolved", words=words, acting_person=acting_person, details=details)
    also = _undisputed(incident, DisputeEnd.CLOSED, acting_person)
    allow_undo(as_it_was, incident, "resolved", acting_person, also=also)
    return incident


@transaction.atomic
def reopen(*, incident: Incident, words: str, acting_person: Person) -> Incident:
    """Say why it is not resolved after all; it goes back to the department that holds it."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, incident)
    require_state(incident, State.RESOLVED)
    reason = words.strip()
    if not reason:
        raise Invalid("words", "Say why it is not resolved.")
    if incident.merged_into_id is not None:
        raise Conflict("It was merged into another incident: reopen that one.")
    department = incident.department
    due_at = deadline(start=timezone.now(), hours=incident.hours_to_resolve, department=department)
    details = {"resolution": incident.resolution, "resolved_at": moment(incident.resolved_at or timezone.now())}
    as_it_was = picture(incident)
    swap(
        incident,
        state=State.IN_WORK,
        resolved_at=None,
        resolution="",
        cause=None,
        reopened=incident.reopened + 1,
        resolve_due_at=due_at,
        due_at=due_at,
    )
    record_step(incident=incident, verb="reopened", words=reason, acting_person=acting_person, details=details)
    allow_undo(as_it_was, incident, "reopened", acting_person)
    return incident


@transaction.atomic
def note(*, incident: Incident, text: str, is_internal: bool, acting_person: Person) -> Note:
    """Write a remark on the incident; an internal one stays in the acting person's department."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, incident)
    words = text.strip()
    if not words:
        raise Invalid("text", "A note needs words.")
    if is_internal and acting_person.department_id is None:
        raise Invalid("is_internal", "You work in no department that an internal note could stay in.")
    written = Note.objects.create(
        incident=incident,
        person=acting_person,
        department_id=acting_person.department_id,
        is_internal=is_internal,
        text=words,
    )
    mention_people(note=written, acting_person=acting_person)
    # The words of an internal note must not leak through the history, which others read too.
    record_step(
        incident=incident, verb="noted", words="", acting_person=acting_person, details={"is_internal": is_internal}
    )
    return written
