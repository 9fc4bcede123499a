"""A department proposes that another answers for an incident; the other accepts or returns.

While a hand-off is open, the attribution of the last accepted state stands in every ledger. Once it is accepted, the
shares move back to the day it happened, since scoring reads who answers now and when the friction happened.
"""

import datetime
import math
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from departments.actions.disputes import as_withdrawn, end_disputes, refuse_while_ruled, ruling_after_bounces
from departments.actions.parts import PART_MOVABLE, own_department, refuse_while_asked, speaks_for_part
from departments.actions.permissions import require_answering
from departments.actions.shares import write_shares
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import Calendar, calendar_of, deadline
from departments.models import (
    Answer,
    Department,
    Direction,
    Dispute,
    DisputeEnd,
    HandOff,
    Incident,
    IncidentEvent,
    Person,
    Reason,
    Responsibility,
    State,
)

HANDED_OFF, OFFERED, ACCEPTED = "handed_off", "offered", "hand_off_accepted"
RETURNED, WITHDRAWN = "returned", "withdrawn"
MOVABLE = (State.NEW, State.IN_WORK, State.DISPUTED)


@transaction.atomic
def hand_off(
    *,
    incident: Incident,
    to: Department,
    reason: str,
    words: str,
    expected: str,
    share: float,
    acting_person: Person,
) -> HandOff:
    """Ask another department to answer for the incident: for `share` of what the acting department answers for.

    Whoever answers for a part beside the holder's hands on that part alone; the holder's work goes on meanwhile.
    """
    is_of_part = speaks_for_part(acting_person, incident)
    giver = own_department(acting_person, incident)
    require_state(incident, *(PART_MOVABLE if is_of_part else MOVABLE))
    check_proposal(giver, to, reason, words, share)
    refuse_while_asked(incident)
    refuse_while_ruled(incident)
    state_before, as_it_was = incident.state, picture(incident)
    asked_until = deadline(start=timezone.now(), hours=incident.hours_to_answer, department=to)
    swap(incident, **({} if is_of_part else {"state": State.WAITING, "due_at": asked_until}))
    proposal = HandOff.objects.create(
        incident=incident,
        from_department=giver,
        to_department=to,
        share=share,
        is_of_part=is_of_part,
        reason=reason,
        words=words.strip(),
        expected=expected.strip(),
        proposed_by=acting_person,
        answer_due_at=asked_until,
    )
    proposal.refresh_from_db()
    record_hand_off(proposal, HANDED_OFF, words.strip(), acting_person, state_before=state_before, reason=reason)
    allow_undo(as_it_was, incident, verb_of(proposal, HANDED_OFF), acting_person, opened=proposal)
    return proposal


def check_proposal(giver: Department, to: Department, reason: str, words: str, share: float) -> None:
    """Refuse what cannot be asked of another department."""
    if to == giver:
        raise Invalid("to", f"{to} holds it already.")
    if not to.is_active:
        raise Invalid("to", f"{to} takes nothing on any more.")
    if reason not in Reason.values:
        raise Invalid("reason", f"A reason is one of {', '.join(Reason.values)}.")
    if not words.strip():
        raise Invalid("words", "Say in your own words why it is theirs.")
    _check_share(share)


def _check_share(share: float) -> None:
    if not (math.isfinite(share) and 0 < share <= 1):
        raise Invalid("share", "A share lies above 0 and up to 1.")


@transaction.atomic
def accept_hand_off(*, hand_off: HandOff, words: str, acting_person: Person) -> HandOff:
    """Answer for the incident as proposed; whoever then answers for more of it holds it."""
    require_answering(acting_person, hand_off.to_department)
    _settle(hand_off, Answer.ACCEPTED, words, acting_person)
    incident = _asked_incident(hand_off)
    as_it_was = picture(incident)
    kept, taken = _move_shares(hand_off, incident)
    moved_to: dict[str, object] = {"kept": kept, "taken": taken}
    if hand_off.is_of_part:
        swap(incident)
    else:
        moved_to["holder"] = _hold(hand_off, incident, hand_off.taker if taken > kept else hand_off.giver).slug
    record_hand_off(hand_off, ACCEPTED, words.strip(), acting_person, **moved_to)
    also = settled_by(hand_off, acting_person)
    allow_undo(as_it_was, incident, verb_of(hand_off, ACCEPTED), acting_person, answered=hand_off, also=also)
    return hand_off


def _hold(hand_off: HandOff, incident: Incident, holder: Department) -> Department:
    """Give the incident to whoever answers for more of it now, and return them."""
    if holder == hand_off.taker:
        due_at = deadline(start=hand_off.proposed_at, hours=incident.hours_to_resolve, department=holder)
    else:
        due_at = _given_back(incident.resolve_due_at, hand_off, incident)
    swap(
        incident,
        state=State.IN_WORK,
        department=holder,
        assignee=incident.assignee if holder == hand_off.giver else None,
        answered_at=timezone.now(),
        resolve_due_at=due_at,
        due_at=due_at,
    )
    return holder


