"""What the demo's departments dispute today, and how some of it was settled; by the same actions as anybody's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from departments.actions.dispute_answers import answer_dispute
from departments.actions.disputing import dispute, withdraw_dispute
from departments.actions.handoffs import accept_hand_off, hand_off
from departments.actions.incidents import accept
from departments.actions.rulings import ask_for_ruling, rule
from departments.models import Dispute, DisputeReason, Incident, Person, Reason, Role, State


@dataclass(frozen=True, slots=True)
class Story:
    """Who disputes what, in which words, and what came of it; `giver` had handed it on before.

    Without a giver the other side is whoever reported it or keeps the account.
    """

    department: str
    giver: str
    reason: DisputeReason
    words: str
    outcome: Callable[["Sides"], object]


@dataclass(frozen=True, slots=True)
class Sides:
    """A dispute with whoever speaks for each side, and an executive."""

    dispute: Dispute
    own: Person
    other: Person | None
    executive: Person


def _left_open(_sides: Sides) -> None:
    """Nobody has said anything yet."""


def _stays(sides: Sides) -> None:
    words = "The customer named you, and nobody else touched it."
    _answer(sides, 0.0, words)


def _taken(sides: Sides) -> None:
    _answer(sides, 1.0, "You are right: our list was the old one.")


def _shared(sides: Sides) -> None:
    _answer(sides, 0.5, "Half of it is ours: we saw it and let it go.")


def _answer(sides: Sides, share: float, words: str) -> None:
    if sides.other is not None:
        answer_dispute(dispute=sides.dispute, share=share, words=words, acting_person=sides.other)


def _withdrawn(sides: Sides) -> None:
    withdraw_dispute(dispute=sides.dispute, words="We found our own slip.", acting_person=sides.own)


def _asked_for(sides: Sides) -> None:
    words = "We have said all there is to say; please decide."
    ask_for_ruling(incident=_fresh(sides.dispute), words=words, acting_person=sides.own)


def _ruled(sides: Sides) -> None:
    _asked_for(sides)
    if sides.other is None or sides.other.department is None:
        return
    shares = {sides.dispute.department: 0.3, sides.other.department: 0.7}
    words = "It began there; the other could have stopped it."
    ruling = sides.dispute.incident.rulings.get(state="open")
    rule(ruling=ruling, shares=shares, words=words, regrading_stands=None, acting_person=sides.executive)


ELSEWHERE, OTHERS_FIX = DisputeReason.CAUSED_ELSEWHERE, DisputeReason.ONLY_OTHERS_CAN_FIX
STORIES: Final = (
    Story("manufacturing", "procurement", ELSEWHERE, "The castings were out of limits on arrival.", _left_open),
    Story("phone_system", "customer_service", OTHERS_FIX, "The menu is as customer service asked for it.", _stays),
    Story("design_engineering", "manufacturing", ELSEWHERE, "The drawing is right; it was built otherwise.", _taken),
    Story("operations", "shipping", ELSEWHERE, "The goods stood ready on the promised day.", _taken),
    Story("marketing", "product_development", DisputeReason.SHARED_CAUSE, "We wrote what the plan said.", _shared),
    Story("procurement", "manufacturing", ELSEWHERE, "The lot passed inspection twice.", _asked_for),
    Story("warranty", "manufacturing", ELSEWHERE, "Three of the same housing in a month is no wear.", _ruled),
    Story("product_development", "", DisputeReason.NOTHING_WRONG, "It does what its page says.", _left_open),
    Story("marketing", "", DisputeReason.WRONG_TYPE, "They mean the price list, not the leaflet.", _left_open),
    Story("shipping", "", ELSEWHERE, "It left on time; the order came a day late to us.", _left_open),
    Story("operations", "", DisputeReason.DUPLICATE, "It is the same order as last week's.", _withdrawn),
)


def dispute_some() -> int:
    """Let some departments dispute what they have in work; return how many disputes there are of it."""
    heads = Person.objects.filter(role=Role.DEPARTMENT_HEAD, is_active=True).select_related("department")
    by_slug = {head.department.slug: head for head in heads.order_by("-pk") if head.department is not None}
    executive = Person.objects.filter(role=Role.EXECUTIVE, is_active=True).order_by("pk").first()
    return 0 if executive is None else len(list(_raise(by_slug, executive)))


def _raise(heads: dict[str, Person], executive: Person) -> Iterator[Dispute]:
    for story in STORIES:
        own, other = heads.get(story.department), heads.get(story.giver)
        if own is None or (story.giver and other is None):
            continue
        incident = _held(other or own)
        if incident is None:
            continue
        if other is not None:
            _hand_on(incident, other, own)
        raised = dispute(incident=_again(incident), reason=story.reason, words=story.words, acting_person=own)
        found = raised.disputes.select_related("department", "against", "incident").get(department=own.department)
        story.outcome(Sides(found, own, other, executive))
        yield found


def _hand_on(incident: Incident, giver: Person, taker: Person) -> None:
    """Let one ask the other to take it, which took it on trust."""
    if taker.department is None:
        return
    asked = hand_off(
        incident=incident,
        to=taker.department,
        reason=Reason.CAUSED_ELSEWHERE,
        words="It looks like yours from what the customer says.",
        expected="",
        share=1.0,
        acting_person=giver,
    )
    accept_hand_off(hand_off=asked, words="We look into it.", acting_person=taker)


def _held(head: Person) -> Incident | None:
    """Return what the head's department has in work; where it has nothing, what came in, once it is accepted."""
    found = _untouched(head, State.IN_WORK).first()
    if found is None and (came := _untouched(head, State.NEW).first()):
        accept(incident=came, acting_person=head)
        found = _again(came)
    return found


def _untouched(head: Person, state: State) -> QuerySet[Incident]:
    """Return what the head's department holds in a state and nobody disputed yet, what puts least at risk first."""
    held = Incident.objects.filter(department=head.department_id, state=state, merged_into=None)
    untouched = held.filter(disputes=None, hand_offs=None, attachments=None, rulings=None)
    return untouched.select_related("department", "account", "friction_type").order_by("money_at_risk", "pk")


def _again(incident: Incident) -> Incident:
    return Incident.objects.select_related("department", "account", "friction_type").get(pk=incident.pk)


def _fresh(raised: Dispute) -> Incident:
    return _again(raised.incident)
