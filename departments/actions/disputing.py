"""“This is not ours”: a department disputes what it answers for, and the other side says what it thinks of that.

While it is disputed, the attribution of the last accepted state stands in every ledger and no deadline moves: the time
is the department's that holds the incident, so that nobody gains any by disputing.
"""

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from departments.actions.disputes import (
    as_withdrawn,
    end_disputes,
    not_raised,
    refuse_while_ruled,
    ruling_after_bounces,
    settle_undisputed,
)
from departments.actions.handoffs import MOVABLE, return_hand_off
from departments.actions.parts import PART_MOVABLE, own_department, refuse_while_asked, speaks_for_part
from departments.actions.permissions import require_answering
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import Calendars, calendars
from departments.models import (
    Answer,
    Department,
    Direction,
    Dispute,
    DisputeEnd,
    DisputeReason,
    HandOff,
    Incident,
    IncidentEvent,
    Person,
    State,
)

DISPUTED, DISPUTE_WITHDRAWN = "disputed", "dispute_withdrawn"


@transaction.atomic
def dispute(*, incident: Incident, reason: str, words: str, acting_person: Person) -> Incident:
    """Say that it is not the own department's, without naming whose it is.

    Whoever holds it disputes all of it, whoever answers for a part that part alone. Whoever is just asked to take it
    hands it back with the reason.
    """
    check_dispute(reason, words)
    if (asked := _asked(incident, acting_person)) is not None:
        said = f"{DisputeReason(reason).label}: {words.strip()}"
        return return_hand_off(hand_off=asked, words=said, acting_person=acting_person).incident
    is_of_part = speaks_for_part(acting_person, incident)
    require_state(incident, *(PART_MOVABLE if is_of_part else MOVABLE))
    refuse_while_asked(incident)
    refuse_while_ruled(incident)
    department = own_department(acting_person, incident)
    if Dispute.objects.open().filter(incident=incident, department=department).exists():
        raise Conflict(f"{department} disputes it already.")
    state_before, as_it_was = incident.state, picture(incident)
    swap(incident, **({} if is_of_part else {"state": State.DISPUTED}))
    against = other_side(incident, department)
    raised = Dispute.objects.create(
        incident=incident,
        department=department,
        against=against,
        answer_due_at=next_word_by(incident, against, calendars()),
        is_of_part=is_of_part,
        reason=reason,
        words=words.strip(),
        raised_by=acting_person,
    )
    raised.refresh_from_db()
    record_dispute(raised, DISPUTED, words.strip(), acting_person, reason=reason, state_before=state_before)
    ruling = ruling_after_bounces(incident)
    also = [not_raised(raised, acting_person), *([as_withdrawn(ruling, acting_person)] if ruling else [])]
    allow_undo(as_it_was, incident, verb_of(raised, DISPUTED), acting_person, also=also)
    return incident


def check_dispute(reason: str, words: str) -> None:
    """Refuse what says too little."""
    if reason not in DisputeReason.values:
        raise Invalid("reason", f"A reason is one of {', '.join(DisputeReason.values)}.")
    if not words.strip():
        raise Invalid("words", "Say in your own words why it is not yours.")


def _asked(incident: Incident, acting_person: Person) -> HandOff | None:
    """Return the question that the person's department is asked about the incident, unless it is offered something."""
    asked = HandOff.objects.pending().filter(incident=incident, direction=Direction.GIVE)
    related = ("incident__department", "incident__friction_type", "from_department", "to_department")
    return asked.filter(to_department=acting_person.department_id).select_related(*related).first()


def other_side(incident: Incident, department: Department) -> Department | None:
    """Return the department that attributed it to this one: that handed it on, holds the rest, or reported it.

    None where whoever reported it works in no other department, or a detector found it.
    """
    return sides_of([incident], department.pk)[incident.pk]


