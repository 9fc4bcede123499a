"""Taking back what was just done: the state returns, the record stays."""

import datetime
from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.errors import ActionError, Conflict, Invalid
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import accept, assign, reopen, resolve
from departments.actions.merging import merge, merge_all
from departments.actions.outcome import Overtaken
from departments.actions.several import accept_all
from departments.actions.undo import COLUMNS, Undone, undo, undo_of
from departments.models import Answer, HandOff, Incident, Person, Reason, State, UndoPoint
from departments.records import breaches
from tests import make
from tests.together import refusals, together

pytestmark = pytest.mark.django_db


def state_of(incident: Incident) -> tuple[object, ...]:
    """Everything that a step may change, read anew."""
    columns = Incident.objects.values_list(*COLUMNS).get(pk=incident.pk)
    parts = incident.responsibilities.order_by("department").values_list("department", "share", "is_provisional")
    return (*columns, *[part for part in parts if part[1] > 0])


def taken_back(incident: Incident, person: Person) -> Undone:
    batch = undo_of([incident], person)
    assert batch is not None
    return undo(batch=batch, acting_person=person)


def ask(incident: Incident, person: Person, to: str = "billing", share: float = 1.0) -> HandOff:
    return hand_off(
        incident=Incident.objects.select_related("department", "friction_type").get(pk=incident.pk),
        to=make.department(to),
        reason=Reason.CAUSED_ELSEWHERE,
        words="Wrong address.",
        expected="",
        share=share,
        acting_person=person,
    )


def reported() -> Incident:
    """An incident whose record begins as it should."""
    incident = make.incident()
    incident.events.create(verb="reported", details={"department_id": incident.department_id}, at=make.ago(days=1))
    return Incident.objects.get(pk=incident.pk)


Step = Callable[[Incident, Person, Person], tuple[Incident, Person]]


def _accepted(incident: Incident, giver: Person, taker: Person) -> tuple[Incident, Person]:
    return accept(incident=incident, acting_person=giver), giver


def _assigned(incident: Incident, giver: Person, taker: Person) -> tuple[Incident, Person]:
    return assign(incident=incident, assignee=giver, acting_person=giver), giver


def _resolved(incident: Incident, giver: Person, taker: Person) -> tuple[Incident, Person]:
    cause = make.cause(incident.department)
    return resolve(incident=incident, resolution="Sent again.", cause=cause, acting_person=giver), giver


def _handed_off(incident: Incident, giver: Person, taker: Person) -> tuple[Incident, Person]:
    return ask(incident, giver).incident, giver


@pytest.mark.parametrize("step", [_accepted, _assigned, _resolved, _handed_off])
def test_a_step_is_taken_back_and_stays_on_record(step: Step) -> None:
    incident = reported()
    giver, taker = make.head(incident.department), make.head(make.department("billing"))
    before = state_of(incident)
    done, person = step(incident, giver, taker)
    assert state_of(incident) != before
    assert taken_back(done, person).refused == []
    assert state_of(incident) == before
    assert incident.events.count() == 3
    assert breaches() == []


@pytest.mark.parametrize("answer", [Answer.ACCEPTED, Answer.RETURNED, Answer.WITHDRAWN])
def test_an_answer_to_a_hand_off_is_taken_back_and_it_is_asked_again(answer: Answer) -> None:
    incident = reported()
    giver, taker = make.head(incident.department), make.head(make.department("billing"))
    proposal = ask(incident, giver, share=0.6)
    before = state_of(incident)
    if answer == Answer.ACCEPTED:
        accept_hand_off(hand_off=proposal, words="", acting_person=taker)
    elif answer == Answer.RETURNED:
        return_hand_off(hand_off=proposal, words="No.", acting_person=taker)
    else:
        withdraw_hand_off(hand_off=proposal, acting_person=giver)
    person = giver if answer == Answer.WITHDRAWN else taker
    assert len(taken_back(incident, person).incidents) == 1
    proposal.refresh_from_db()
    assert (proposal.answer, proposal.answered_at) == (Answer.PENDING, None)
    assert state_of(incident) == before
    assert breaches() == []
    accept_hand_off(hand_off=proposal, words="After all.", acting_person=taker)
    assert breaches() == []


