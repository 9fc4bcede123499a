"""Deeds over many incidents: the same as one by one, in the same number of statements however many there are."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.handoffs import accept_hand_off, hand_off
from departments.actions.incidents import accept, assign, resolve
from departments.actions.merging import merge_all
from departments.actions.outcome import Outcome, told
from departments.actions.problems import link_all, link_incident, open_problem
from departments.actions.rulings import ask_for_ruling
from departments.actions.several import accept_all, assign_all, hand_off_all, resolve_all
from departments.actions.undo import undo
from departments.models import HandOff, Incident, Person, Problem, Reason, Ruling, RulingState, State
from departments.records import breaches
from tests import make
from tests.departments.test_undo import ask, pair, reported, state_of
from tests.together import together

pytestmark = pytest.mark.django_db
Deed = Callable[[list[Incident], Person], Outcome]


def fresh(incidents: list[Incident]) -> list[Incident]:
    found = Incident.objects.select_related("department", "friction_type", "account").in_bulk()
    return [found[incident.pk] for incident in incidents]


def accept_them(incidents: list[Incident], person: Person) -> Outcome:
    return accept_all(incidents=incidents, acting_person=person)


def assign_them(incidents: list[Incident], person: Person) -> Outcome:
    return assign_all(incidents=incidents, assignee=person, acting_person=person)


def resolve_them(incidents: list[Incident], person: Person) -> Outcome:
    return resolve_all(incidents=incidents, resolution="Sent again.", cause=None, acting_person=person)


def hand_them_off(incidents: list[Incident], person: Person) -> Outcome:
    return hand_off_all(
        incidents=incidents,
        to=make.department("billing"),
        reason=Reason.CAUSED_ELSEWHERE,
        words="Wrong address.",
        expected="",
        share=0.4,
        acting_person=person,
    )


def merge_them(incidents: list[Incident], person: Person) -> Outcome:
    return merge_all(incidents=incidents, into=incidents[0], acting_person=person)


def link_them(incidents: list[Incident], person: Person) -> Outcome:
    return link_all(incidents=incidents, problem=a_problem(person), acting_person=person)


def a_problem(head: Person) -> Problem:
    """Return an open problem of the department, with an incident of its own."""
    known = Problem.objects.open().filter(department=head.department).first()
    return known or open_problem(
        title="The gate",
        description="",
        department=head.department or make.department(),
        friction_type=None,
        incidents=fresh([reported()]),
        acting_person=head,
    )


def one_by_one(deed: Deed, incident: Incident, person: Person) -> None:
    if deed is accept_them:
        accept(incident=incident, acting_person=person)
    elif deed is assign_them:
        assign(incident=incident, assignee=person, acting_person=person)
    elif deed is resolve_them:
        resolve(incident=incident, resolution="Sent again.", cause=None, acting_person=person)
    elif deed is link_them:
        link_incident(incident=incident, problem=a_problem(person), acting_person=person)
    else:
        hand_off(
            incident=incident,
            to=make.department("billing"),
            reason=Reason.CAUSED_ELSEWHERE,
            words="Wrong address.",
            expected="",
            share=0.4,
            acting_person=person,
        )


def timeless(incident: Incident) -> tuple[object, ...]:
    """What a deed leaves behind, but for the moments at which it was done."""
    now = Incident.objects.get(pk=incident.pk)
    last = now.events.latest("at", "pk")
    details = {name: value for name, value in last.details.items() if name != "hand_off"}
    shares = sorted(now.responsibilities.values_list("department__slug", "share", "is_provisional"))
    columns = (now.state, now.department_id, now.assignee_id, now.resolution, now.version, now.answered_at is None)
    return (*columns, last.verb, last.words, details, shares)


@pytest.mark.parametrize("deed", [accept_them, assign_them, resolve_them, hand_them_off, link_them])
def test_many_at_once_end_as_one_by_one(deed: Deed) -> None:
    together_, alone = [reported(), reported()], reported()
    head = make.head(alone.department)
    outcome = deed(fresh(together_), head)
    one_by_one(deed, fresh([alone])[0], head)
    assert len(outcome.done) == 2
    assert {str(timeless(incident)) for incident in together_} == {str(timeless(alone))}
    assert breaches() == []


def test_what_others_hand_over_is_taken_among_what_one_holds() -> None:
    own, alone, whole, part = (reported() for _ in range(4))
    giver, taker = make.head(own.department), make.head(make.department("billing"))
    for incident, share in ((whole, 1.0), (part, 0.4), (alone, 1.0)):
        ask(incident, giver, share=share)
    proposal = HandOff.objects.select_related("incident").get(incident=alone)
    accept_hand_off(hand_off=proposal, words="", acting_person=taker)
    outcome = accept_all(incidents=fresh([own, whole, part]), acting_person=taker)
    assert [one.pk for one in outcome.done] == [whole.pk, part.pk]
    assert timeless(whole) == timeless(alone)
    part.refresh_from_db()
    assert (part.department.slug, sorted(part.responsibilities.values_list("share", flat=True))) == (
        "shipping",
        [0.4, 0.6],
    )
    assert isinstance(outcome.refused[0].error, NotAllowed)
    assert breaches() == []


@pytest.mark.parametrize("deed", [accept_them, assign_them, resolve_them, hand_them_off, merge_them, link_them])
def test_the_statements_do_not_grow_with_the_incidents(deed: Deed) -> None:
    make.department("billing")
    counts = []
    for size in (3, 12):
        account = make.account()
        incidents = [make.incident(account) for _ in range(size)]
        head = make.head(incidents[0].department)
        accept_all(incidents=fresh(incidents[-1:]), acting_person=head)
        a_problem(head)
        with CaptureQueriesContext(connection) as doing:
            outcome = deed(fresh(incidents), head)
        assert outcome.undo is not None
        with CaptureQueriesContext(connection) as undoing:
            undone = undo(batch=outcome.undo, acting_person=head)
        assert len(undone.incidents) == len(outcome.done) >= size - 1
        counts.append((len(doing), len(undoing)))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("deed", [accept_them, assign_them, resolve_them, hand_them_off, merge_them, link_them])
def test_all_of_it_is_taken_back_at_once(deed: Deed) -> None:
    first, twin, head = pair()
    before = [state_of(first), state_of(twin)]
    outcome = deed(fresh([first, twin]), head)
    assert outcome.undo is not None
    assert breaches() == []
    undone = undo(batch=outcome.undo, acting_person=head)
    assert len(undone.incidents) == len(outcome.done)
    assert [state_of(first), state_of(twin)] == before
    assert breaches() == []


def test_opening_a_problem_takes_as_many_statements_for_many_incidents_as_for_few() -> None:
    counts = []
    for size in (3, 12):
        account = make.account()
        incidents = [make.incident(account) for _ in range(size)]
        head = make.head(incidents[0].department)
        with CaptureQueriesContext(connection) as opening:
            open_problem(
                title="The gate",
                description="",
                department=incidents[0].department,
                friction_type=None,
                incidents=fresh(incidents),
                acting_person=head,
            )
        counts.append(len(opening))
        assert Incident.objects.filter(account=account, problem__isnull=False).count() == size
    assert counts[0] == counts[1]


def test_what_cannot_be_linked_is_left_and_the_others_are_linked() -> None:
    free, taken, merged, foreign = (reported() for _ in range(4))
    head = make.head(free.department)
    problem, other = a_problem(head), make.head(make.department("billing"))
    another = open_problem(
        title="Another",
        description="",
        department=free.department,
        friction_type=None,
        incidents=fresh([taken]),
        acting_person=head,
    )
    Incident.objects.filter(pk=merged.pk).update(
        merged_into=taken, state=State.RESOLVED, resolved_at=timezone.now(), resolution="The same."
    )
    outcome = link_all(incidents=fresh([free, taken, merged]), problem=problem, acting_person=head)
    assert [one.pk for one in outcome.done] == [free.pk]
    assert [str(refusal.error) for refusal in outcome.refused] == [
        "It belongs to another problem: take it out of that one first.",
        "It was merged into another incident: link that one.",
    ]
    refused = link_all(incidents=fresh([foreign]), problem=another, acting_person=other)
    assert (refused.is_forbidden, len(refused.refused)) == (True, 1)
    assert problem.events.filter(verb="incident_linked").count() == 1


def test_taking_over_is_taken_back_with_shares_and_question() -> None:
    incidents = [reported(), reported()]
    giver, taker = make.head(incidents[0].department), make.head(make.department("billing"))
    for incident in incidents:
        ask(incident, giver)
    before = [state_of(incident) for incident in incidents]
    outcome = accept_all(incidents=fresh(incidents), acting_person=taker)
    assert outcome.undo is not None
    undo(batch=outcome.undo, acting_person=taker)
    assert [state_of(incident) for incident in incidents] == before
    assert HandOff.objects.pending().count() == 2
    assert breaches() == []


def test_what_was_not_done_is_told_by_reasons_and_who_was_first() -> None:
    ready, first, second, elsewhere = (reported() for _ in range(4))
    head, other = make.head(ready.department), make.head(ready.department, name="Ana Reed")
    for incident in (first, second):
        accept(incident=fresh([incident])[0], acting_person=other)
    ask(elsewhere, other)
    outcome = accept_all(incidents=fresh([ready, first, second, elsewhere]), acting_person=head)
    sentence = told(outcome, "accepted", head)
    assert sentence.startswith("1 accepted, 3 not: 2 already accepted by Ana Reed (“")
    assert "; 1 already handed off by Ana Reed (“" in sentence
    assert "Ana Reed: accepted" in outcome.refused[0].sentence


def test_a_dispute_that_the_holder_accepts_needs_no_ruling_any_more() -> None:
    incident = reported()
    head = make.head(incident.department)
    Incident.objects.filter(pk=incident.pk).update(state=State.DISPUTED)
    ruling = ask_for_ruling(incident=fresh([incident])[0], words="Whose?", acting_person=head)
    outcome = accept_all(incidents=fresh([incident]), acting_person=head)
    assert Ruling.objects.get(pk=ruling.pk).state == RulingState.SETTLED
    assert outcome.undo is not None
    undo(batch=outcome.undo, acting_person=head)
    assert Ruling.objects.get(pk=ruling.pk).state == RulingState.OPEN


def test_what_waits_for_a_ruling_is_not_handed_on_with_the_rest() -> None:
    ready, disputed = reported(), reported()
    head = make.head(ready.department)
    Incident.objects.filter(pk=disputed.pk).update(state=State.DISPUTED)
    ask_for_ruling(incident=fresh([disputed])[0], words="Whose?", acting_person=head)
    outcome = hand_them_off(fresh([ready, disputed]), head)
    assert ([one.pk for one in outcome.done], [type(one.error) for one in outcome.refused]) == ([ready.pk], [Conflict])
    assert "ruling" in outcome.refused[0].sentence


def test_resolving_needs_words_and_a_cause_of_the_own_department() -> None:
    incident = reported()
    head, foreign = make.head(incident.department), make.cause(make.department("billing"))
    for resolution, cause in ((" ", None), ("Done.", foreign)):
        outcome = resolve_all(incidents=fresh([incident]), resolution=resolution, cause=cause, acting_person=head)
        assert [type(one.error) for one in outcome.refused] == [Invalid]


def test_five_hundred_are_done_and_taken_back() -> None:
    account = make.account()
    incidents = [make.incident(account) for _ in range(500)]
    head = make.head(incidents[0].department)
    outcome = accept_all(incidents=fresh(incidents), acting_person=head)
    assert told(outcome, "accepted", head) == "500 accepted."
    assert outcome.undo is not None
    assert len(undo(batch=outcome.undo, acting_person=head).incidents) == 500
    assert Incident.objects.filter(state=State.NEW).count() == 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", [accept_them, resolve_them, hand_them_off, merge_them])
def test_of_two_sets_at_once_each_incident_is_in_one(deed: Deed) -> None:
    for _ in range(3):
        account = make.account()
        incidents = [reported_at(account) for _ in range(4)]
        heads = [make.head(incidents[0].department) for _ in range(2)]
        copies = [fresh(incidents), fresh(incidents)[::-1]]
        outcomes = [
            result
            for result in together(*(partial(deed, copy, head) for copy, head in zip(copies, heads, strict=True)))
            if isinstance(result, Outcome)
        ]
        done = [incident.pk for outcome in outcomes for incident in outcome.done]
        assert len(outcomes) == 2
        assert len(done) == len(set(done)) >= len(incidents) - 1
        refused = [one.sentence for outcome in outcomes for one in outcome.refused]
        assert all("Somebody was first." in one or "The one to be kept" in one for one in refused)
        assert breaches() == []


def reported_at(account: Account) -> Incident:
    incident = make.incident(account)
    incident.events.create(verb="reported", details={"department_id": incident.department_id}, at=make.ago(days=1))
    return incident