def sides_of(incidents: Iterable[Incident], department_id: int | None) -> dict[int, Department | None]:
    """Return, by incident, the department that attributed it to this one."""
    found = list(incidents)
    prefetch_related_objects(found, "reporting_department")
    given = HandOff.objects.filter(incident__in=[one.pk for one in found], answer=Answer.ACCEPTED)
    steps = given.order_by("answered_at", "pk").select_related("from_department", "to_department")
    givers = {step.incident_id: step.giver for step in steps if step.taker.pk == department_id}
    return {one.pk: givers.get(one.pk) or _first_side(one, department_id) for one in found}


def _first_side(incident: Incident, department_id: int | None) -> Department | None:
    if incident.department_id != department_id:
        return incident.department
    return incident.reporting_department if incident.reporting_department_id != department_id else None


def next_word_by(incident: Incident, side: Department | None, known: Calendars) -> datetime.datetime:
    """Return by when a side says something next, in as long as the type gives; a person by the company's hours."""
    calendar = known.of(side.pk) if side is not None else known.company
    return calendar.deadline(timezone.now(), incident.hours_to_answer)


def verb_of(raised: Dispute, verb: str) -> str:
    """Return what the record calls the step: one about a part leaves the incident itself as it is."""
    return f"part_{verb}" if raised.is_of_part else verb


def record_dispute(raised: Dispute, verb: str, words: str, acting_person: Person, **details: object) -> None:
    """Write the step into the incident's record."""
    record_step(
        incident=raised.incident,
        verb=verb_of(raised, verb),
        words=words,
        acting_person=acting_person,
        details=spelled_dispute(raised, **details),
    )


def spelled_dispute(raised: Dispute, **details: object) -> dict[str, object]:
    """Return what the record keeps of a step of a dispute."""
    against = raised.against.slug if raised.against else None
    return {"dispute": str(raised.public_id), "by": raised.department.slug, "against": against, **details}


@transaction.atomic
def withdraw_dispute(*, dispute: Dispute, words: str, acting_person: Person) -> Dispute:
    """Dispute it no longer: it stands as before, with the deadlines that ran on meanwhile."""
    require_answering(acting_person, dispute.department)
    incident = open_dispute(dispute)
    if not dispute.is_of_part:
        require_state(incident, State.DISPUTED)
    state, as_it_was = _state_before(dispute), picture(incident)
    also = list(end_disputes(Dispute.objects.filter(pk=dispute.pk), DisputeEnd.WITHDRAWN, acting_person))
    swap(incident, **({} if dispute.is_of_part else _as_before(state, incident)))
    now = {} if dispute.is_of_part else {"state": incident.state}
    record_dispute(dispute, DISPUTE_WITHDRAWN, words.strip(), acting_person, **now)
    also += settle_undisputed(incident, acting_person)
    allow_undo(as_it_was, incident, verb_of(dispute, DISPUTE_WITHDRAWN), acting_person, also=also)
    dispute.refresh_from_db()
    return dispute


def _as_before(state: str, incident: Incident) -> dict[str, object]:
    return {"state": state, "due_at": incident.resolve_due_at if state == State.IN_WORK else incident.due_at}


def open_dispute(dispute: Dispute) -> Incident:
    """Return its incident, locked; raises Conflict where the dispute is over."""
    locked_incident(dispute.incident_id)
    if not Dispute.objects.open().filter(pk=dispute.pk).exists():
        raise Conflict(f"It is not disputed any more. {last_step(dispute.incident)}")
    dispute.refresh_from_db()
    incident = Incident.objects.select_related("friction_type", "department").get(pk=dispute.incident_id)
    if incident.merged_into_id is not None:
        raise Conflict("It was merged into another incident: nobody answers for it any more.")
    return incident


def _state_before(dispute: Dispute) -> str:
    """Read from the record in which state it was disputed."""
    steps = IncidentEvent.objects.filter(incident=dispute.incident_id, details__dispute=str(dispute.public_id))
    return str(steps.earliest("at", "pk").details["state_before"])
