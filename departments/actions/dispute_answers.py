"""What the other side of a dispute says: that it stays, that it takes it, or that it takes a share."""

import math

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.disputes import end_disputes, refuse_while_ruled, settle_undisputed
from departments.actions.disputing import next_word_by, open_dispute, record_dispute, verb_of
from departments.actions.grading import may_contest
from departments.actions.handoffs import OFFERED, record_hand_off
from departments.actions.handoffs import verb_of as verb_of_hand_off
from departments.actions.parts import refuse_while_asked
from departments.actions.permissions import require_answering
from departments.actions.shares import write_shares
from departments.actions.steps import require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import calendars, deadline
from departments.models import (
    Department,
    Direction,
    Dispute,
    DisputeEnd,
    HandOff,
    Incident,
    Person,
    Reason,
    Responsibility,
    State,
)

UPHELD, TAKEN = "dispute_upheld", "dispute_taken"


@transaction.atomic
def answer_dispute(*, dispute: Dispute, share: float, words: str, acting_person: Person) -> Dispute:
    """Answer as the other side: with the share that one takes of what the other department disputes.

    All of it moves at once, since the other department does not want it. A part is offered, and that department asked.
    With nothing it stays as it is, and the other department has to say something next.
    """
    _require_other_side(dispute, acting_person)
    if not (math.isfinite(share) and 0 <= share <= 1):
        raise Invalid("share", "A share lies between 0 and 1.")
    if share < 1 and not words.strip():
        raise Invalid("words", "Say why it stays with them." if share == 0 else "Say why it should be this share.")
    incident = open_dispute(dispute)
    if share == 0:
        _uphold(dispute, incident, words.strip(), acting_person)
    elif dispute.against is None:
        raise Invalid("share", "Only a department takes a share: say why it stays, or ask them to hand it on.")
    elif share == 1:
        _take(dispute, incident, dispute.against, words.strip(), acting_person)
    else:
        _offer(dispute, incident, dispute.against, share, words.strip(), acting_person)
    dispute.refresh_from_db()
    return dispute


def _require_other_side(dispute: Dispute, acting_person: Person) -> None:
    if dispute.against is not None:
        require_answering(acting_person, dispute.against)
    elif not may_contest(dispute.incident, acting_person):
        raise NotAllowed("Only whoever reported it can answer this; for what a detector found, who keeps the account.")


def may_answer(dispute: Dispute, person: Person) -> bool:
    """Return whether the person speaks for the other side."""
    try:
        _require_other_side(dispute, person)
    except NotAllowed:
        return False
    return True


def _uphold(dispute: Dispute, incident: Incident, words: str, acting_person: Person) -> None:
    if dispute.upheld_at is not None:
        raise Conflict(f"{dispute.other_side} has said so already: it is {dispute.department}'s turn.")
    before = picture(incident)
    swap(incident)
    Dispute.objects.filter(pk=dispute.pk).update(
        upheld_at=timezone.now(),
        upheld_by=acting_person,
        upheld_words=words,
        answer_due_at=next_word_by(incident, dispute.department, calendars()),
    )
    record_dispute(dispute, UPHELD, words, acting_person)
    due_before = dispute.answer_due_at.isoformat() if dispute.answer_due_at else None
    columns = {"upheld_at": None, "upheld_by_id": None, "upheld_words": "", "answer_due_at": due_before}
    unsaid = {"model": "dispute", "pk": dispute.pk, "columns": columns}
    allow_undo(before, incident, verb_of(dispute, UPHELD), acting_person, also=[unsaid])


def _take(dispute: Dispute, incident: Incident, taker: Department, words: str, acting_person: Person) -> None:
    refuse_while_asked(incident)
    if not dispute.is_of_part:
        require_state(incident, State.DISPUTED)
    before = picture(incident)
    shares = dict(Responsibility.objects.filter(incident=incident).values_list("department_id", "share"))
    taken = shares.get(dispute.department_id, 0.0)
    whole = shares.get(taker.pk, 0.0) + taken
    write_shares(incident, {**shares, dispute.department_id: 0.0, taker.pk: whole})
    swap(incident, **({} if dispute.is_of_part else _held_by(taker, dispute, incident)))
    holder = {} if dispute.is_of_part else {"holder": taker.slug}
    record_dispute(dispute, TAKEN, words, acting_person, taken=taken, **holder)
    disputes = Dispute.objects.filter(incident=incident)
    also = [
        *end_disputes(disputes.filter(pk=dispute.pk), DisputeEnd.TAKEN, acting_person),
        *end_disputes(disputes.filter(department=taker), DisputeEnd.ACCEPTED, acting_person),
    ]
    also += settle_undisputed(incident, acting_person)
    allow_undo(before, incident, verb_of(dispute, TAKEN), acting_person, also=also)


def _held_by(taker: Department, dispute: Dispute, incident: Incident) -> dict[str, object]:
    """Return the columns of what the other side takes: it has had it to answer since it was disputed."""
    due_at = deadline(start=dispute.raised_at, hours=incident.hours_to_resolve, department=taker)
    return {
        "state": State.IN_WORK,
        "department": taker,
        "assignee": None,
        "answered_at": timezone.now(),
        "resolve_due_at": due_at,
        "due_at": due_at,
    }


def _offer(
    dispute: Dispute, incident: Incident, taker: Department, share: float, words: str, acting_person: Person
) -> None:
    refuse_while_asked(incident)
    refuse_while_ruled(incident)
    if not dispute.is_of_part:
        require_state(incident, State.DISPUTED)
    before, state_before = picture(incident), incident.state
    hours, asked = incident.hours_to_answer, dispute.department
    asked_until = deadline(start=timezone.now(), hours=hours, department=asked)
    swap(incident, **({} if dispute.is_of_part else {"state": State.WAITING, "due_at": asked_until}))
    offer = HandOff.objects.create(
        incident=incident,
        from_department=taker,
        to_department=asked,
        direction=Direction.TAKE,
        share=share,
        is_of_part=dispute.is_of_part,
        reason=Reason.SHARED_CAUSE,
        words=words,
        proposed_by=acting_person,
        answer_due_at=asked_until,
    )
    offer.refresh_from_db()
    record_hand_off(offer, OFFERED, words, acting_person, state_before=state_before)
    allow_undo(before, incident, verb_of_hand_off(offer, OFFERED), acting_person, opened=offer)