def settled_by(hand_off: HandOff, acting_person: Person) -> list[dict[str, object]]:
    """End what giver and taker disputed of the incident, and return how that stood."""
    disputes = Dispute.objects.filter(incident=hand_off.incident_id)
    given = end_disputes(disputes.filter(department=hand_off.giver), DisputeEnd.HANDED_ON, acting_person)
    return [*given, *end_disputes(disputes.filter(department=hand_off.taker), DisputeEnd.ACCEPTED, acting_person)]


def _move_shares(hand_off: HandOff, incident: Incident) -> tuple[float, float]:
    """Move the share, and return what the giving and the taking department answer for then."""
    shares = dict(Responsibility.objects.filter(incident=incident).values_list("department_id", "share"))
    after, kept, taken = moved(hand_off, shares)
    write_shares(incident, after)
    return kept, taken


def moved(hand_off: HandOff, shares: Mapping[int, float]) -> tuple[dict[int, float], float, float]:
    """Return who answers for what once the hand-off is accepted: by department, and of the giver and of the taker."""
    held = shares.get(hand_off.giver.pk, 0.0)
    given = held * hand_off.share
    kept, taken = held - given, shares.get(hand_off.taker.pk, 0.0) + given
    return {**shares, hand_off.giver.pk: kept, hand_off.taker.pk: taken}, kept, taken


@transaction.atomic
def counter_offer(*, hand_off: HandOff, share: float, words: str, acting_person: Person) -> HandOff:
    """Answer with another share of what the giving department answers for; now that one is asked."""
    require_answering(acting_person, hand_off.to_department)
    if not words.strip():
        raise Invalid("words", "Say why it should be this share.")
    _check_share(share)
    if share == hand_off.share:
        raise Invalid("share", "This is the share that was offered: accept it.")
    _settle(hand_off, Answer.COUNTERED, words, acting_person)
    incident = _asked_incident(hand_off)
    as_it_was, state_before = picture(incident), _state_before(hand_off)
    record_hand_off(hand_off, "countered", words.strip(), acting_person)
    hours, asked = incident.hours_to_answer, hand_off.from_department
    asked_until = deadline(start=timezone.now(), hours=hours, department=asked)
    resolve_due_at = _given_back(incident.resolve_due_at, hand_off, incident)
    swap(incident, **({} if hand_off.is_of_part else {"due_at": asked_until, "resolve_due_at": resolve_due_at}))
    counter = HandOff.objects.create(
        incident=incident,
        from_department=hand_off.to_department,
        to_department=asked,
        direction=Direction.TAKE if hand_off.direction == Direction.GIVE else Direction.GIVE,
        share=share,
        is_of_part=hand_off.is_of_part,
        reason=Reason.SHARED_CAUSE,
        words=words.strip(),
        proposed_by=acting_person,
        answer_due_at=asked_until,
    )
    counter.refresh_from_db()
    record_hand_off(counter, OFFERED, words.strip(), acting_person, state_before=state_before)
    verb = verb_of(hand_off, "countered")
    allow_undo(as_it_was, incident, verb, acting_person, opened=counter, answered=hand_off)
    return counter


@transaction.atomic
def return_hand_off(*, hand_off: HandOff, words: str, acting_person: Person) -> HandOff:
    """Decline with a reason: the incident goes back, disputed until its department accepts it or asks again."""
    require_answering(acting_person, hand_off.to_department)
    if not words.strip():
        raise Invalid("words", "Say why it is not yours.")
    _settle(hand_off, Answer.RETURNED, words, acting_person)
    incident = _asked_incident(hand_off)
    as_it_was = picture(incident)
    swap(incident, **({} if hand_off.is_of_part else _handed_back(hand_off, incident)))
    record_hand_off(hand_off, RETURNED, words.strip(), acting_person)
    ruling = ruling_after_bounces(incident)
    also = [as_withdrawn(ruling, acting_person)] if ruling else []
    allow_undo(as_it_was, incident, verb_of(hand_off, RETURNED), acting_person, answered=hand_off, also=also)
    return hand_off


def _handed_back(hand_off: HandOff, incident: Incident) -> dict[str, object]:
    """Return the columns of what comes back to its holder; who disputes it and declines an offer gains no time."""
    if hand_off.to_department_id == incident.department_id and _is_disputed_by_its_holder(incident):
        due_at = incident.resolve_due_at if incident.answered_at else incident.answer_due_at
        return {"state": State.DISPUTED, "due_at": due_at}
    due_at = deadline(start=timezone.now(), hours=incident.hours_to_answer, department=incident.department)
    resolve_due_at = _given_back(incident.resolve_due_at, hand_off, incident)
    return {"state": State.DISPUTED, "answer_due_at": due_at, "due_at": due_at, "resolve_due_at": resolve_due_at}