def test_reopening_is_taken_back() -> None:
    incident = reported()
    head = make.head(incident.department)
    resolve(incident=incident, resolution="Sent again.", cause=None, acting_person=head)
    before = state_of(incident)
    reopen(incident=incident, words="It was not.", acting_person=head)
    taken_back(incident, head)
    assert state_of(incident) == before


def test_what_somebody_acted_on_since_is_not_taken_back() -> None:
    incident = reported()
    head, other = make.head(incident.department), make.head(incident.department, name="Ana Reed")
    batch = undo_of([accept(incident=incident, acting_person=head)], head)
    assign(incident=incident, assignee=other, acting_person=other)
    assert batch is not None
    undone = undo(batch=batch, acting_person=head)
    assert undone.incidents == []
    assert "Ana Reed: assigned" in undone.refused[0].sentence
    assert Incident.objects.get(pk=incident.pk).state == State.IN_WORK


def test_ten_seconds_later_it_stays() -> None:
    incident = reported()
    head = make.head(incident.department)
    batch = undo_of([accept(incident=incident, acting_person=head)], head)
    UndoPoint.objects.update(done_at=F("done_at") - datetime.timedelta(seconds=20))
    assert batch is not None
    undone = undo(batch=batch, acting_person=head)
    assert "10 seconds" in undone.refused[0].sentence
    assert Incident.objects.get(pk=incident.pk).state == State.IN_WORK


def test_nobody_takes_back_what_another_did() -> None:
    incident = reported()
    head, other = make.head(incident.department), make.head(incident.department)
    batch = undo_of([accept(incident=incident, acting_person=head)], head)
    assert batch is not None
    with pytest.raises(Invalid):
        undo(batch=batch, acting_person=other)


def test_a_bulk_deed_is_taken_back_at_once_but_for_what_others_changed() -> None:
    incidents = [reported() for _ in range(3)]
    head = make.head(incidents[0].department)
    outcome = accept_all(incidents=incidents, acting_person=head)
    assert len(outcome.done) == 3
    assert outcome.undo is not None
    assign(incident=outcome.done[1], assignee=head, acting_person=head)
    undone = undo(batch=outcome.undo, acting_person=head)
    assert [one.state for one in undone.incidents] == [State.NEW, State.NEW]
    assert [refusal.incident for refusal in undone.refused] == [incidents[1]]


def test_of_a_bulk_deed_each_refusal_says_why() -> None:
    ready, done = reported(), reported()
    head = make.head(ready.department)
    accept(incident=done, acting_person=head)
    outcome = accept_all(incidents=[ready, done], acting_person=head)
    assert (outcome.done, [type(refusal.error) for refusal in outcome.refused]) == ([ready], [Overtaken])
    assert "in work" in outcome.refused[0].sentence


def pair() -> tuple[Incident, Incident, Person]:
    """Two incidents at one account, and the head of their department."""
    kept = reported()
    twin = make.incident(kept.account, title="Late again")
    twin.events.create(verb="reported", details={"department_id": twin.department_id}, at=make.ago(days=1))
    return kept, Incident.objects.get(pk=twin.pk), make.head(kept.department)


def test_a_duplicate_points_to_the_one_kept_and_weighs_nothing() -> None:
    kept, twin, head = pair()
    merge(incident=twin, into=kept, acting_person=head)
    twin.refresh_from_db()
    assert (twin.state, twin.merged_into) == (State.RESOLVED, kept)
    assert [part.share for part in twin.responsibilities.all()] == [0.0]
    assert [part.share for part in kept.responsibilities.all()] == [1.0]
    assert list(kept.events.values_list("verb", flat=True)) == ["reported", "took_in"]
    assert breaches() == []


def test_merging_is_taken_back_with_its_shares() -> None:
    kept, twin, head = pair()
    before = state_of(twin)
    outcome = merge_all(incidents=[kept, twin], into=kept, acting_person=head)
    assert outcome.undo is not None
    undo(batch=outcome.undo, acting_person=head)
    assert state_of(twin) == before
    assert breaches() == []


