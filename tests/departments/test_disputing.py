"""“This is not ours”: raised without naming a taker, answered, withdrawn, settled or ruled on; of all or of a part."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.dispute_answers import answer_dispute
from departments.actions.disputing import dispute, withdraw_dispute
from departments.actions.handoffs import accept_hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import accept, report_friction, resolve
from departments.actions.merging import merge
from departments.actions.rulings import ask_for_ruling, parties, rule
from departments.actions.several import accept_all, hand_off_all
from departments.actions.several_disputes import dispute_all
from departments.actions.undo import undo, undo_of
from departments.actions.waits import wait
from departments.charging import clocks_of
from departments.clocks import calendars
from departments.models import (
    Department,
    Dispute,
    DisputeEnd,
    DisputeReason,
    HandOff,
    Incident,
    Person,
    Reason,
    Role,
    Ruling,
    RulingState,
    State,
    WaitedFor,
    WaitReason,
)
from departments.records import breaches
from tests import make
from tests.between import ask, fresh

pytestmark = pytest.mark.django_db
NOT_OURS: dict[str, Any] = {"reason": DisputeReason.CAUSED_ELSEWHERE, "words": "The label was right."}


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


@pytest.fixture
def legal() -> Department:
    return make.department("legal")


def reported(at: Account | None = None, by: Person | None = None) -> Incident:
    account = at or make.account()
    return report_friction(
        account=account,
        friction_type=make.friction_type(),
        severity=0.5,
        title="Late again",
        description="",
        happened_at=make.ago(days=3),
        order=None,
        acting_person=by or make.manager_of(account),
    )


def raised(incident: Incident, department: Department) -> Dispute:
    dispute(incident=fresh(incident), acting_person=make.head(department), **NOT_OURS)
    return Dispute.objects.open().get(incident=incident, department=department)


def shares(incident: Incident) -> dict[str, float]:
    parts = incident.responsibilities.filter(share__gt=0)
    return {slug: round(share, 9) for slug, share in parts.values_list("department__slug", "share")}


def handed_on(giver: Department, taker: Department, share: float = 1.0) -> Incident:
    """An incident that one department gave to another, wholly or for a share."""
    incident = reported()
    accept_hand_off(hand_off=ask(incident, giver, taker, share), words="", acting_person=make.head(taker))
    return fresh(incident)


def test_the_sides_are_looked_up_at_the_incident_and_not_among_all_that_departments_ever_had() -> None:
    incident = reported()
    found = parties(incident)
    assert " JOIN " not in str(found.query)
    assert incident.department in found


def take_back(incident: Incident, person: Person) -> None:
    batch = undo_of([fresh(incident)], person)
    assert batch is not None
    assert undo(batch=batch, acting_person=person).refused == []


def test_its_holder_disputes_it_and_answers_for_it_meanwhile(shipping: Department) -> None:
    incident = reported()
    deadlines = (incident.answer_due_at, incident.resolve_due_at, incident.due_at)
    question = raised(incident, shipping)
    now = fresh(incident)
    assert (now.state, now.department, shares(now)) == (State.DISPUTED, shipping, {"shipping": 1.0})
    assert (now.answer_due_at, now.resolve_due_at, now.due_at) == deadlines
    assert (question.against, question.other_side) == (None, incident.reporter.name if incident.reporter else "")
    assert breaches() == []


def test_nobody_gains_time_by_disputing(shipping: Department) -> None:
    incident = accept(incident=reported(), acting_person=make.head(shipping))
    due_at = incident.resolve_due_at
    withdraw_dispute(dispute=raised(incident, shipping), words="", acting_person=make.head(shipping))
    now = fresh(incident)
    assert (now.state, now.due_at, now.resolve_due_at) == (State.IN_WORK, due_at, due_at)
    raised(incident, shipping)
    accept(incident=fresh(incident), acting_person=make.head(shipping))
    assert fresh(incident).due_at == due_at
    departments = {one.slug: one for one in Department.objects.all()}
    events = list(incident.events.order_by("at", "pk"))
    clocks = clocks_of(fresh(incident), events, [], departments, calendars(), timezone.now())
    assert {stretch.department for stretch in clocks.stretches} == {shipping}
    assert "disputes it" in {stretch.why for stretch in clocks.stretches}


def test_the_other_side_is_who_handed_it_on_else_the_reporting_department(
    shipping: Department, billing: Department, legal: Department
) -> None:
    assert raised(handed_on(shipping, billing), billing).against == shipping
    assert raised(handed_on(shipping, billing, 0.3), billing).against == shipping
    account = make.account()
    head = make.head(legal)
    make.incident(account, shares={legal: 1.0})
    assert raised(reported(account, head), shipping).against == legal


def test_who_is_asked_to_take_it_disputes_it_by_handing_it_back(shipping: Department, billing: Department) -> None:
    incident = reported()
    asked = ask(incident, shipping, billing)
    dispute(incident=fresh(incident), acting_person=make.head(billing), **NOT_OURS)
    asked.refresh_from_db()
    assert (asked.answer, asked.answer_words) == ("returned", "It was caused elsewhere: The label was right.")
    assert (fresh(incident).state, Dispute.objects.count()) == (State.DISPUTED, 0)
    assert breaches() == []


@pytest.mark.parametrize(("reason", "words"), [("whim", "No."), (DisputeReason.WRONG_TYPE, " ")])
def test_a_dispute_says_why(shipping: Department, reason: str, words: str) -> None:
    with pytest.raises(Invalid):
        dispute(incident=reported(), reason=reason, words=words, acting_person=make.head(shipping))


def test_only_who_answers_disputes_and_once_at_a_time(shipping: Department, billing: Department) -> None:
    incident = reported()
    for person in (make.head(billing), make.member(shipping), make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            dispute(incident=incident, acting_person=person, **NOT_OURS)
    raised(incident, shipping)
    with pytest.raises(Conflict, match="disputes it already"):
        dispute(incident=fresh(incident), acting_person=make.head(shipping), **NOT_OURS)


def test_it_is_taken_back_with_all_it_did(shipping: Department) -> None:
    make.organisation(bounces_before_ruling=1)
    incident, head = reported(), make.head(shipping)
    dispute(incident=incident, acting_person=head, **NOT_OURS)
    assert Ruling.objects.open().filter(incident=incident).exists()
    take_back(incident, head)
    assert (fresh(incident).state, Dispute.objects.get().end) == (State.NEW, DisputeEnd.TAKEN_BACK)
    assert not Ruling.objects.open().exists()
    assert breaches() == []


def test_a_dispute_counts_as_a_bounce_unless_it_was_withdrawn(shipping: Department, billing: Department) -> None:
    make.organisation(bounces_before_ruling=2)
    incident = reported()
    withdraw_dispute(dispute=raised(incident, shipping), words="", acting_person=make.head(shipping))
    return_hand_off(hand_off=ask(incident, shipping, billing), words="No.", acting_person=make.head(billing))
    assert not Ruling.objects.exists()
    raised(incident, shipping)
    assert Ruling.objects.open().get(incident=incident).asked_by is None
    assert breaches() == []


def test_the_other_side_takes_it_and_holds_it_since_it_was_disputed(shipping: Department, billing: Department) -> None:
    incident = handed_on(shipping, billing)
    question = raised(incident, billing)
    head = make.head(shipping)
    answer_dispute(dispute=question, share=1.0, words="", acting_person=head)
    now = fresh(incident)
    assert (now.state, now.department, shares(now)) == (State.IN_WORK, shipping, {"shipping": 1.0})
    assert Dispute.objects.get().end == DisputeEnd.TAKEN
    assert breaches() == []
    take_back(incident, head)
    assert (fresh(incident).state, shares(incident)) == (State.DISPUTED, {"billing": 1.0})
    assert Dispute.objects.get().is_open
    assert breaches() == []


def test_the_other_side_offers_a_share_that_the_disputing_department_takes_or_refuses(
    shipping: Department, billing: Department
) -> None:
    incident = handed_on(shipping, billing)
    due_at = incident.due_at
    question = raised(incident, billing)
    answer_dispute(dispute=question, share=0.4, words="Both.", acting_person=make.head(shipping))
    offer = HandOff.objects.pending().get(incident=incident)
    assert (offer.taker, offer.to_department, fresh(incident).state) == (shipping, billing, State.WAITING)
    return_hand_off(hand_off=offer, words="More.", acting_person=make.head(billing))
    assert (fresh(incident).state, fresh(incident).due_at) == (State.DISPUTED, due_at)
    answer_dispute(dispute=question, share=0.6, words="Then so.", acting_person=make.head(shipping))
    offer = HandOff.objects.pending().get(incident=incident)
    accept_hand_off(hand_off=offer, words="", acting_person=make.head(billing))
    assert (shares(incident), fresh(incident).department) == ({"shipping": 0.6, "billing": 0.4}, shipping)
    assert Dispute.objects.get().end == DisputeEnd.HANDED_ON
    assert breaches() == []


def test_the_other_side_says_that_it_stays_and_then_it_is_the_first_ones_turn(
    shipping: Department, billing: Department
) -> None:
    incident = handed_on(shipping, billing)
    question = raised(incident, billing)
    assert Dispute.objects.awaiting(shipping.pk).get() == question
    head = make.head(shipping)
    answer_dispute(dispute=question, share=0.0, words="You invoiced it.", acting_person=head)
    question.refresh_from_db()
    assert (question.next_word, Dispute.objects.awaiting(billing.pk).get()) == ("Billing", question)
    with pytest.raises(Conflict, match="said so already"):
        answer_dispute(dispute=question, share=0.0, words="Again.", acting_person=head)
    take_back(incident, head)
    question.refresh_from_db()
    assert (question.upheld_at, question.next_word) == (None, "Shipping")
    assert breaches() == []


def test_whoever_reported_it_can_say_that_it_stays_but_takes_no_share(shipping: Department) -> None:
    incident = reported()
    question, reporter = raised(incident, shipping), incident.reporter
    assert reporter is not None
    with pytest.raises(Invalid, match="Only a department"):
        answer_dispute(dispute=question, share=1.0, words="Mine.", acting_person=reporter)
    for stranger in (make.person(), make.head(shipping)):
        with pytest.raises(NotAllowed):
            answer_dispute(dispute=question, share=0.0, words="It stays.", acting_person=stranger)
    answer_dispute(dispute=question, share=0.0, words="They promised it.", acting_person=reporter)
    question.refresh_from_db()
    assert (question.upheld_by, question.next_word) == (reporter, "Shipping")


@pytest.mark.parametrize(("share", "words"), [(1.5, "More."), (-0.1, "Less."), (0.5, " "), (0.0, "")])
def test_an_answer_is_a_share_with_words(shipping: Department, billing: Department, share: float, words: str) -> None:
    question = raised(handed_on(shipping, billing), billing)
    with pytest.raises(Invalid):
        answer_dispute(dispute=question, share=share, words=words, acting_person=make.head(shipping))


def test_it_is_settled_by_accepting_after_all(shipping: Department) -> None:
    incident, head = reported(), make.head(shipping)
    question = raised(incident, shipping)
    ask_for_ruling(incident=fresh(incident), words="Whose?", acting_person=head)
    accept(incident=fresh(incident), acting_person=head)
    question.refresh_from_db()
    assert (question.end, Ruling.objects.get().state) == (DisputeEnd.ACCEPTED, RulingState.SETTLED)
    take_back(incident, head)
    question.refresh_from_db()
    assert (question.is_open, Ruling.objects.get().state) == (True, RulingState.OPEN)
    assert breaches() == []


def test_it_is_settled_by_handing_it_on_but_not_by_asking(shipping: Department, billing: Department) -> None:
    incident = reported()
    question = raised(incident, shipping)
    asked = ask(incident, shipping, billing)
    with pytest.raises(Conflict):
        withdraw_dispute(dispute=question, words="", acting_person=make.head(shipping))
    withdraw_hand_off(hand_off=asked, acting_person=make.head(shipping))
    assert fresh(incident).state == State.DISPUTED
    accept_hand_off(hand_off=ask(incident, shipping, billing), words="", acting_person=make.head(billing))
    question.refresh_from_db()
    assert (question.end, shares(incident)) == (DisputeEnd.HANDED_ON, {"billing": 1.0})
    assert breaches() == []


def test_a_ruling_ends_it(shipping: Department, billing: Department) -> None:
    incident = handed_on(shipping, billing)
    question = raised(incident, billing)
    assert set(parties(incident)) == {shipping, billing}
    asked = ask_for_ruling(incident=fresh(incident), words="Whose?", acting_person=make.head(shipping))
    rule(
        ruling=asked,
        shares={shipping: 0.75, billing: 0.25},
        words="Mostly the label.",
        regrading_stands=None,
        acting_person=make.person(Role.EXECUTIVE),
    )
    question.refresh_from_db()
    assert (question.end, shares(incident)) == (DisputeEnd.RULED, {"shipping": 0.75, "billing": 0.25})
    with pytest.raises(Conflict, match="that stands"):
        dispute(incident=fresh(incident), acting_person=make.head(shipping), **NOT_OURS)
    assert breaches() == []


def test_what_is_resolved_or_merged_is_disputed_no_longer(shipping: Department) -> None:
    head = make.head(shipping)
    incident = reported()
    question = raised(incident, shipping)
    resolve(incident=fresh(incident), resolution="Sent again.", cause=None, acting_person=head)
    question.refresh_from_db()
    assert question.end == DisputeEnd.CLOSED
    take_back(incident, head)
    other = make.incident(incident.account)
    other.events.create(verb="reported", details={"department_id": other.department_id})
    merge(incident=fresh(incident), into=fresh(other), acting_person=head)
    question.refresh_from_db()
    assert question.end == DisputeEnd.CLOSED
    with pytest.raises(Conflict, match="not disputed any more"):
        withdraw_dispute(dispute=question, words="", acting_person=head)
    assert breaches() == []


def test_a_department_hands_on_its_part_while_the_holder_goes_on(
    shipping: Department, billing: Department, legal: Department
) -> None:
    incident = handed_on(shipping, billing, 0.4)
    before = (incident.state, incident.department, incident.due_at)
    asked = ask(incident, billing, legal)
    assert asked.is_of_part
    assert (fresh(incident).state, fresh(incident).department, fresh(incident).due_at) == before
    with pytest.raises(Conflict, match="has not answered yet"):
        ask(incident, shipping, legal)
    accept_hand_off(hand_off=asked, words="Ours.", acting_person=make.head(legal))
    assert shares(incident) == {"shipping": 0.6, "legal": 0.4}
    assert (fresh(incident).state, fresh(incident).department, fresh(incident).due_at) == before
    assert breaches() == []


def test_a_part_that_is_returned_or_withdrawn_stays_where_it_was(
    shipping: Department, billing: Department, legal: Department
) -> None:
    incident = handed_on(shipping, billing, 0.4)
    return_hand_off(hand_off=ask(incident, billing, legal), words="No.", acting_person=make.head(legal))
    withdraw_hand_off(hand_off=ask(incident, billing, legal), acting_person=make.head(billing))
    head = make.head(billing)
    hand_off_all(
        incidents=[fresh(incident)],
        to=legal,
        reason=Reason.SHARED_CAUSE,
        words="Theirs.",
        expected="",
        share=1.0,
        acting_person=head,
    )
    take_back(incident, head)
    assert (fresh(incident).state, shares(incident)) == (State.IN_WORK, {"shipping": 0.6, "billing": 0.4})
    assert breaches() == []


def test_many_at_once_take_a_part_that_they_are_asked_to_take(
    shipping: Department, billing: Department, legal: Department
) -> None:
    incident = handed_on(shipping, billing, 0.4)
    question = raised(incident, billing)
    ask(incident, billing, legal, 0.5)
    outcome = accept_all(incidents=[fresh(incident)], acting_person=make.head(legal))
    question.refresh_from_db()
    assert (list(outcome.refused), question.end) == ([], DisputeEnd.HANDED_ON)
    assert shares(incident) == {"shipping": 0.6, "billing": 0.2, "legal": 0.2}
    assert fresh(incident).department == shipping
    assert breaches() == []


def test_a_disputed_part_leaves_the_holders_work_as_it_is(shipping: Department, billing: Department) -> None:
    incident = handed_on(shipping, billing, 0.4)
    question = raised(incident, billing)
    assert (question.is_of_part, question.against, fresh(incident).state) == (True, shipping, State.IN_WORK)
    resolve(incident=fresh(incident), resolution="Sent.", cause=None, acting_person=make.head(shipping))
    answer_dispute(dispute=question, share=1.0, words="All of it.", acting_person=make.head(shipping))
    assert (fresh(incident).state, shares(incident)) == (State.RESOLVED, {"shipping": 1.0})
    assert breaches() == []


def test_who_disputes_a_part_accepts_it_after_all(shipping: Department, billing: Department) -> None:
    incident = handed_on(shipping, billing, 0.4)
    head = make.head(billing)
    with pytest.raises(Conflict, match="needs no answer"):
        accept(incident=fresh(incident), acting_person=head)
    question = raised(incident, billing)
    ask_for_ruling(incident=fresh(incident), words="Whose?", acting_person=head)
    with pytest.raises(Conflict, match="executive"):
        wait(
            incident=fresh(incident),
            waited_for=WaitedFor.CUSTOMER,
            department=None,
            name="",
            reason=WaitReason.ANSWER,
            words="Which?",
            expected_on=timezone.localdate(),
            acting_person=make.head(shipping),
        )
    accept(incident=fresh(incident), acting_person=head)
    question.refresh_from_db()
    assert (question.end, Ruling.objects.get().state) == (DisputeEnd.ACCEPTED, RulingState.SETTLED)
    assert breaches() == []


def test_several_are_disputed_at_once_each_by_itself(shipping: Department, billing: Department) -> None:
    make.organisation(bounces_before_ruling=1)
    head, own, part = make.head(billing), handed_on(shipping, billing), handed_on(shipping, billing, 0.4)
    foreign = reported()
    outcome = dispute_all(incidents=[fresh(one) for one in (own, part, foreign)], acting_person=head, **NOT_OURS)
    assert [len(outcome.done), len(outcome.refused)] == [2, 1]
    assert Ruling.objects.open().count() == 2
    assert set(Dispute.objects.values_list("against__slug", "is_of_part")) == {("shipping", False), ("shipping", True)}
    again = dispute_all(incidents=[fresh(own)], acting_person=head, **NOT_OURS)
    assert len(again.refused) == 1
    assert breaches() == []
    take_back(own, head)
    assert (fresh(own).state, Dispute.objects.open().count(), Ruling.objects.open().count()) == (State.IN_WORK, 0, 0)
    assert breaches() == []


def test_several_parts_are_accepted_at_once_where_they_are_disputed(shipping: Department, billing: Department) -> None:
    head, disputed, plain = make.head(billing), handed_on(shipping, billing, 0.4), handed_on(shipping, billing, 0.4)
    question = raised(disputed, billing)
    outcome = accept_all(incidents=[fresh(disputed), fresh(plain)], acting_person=head)
    question.refresh_from_db()
    assert ([one.pk for one in outcome.done], question.end) == ([disputed.pk], DisputeEnd.ACCEPTED)
    assert breaches() == []