def _is_disputed_by_its_holder(incident: Incident) -> bool:
    return Dispute.objects.open().filter(incident=incident, department=incident.department_id).exists()


@transaction.atomic
def withdraw_hand_off(*, hand_off: HandOff, acting_person: Person) -> HandOff:
    """Take back what was asked and not answered; the incident is as it was before."""
    require_answering(acting_person, hand_off.from_department)
    _settle(hand_off, Answer.WITHDRAWN, "", acting_person)
    incident = _asked_incident(hand_off)
    as_it_was = picture(incident)
    if hand_off.is_of_part:
        swap(incident)
    else:
        swap(incident, **_asked_no_longer(hand_off, incident))
    # A step about a part says nothing of the state, which is the holder's.
    state = {} if hand_off.is_of_part else {"state": incident.state}
    record_hand_off(hand_off, WITHDRAWN, "", acting_person, **state)
    allow_undo(as_it_was, incident, verb_of(hand_off, WITHDRAWN), acting_person, answered=hand_off)
    return hand_off


def _asked_no_longer(hand_off: HandOff, incident: Incident) -> dict[str, object]:
    """Return the columns of how it stood before it was asked."""
    state = _state_before(hand_off)
    answer_by, resolve_by = (
        _given_back(due_at, hand_off, incident) for due_at in (incident.answer_due_at, incident.resolve_due_at)
    )
    is_answered = incident.answered_at is not None and _is_disputed_by_its_holder(incident)
    due_at = resolve_by if is_answered or state == State.IN_WORK else answer_by
    return {"state": state, "answer_due_at": answer_by, "resolve_due_at": resolve_by, "due_at": due_at}


def given_back(
    due_at: datetime.datetime, hand_off: HandOff, calendar: Calendar, now: datetime.datetime
) -> datetime.datetime:
    """Return a deadline of the department that asked, without the hours for which the other one was asked.

    What was past due when it asked stays so.
    """
    if due_at <= hand_off.proposed_at:
        return due_at
    return calendar.moved(due_at, max(calendar.working_hours_between(hand_off.proposed_at, now), 0.0), now)


def _given_back(due_at: datetime.datetime, hand_off: HandOff, incident: Incident) -> datetime.datetime:
    if hand_off.to_department_id == incident.department_id:
        # A counter-offer: the time was its own.
        return due_at
    return given_back(due_at, hand_off, calendar_of(incident.department), timezone.now())


def _settle(hand_off: HandOff, answer: Answer, words: str, acting_person: Person) -> None:
    """Answer the hand-off if nobody has; the first answer stands."""
    locked_incident(hand_off.incident_id)
    pending = HandOff.objects.filter(pk=hand_off.pk, answer=Answer.PENDING)
    if not pending.update(
        answer=answer, answer_words=words.strip(), answered_at=timezone.now(), answered_by=acting_person
    ):
        raise Conflict(f"This hand-off has been answered. {last_step(hand_off.incident)}")
    hand_off.refresh_from_db()


def _asked_incident(hand_off: HandOff) -> Incident:
    """Return the incident: the holder's question keeps it waiting, one about a part does not."""
    incident = Incident.objects.select_related("friction_type", "department").get(pk=hand_off.incident_id)
    if not hand_off.is_of_part:
        require_state(incident, State.WAITING)
    return incident


def _state_before(hand_off: HandOff) -> str:
    """Read from the record in which state it was handed off."""
    verbs = [verb_of(hand_off, verb) for verb in (HANDED_OFF, OFFERED)]
    event = IncidentEvent.objects.filter(incident=hand_off.incident_id, verb__in=verbs).latest("at", "pk")
    return str(event.details["state_before"])


def verb_of(hand_off: HandOff, verb: str) -> str:
    """Return what the record calls the step: one about a part leaves the incident itself as it is."""
    return f"part_{verb}" if hand_off.is_of_part else verb


def record_hand_off(hand_off: HandOff, verb: str, words: str, acting_person: Person, **details: object) -> None:
    """Write the step of a hand-off into the incident's record."""
    record_step(
        incident=hand_off.incident,
        verb=verb_of(hand_off, verb),
        words=words,
        acting_person=acting_person,
        details=spelled_hand_off(hand_off, **details),
    )


def spelled_hand_off(hand_off: HandOff, **details: object) -> dict[str, object]:
    """Return what the record keeps of a step of a hand-off."""
    return {
        "hand_off": str(hand_off.public_id),
        "from": hand_off.from_department.slug,
        "to": hand_off.to_department.slug,
        "share": hand_off.share,
        "direction": hand_off.direction,
        **details,
    }