def test_what_is_no_duplicate_is_not_merged() -> None:
    kept, twin, head = pair()
    elsewhere = reported()
    other_department = make.incident(kept.account, shares={make.department("billing"): 1.0})
    merge(incident=twin, into=kept, acting_person=head)
    for duplicate, into, error in [
        (kept, kept, Invalid),
        (elsewhere, kept, Invalid),
        (kept, other_department, Invalid),
        (kept, twin, Conflict),
    ]:
        with pytest.raises(error):
            merge(incident=Incident.objects.get(pk=duplicate.pk), into=into, acting_person=head)


def test_the_database_keeps_merged_incidents_resolved() -> None:
    kept, twin, _ = pair()
    with pytest.raises(IntegrityError, match="merged_incidents_are_resolved"), transaction.atomic():
        Incident.objects.filter(pk=twin.pk).update(merged_into=kept)
    with pytest.raises(IntegrityError, match="no_incident_is_merged_into_itself"), transaction.atomic():
        Incident.objects.filter(pk=twin.pk).update(merged_into=twin, state=State.RESOLVED, resolved_at=make.ago(days=0))


@pytest.mark.django_db(transaction=True)
def test_of_two_merges_into_each_other_at_once_one_is_done() -> None:
    for _ in range(4):
        kept, twin, head = pair()
        mine = [Incident.objects.select_related("department").get(pk=one.pk) for one in (kept, twin, kept, twin)]
        results = together(
            partial(merge, incident=mine[0], into=mine[1], acting_person=head),
            partial(merge, incident=mine[3], into=mine[2], acting_person=head),
        )
        assert len(refusals(results)) == 1
        assert Incident.objects.filter(merged_into__isnull=False, account=kept.account).count() == 1
        assert breaches() == []


@pytest.mark.django_db(transaction=True)
def test_undo_and_the_next_step_at_once_leave_one_of_them() -> None:
    for _ in range(4):
        incident = reported()
        head, other = make.head(incident.department), make.head(incident.department)
        batch = undo_of([accept(incident=incident, acting_person=head)], head)
        assert batch is not None
        copy = Incident.objects.select_related("department").get(pk=incident.pk)
        results = together(
            partial(undo, batch=batch, acting_person=head),
            partial(resolve, incident=copy, resolution="Done.", cause=None, acting_person=other),
        )
        undone = [result for result in results if isinstance(result, Undone)]
        state = Incident.objects.get(pk=incident.pk).state
        assert state == (State.NEW if undone[0].incidents else State.RESOLVED)
        assert breaches() == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["accept", "assign", "ask", "take", "return", "resolve", "reopen", "undo"]), max_size=9)
)
def test_whatever_is_done_and_taken_back_the_record_holds(steps: list[str]) -> None:
    with transaction.atomic():
        incident = reported()
        giver, taker = make.head(incident.department), make.head(make.department("billing"))
        for step in steps:
            try:
                _do(step, incident, giver, taker)
            except ActionError:
                continue
        assert breaches() == []
        transaction.set_rollback(True)


def _do(step: str, incident: Incident, giver: Person, taker: Person) -> None:
    now = Incident.objects.select_related("department", "friction_type").get(pk=incident.pk)
    holder = giver if now.department == giver.department else taker
    pending = HandOff.objects.pending().filter(incident=now).first()
    if step == "undo":
        for person in (giver, taker):
            if batch := undo_of([now], person):
                undo(batch=batch, acting_person=person)
                return
    elif step == "ask":
        ask(now, holder, "legal" if holder == taker else "billing")
    elif step in ("take", "return") and pending is not None:
        person = taker if pending.to_department == taker.department else make.head(pending.to_department)
        act = accept_hand_off if step == "take" else return_hand_off
        act(hand_off=pending, words="So.", acting_person=person)
    elif step == "accept":
        accept(incident=now, acting_person=holder)
    elif step == "assign":
        assign(incident=now, assignee=holder, acting_person=holder)
    elif step == "resolve":
        resolve(incident=now, resolution="Done.", cause=None, acting_person=holder)
    elif step == "reopen":
        reopen(incident=now, words="Not so.", acting_person=holder)
