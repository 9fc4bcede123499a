"""What is looked up of others' incidents holds all that concerns a department, however it came to."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from departments import reach
from departments.actions.waits import wait
from departments.models import Incident, Responsibility, Role, State, WaitedFor, WaitReason
from tests import make
from tests.populated import populate
from tests.retention.api.calls import Caller, ids

pytestmark = pytest.mark.django_db


def held(**fields: Any) -> Incident:
    """Make one that billing holds and answers for."""
    return make.incident(shares={make.department("billing"): 1.0}, **fields)


def with_a_part() -> Incident:
    return make.incident(shares={make.department("billing"): 0.6, make.department("shipping"): 0.4})


def given_away() -> Incident:
    return make.incident(shares={make.department("billing"): 1.0, make.department("shipping"): 0.0})


def answered_for_alone() -> Incident:
    """Make one that was resolved before it was ruled that the other department answers for all of it."""
    shares = {make.department("billing"): 0.0, make.department("shipping"): 1.0}
    return make.incident(shares=shares, department=make.department("billing"), state=State.RESOLVED)


def reported() -> Incident:
    return held(reporting_department=make.department("shipping"))


def asked_for() -> Incident:
    incident = held()
    make.hand_off(incident, make.department("shipping"), answer="returned")
    make.hand_off(incident, make.department("shipping"))
    return incident


def waiting_for_it() -> Incident:
    incident = held(state=State.IN_WORK)
    shipping, tomorrow = make.department("shipping"), timezone.localdate() + datetime.timedelta(days=1)
    wait(
        incident=incident,
        waited_for=WaitedFor.DEPARTMENT,
        department=shipping,
        name="",
        reason=WaitReason.ANSWER,
        words="Which carrier?",
        expected_on=tomorrow,
        acting_person=make.member(make.department("billing")),
    )
    return incident


WAYS: tuple[Callable[[], Incident], ...] = (
    with_a_part,
    given_away,
    answered_for_alone,
    reported,
    asked_for,
    waiting_for_it,
)


@pytest.fixture
def concerned() -> set[str]:
    """Make others' incidents that concern shipping in each way, and some that do not."""
    for _ in range(3):
        held()
        make.incident(shares={make.department("legal"): 1.0})
        make.incident(shares={make.department("shipping"): 1.0})
    return {str(way().public_id) for way in WAYS}


def as_the_rule_has_it(head: Any, **fits: Any) -> set[str]:
    return {str(one.public_id) for one in Incident.objects.filter(**fits).visible_to(head)}


@pytest.mark.parametrize("most", [reach.MOST, 2])
def test_a_head_is_given_all_of_anothers_that_they_may_see(
    concerned: set[str], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "MOST", most)
    head = make.head(make.department("shipping"))
    found = set(ids(Caller(head).get("/incidents", department="billing")))
    assert found == concerned == as_the_rule_has_it(head, department__slug="billing")


@pytest.mark.parametrize("most", [reach.MOST, 2])
def test_a_head_is_given_all_that_another_answers_for(
    concerned: set[str], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "MOST", most)
    head = make.head(make.department("shipping"))
    fits = {"responsibilities__department__slug": "billing", "responsibilities__share__gt": 0}
    found = set(ids(Caller(head).get("/incidents", answers="billing")))
    assert found == as_the_rule_has_it(head, **fits)
    assert len(found) == len(WAYS) - 1


def test_nothing_else_is_looked_up(concerned: set[str]) -> None:
    keys = reach.reach_beyond(make.department("shipping").pk, make.department("billing").pk)
    assert keys is not None
    assert {str(one.public_id) for one in Incident.objects.filter(pk__in=keys)} == concerned


def test_too_many_are_not_looked_up(concerned: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    departments = make.department("shipping").pk, make.department("billing").pk
    monkeypatch.setattr(reach, "MOST", len(WAYS))
    assert len(reach.reach_beyond(*departments) or ()) == len(WAYS)
    monkeypatch.setattr(reach, "MOST", len(WAYS) - 1)
    assert reach.reach_beyond(*departments) is None


@pytest.mark.parametrize(("name", "all_of_its_own"), [("department", 9), ("answers", 8)])
def test_others_are_narrowed_as_before(concerned: set[str], name: str, all_of_its_own: int) -> None:
    executive, own = Caller(make.person(Role.EXECUTIVE)), Caller(make.head(make.department("billing")))
    assert len(ids(executive.get("/incidents", **{name: "legal"}))) == 3
    assert len(ids(own.get("/incidents", **{name: "billing"}))) == all_of_its_own
    assert ids(executive.get("/incidents", **{name: "nobody"})) == []


def test_whoever_holds_an_incident_has_a_row_among_those_who_answer() -> None:
    populate(2)
    told = Responsibility.objects.filter(department=F("incident__department")).order_by().values("incident")
    assert Incident.objects.exists()
    assert not Incident.objects.exclude(pk__in=told).exists()
