"""Each deed by two people in the same moment, on two real connections: one is done, the other is told who was first."""

from collections.abc import Callable
from functools import partial

import pytest

from accounts.errors import ActionError, Conflict
from departments.actions.disputes import open_ruling
from departments.actions.grading import contest, regrade
from departments.actions.handoffs import accept_hand_off, counter_offer, hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import accept, assign, reopen, resolve
from departments.actions.rulings import ask_for_ruling, rule
from departments.models import HandOff, Incident, Person, Reason, Role, Ruling, State
from departments.records import breaches
from tests import make
from tests.departments.test_undo import ask, reported
from tests.together import refusals, together

pytestmark = pytest.mark.django_db(transaction=True)
Deed = Callable[[Incident, Person], object]


def proposal_of(incident: Incident) -> HandOff:
    return HandOff.objects.select_related("incident__department").get(incident=incident)


def regraded(incident: Incident, person: Person) -> object:
    kind = incident.friction_type
    return regrade(incident=incident, friction_type=kind, severity=0.2, words="Slight.", acting_person=person)


def asked_on(incident: Incident, person: Person) -> object:
    return hand_off(
        incident=incident,
        to=make.department("legal"),
        reason=Reason.CAUSED_ELSEWHERE,
        words="Theirs.",
        expected="",
        share=1.0,
        acting_person=person,
    )


def ruled(incident: Incident, person: Person) -> object:
    shares = {make.department("shipping"): 0.5, make.department("billing"): 0.5}
    ruling = Ruling.objects.select_related("incident").get(incident=incident)
    return rule(ruling=ruling, shares=shares, words="So.", regrading_stands=None, acting_person=person)


HOLDERS: dict[str, Deed] = {
    "accept": lambda one, person: accept(incident=one, acting_person=person),
    "assign": lambda one, person: assign(incident=one, assignee=person, acting_person=person),
    "resolve": lambda one, person: resolve(incident=one, resolution="Done.", cause=None, acting_person=person),
    "hand off": asked_on,
    "regrade": regraded,
}
ASKED: dict[str, Deed] = {
    "take": lambda one, person: accept_hand_off(hand_off=proposal_of(one), words="", acting_person=person),
    "return": lambda one, person: return_hand_off(hand_off=proposal_of(one), words="No.", acting_person=person),
    "counter": lambda one, person: counter_offer(
        hand_off=proposal_of(one), share=0.3, words="Less.", acting_person=person
    ),
}


def at_once(deed: Deed, incident: Incident, first: Person, second: Person) -> list[ActionError]:
    copies = [
        Incident.objects.select_related("department", "friction_type", "account").get(pk=incident.pk) for _ in range(2)
    ]
    results = together(*(partial(deed, copy, one) for copy, one in zip(copies, (first, second), strict=True)))
    assert breaches() == []
    return refusals(results)


def assert_one_is_told(refused: list[ActionError]) -> None:
    assert [type(refusal) for refusal in refused] == [Conflict]
    assert str(refused[0]).endswith(".")


@pytest.mark.parametrize("name", HOLDERS)
def test_of_two_heads_who_hold_it_one_does_it(name: str) -> None:
    incident = reported()
    heads = [make.head(incident.department) for _ in range(2)]
    assert_one_is_told(at_once(HOLDERS[name], incident, *heads))


@pytest.mark.parametrize("name", ASKED)
def test_of_two_heads_who_are_asked_one_answers(name: str) -> None:
    incident = reported()
    ask(incident, make.head(incident.department))
    heads = [make.head(make.department("billing")) for _ in range(2)]
    assert_one_is_told(at_once(ASKED[name], incident, *heads))


def test_of_two_who_ask_no_longer_one_does() -> None:
    incident = reported()
    heads = [make.head(incident.department) for _ in range(2)]
    ask(incident, heads[0])

    def withdrawn(one: Incident, person: Person) -> object:
        return withdraw_hand_off(hand_off=proposal_of(one), acting_person=person)

    assert_one_is_told(at_once(withdrawn, incident, *heads))


def test_of_two_who_reopen_it_one_does() -> None:
    incident = reported()
    heads = [make.head(incident.department) for _ in range(2)]
    resolve(incident=incident, resolution="Done.", cause=None, acting_person=heads[0])

    def opened(one: Incident, person: Person) -> object:
        return reopen(incident=one, words="Not so.", acting_person=person)

    assert_one_is_told(at_once(opened, incident, *heads))
    assert Incident.objects.get(pk=incident.pk).reopened == 1


def test_of_two_who_contest_a_grade_one_does() -> None:
    incident = reported()
    reporter = make.head(make.department("billing"))
    Incident.objects.filter(pk=incident.pk).update(reporter=reporter, reporting_department=reporter.department)
    regraded(Incident.objects.select_related("department").get(pk=incident.pk), make.head(incident.department))

    def contested(one: Incident, person: Person) -> object:
        return contest(incident=one, words="It was grave.", acting_person=person)

    refused = at_once(contested, incident, reporter, reporter)
    assert len(refused) == 1
    assert Ruling.objects.filter(incident=incident).count() == 1


def test_of_two_who_ask_for_a_ruling_one_does() -> None:
    incident = reported()
    giver, taker = make.head(incident.department), make.head(make.department("billing"))
    ask(incident, giver)
    return_hand_off(hand_off=proposal_of(incident), words="No.", acting_person=taker)

    def to_an_executive(one: Incident, person: Person) -> object:
        return ask_for_ruling(incident=one, words="Whose?", acting_person=person)

    assert_one_is_told(at_once(to_an_executive, incident, giver, taker))
    assert Ruling.objects.open().filter(incident=incident).count() == 1


def test_of_two_executives_who_rule_one_does() -> None:
    incident = reported()
    Incident.objects.filter(pk=incident.pk).update(state=State.DISPUTED)
    incident.events.create(verb="returned", details={})
    open_ruling(incident, "Whose?", None)
    executives = [make.person(Role.EXECUTIVE) for _ in range(2)]
    assert_one_is_told(at_once(ruled, incident, *executives))
