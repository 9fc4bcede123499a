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
from departments.actions.disputes import as_withdrawn, refuse_while_ruled, ruling_after_bounces
from departments.actions.permissions import require_answering
from departments.actions.shares import write_shares
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import Calendar, calendar_of, deadline
from departments.models import (
    Answer,
    Department,
    Direction,
    HandOff,
    Incident,
    IncidentEvent,
    Person,
    Reason,
    Responsibility,
    State,
)

HANDED_OFF, OFFERED = "handed_off", "offered"
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
    """Ask another department to answer for the incident: for `share` of what the acting department answers for."""
    require_answering(acting_person, incident.department)
    require_state(incident, *MOVABLE)
    check_proposal(incident, to, reason, words, share)
    refuse_while_ruled(incident)
    state_before, as_it_was = incident.state, picture(incident)
    asked_until = deadline(start=timezone.now(), hours=incident.hours_to_answer, department=to)
    swap(incident, state=State.WAITING, due_at=asked_until)
    proposal = HandOff.objects.create(
        incident=incident,
        from_department=incident.department,
        to_department=to,
        share=share,
        reason=reason,
        words=words.strip(),
        expected=expected.strip(),
        proposed_by=acting_person,
        answer_due_at=asked_until,
    )
    proposal.refresh_from_db()
    _record(proposal, HANDED_OFF, words.strip(), acting_person, state_before=state_before, reason=reason)
    allow_undo(as_it_was, incident, HANDED_OFF, acting_person, opened=proposal)
    return proposal


def check_proposal(incident: Incident, to: Department, reason: str, words: str, share: float) -> None:
    """Refuse what cannot be asked of another department."""
    if to == incident.department:
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
    incident = _waiting_incident(hand_off)
    as_it_was = picture(incident)
    kept, taken = _move_shares(hand_off, incident)
    holder = hand_off.taker if taken > kept else hand_off.giver
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
    _record(hand_off, "hand_off_accepted", words.strip(), acting_person, holder=holder.slug, kept=kept, taken=taken)
    allow_undo(as_it_was, incident, "hand_off_accepted", acting_person, answered=hand_off)
    return hand_off


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
    incident = _waiting_incident(hand_off)
    as_it_was, state_before = picture(incident), _state_before(incident)
    _record(hand_off, "countered", words.strip(), acting_person)
    hours, asked = incident.hours_to_answer, hand_off.from_department
    asked_until = deadline(start=timezone.now(), hours=hours, department=asked)
    swap(incident, due_at=asked_until, resolve_due_at=_given_back(incident.resolve_due_at, hand_off, incident))
    counter = HandOff.objects.create(
        incident=incident,
        from_department=hand_off.to_department,
        to_department=asked,
        direction=Direction.TAKE if hand_off.direction == Direction.GIVE else Direction.GIVE,
        share=share,
        reason=Reason.SHARED_CAUSE,
        words=words.strip(),
        proposed_by=acting_person,
        answer_due_at=asked_until,
    )
    counter.refresh_from_db()
    _record(counter, OFFERED, words.strip(), acting_person, state_before=state_before)
    allow_undo(as_it_was, incident, "countered", acting_person, opened=counter, answered=hand_off)
    return counter


@transaction.atomic
def return_hand_off(*, hand_off: HandOff, words: str, acting_person: Person) -> HandOff:
    """Decline with a reason: the incident goes back, disputed until its department accepts it or asks again."""
    require_answering(acting_person, hand_off.to_department)
    if not words.strip():
        raise Invalid("words", "Say why it is not yours.")
    _settle(hand_off, Answer.RETURNED, words, acting_person)
    incident = _waiting_incident(hand_off)
    hours = incident.hours_to_answer
    due_at = deadline(start=timezone.now(), hours=hours, department=incident.department)
    as_it_was = picture(incident)
    resolve_due_at = _given_back(incident.resolve_due_at, hand_off, incident)
    swap(incident, state=State.DISPUTED, answer_due_at=due_at, due_at=due_at, resolve_due_at=resolve_due_at)
    _record(hand_off, "returned", words.strip(), acting_person)
    ruling = ruling_after_bounces(incident)
    also = [as_withdrawn(ruling, acting_person)] if ruling else []
    allow_undo(as_it_was, incident, "returned", acting_person, answered=hand_off, also=also)
    return hand_off


@transaction.atomic
def withdraw_hand_off(*, hand_off: HandOff, acting_person: Person) -> HandOff:
    """Take back what was asked and not answered; the incident is as it was before."""
    require_answering(acting_person, hand_off.from_department)
    _settle(hand_off, Answer.WITHDRAWN, "", acting_person)
    incident = _waiting_incident(hand_off)
    state, as_it_was = _state_before(incident), picture(incident)
    answer_by, resolve_by = (
        _given_back(due_at, hand_off, incident) for due_at in (incident.answer_due_at, incident.resolve_due_at)
    )
    due_at = resolve_by if state == State.IN_WORK else answer_by
    swap(incident, state=state, answer_due_at=answer_by, resolve_due_at=resolve_by, due_at=due_at)
    _record(hand_off, "withdrawn", "", acting_person, state=state)
    allow_undo(as_it_was, incident, "withdrawn", acting_person, answered=hand_off)
    return hand_off


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


def _waiting_incident(hand_off: HandOff) -> Incident:
    incident = Incident.objects.select_related("friction_type", "department").get(pk=hand_off.incident_id)
    require_state(incident, State.WAITING)
    return incident


def _state_before(incident: Incident) -> str:
    """Read from the record in which state it was handed off."""
    event = IncidentEvent.objects.filter(incident=incident, verb__in=(HANDED_OFF, OFFERED)).latest("at", "pk")
    return str(event.details["state_before"])


def _record(hand_off: HandOff, verb: str, words: str, acting_person: Person, **details: object) -> None:
    record_step(
        incident=hand_off.incident,
        verb=verb,
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
