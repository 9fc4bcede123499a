"""The hours for which another department was asked are not those of the one that asked."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from departments.actions.handoffs import (
    accept_hand_off,
    counter_offer,
    given_back,
    return_hand_off,
    withdraw_hand_off,
)
from departments.actions.several import accept_all
from departments.clocks import Calendar, calendar_of
from departments.models import Department, HandOff, Incident, State
from tests import make

pytestmark = pytest.mark.django_db
ASKED_FOR = datetime.timedelta(days=14)
LEFT_WHEN_ASKED = datetime.timedelta(days=7)


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


def asked_long_ago(shipping: Department, billing: Department, **fields: object) -> tuple[Incident, HandOff]:
    """An incident of shipping's about which billing was asked two weeks ago, one week before it was due."""
    asked_at = timezone.now() - ASKED_FOR
    due_at = asked_at + LEFT_WHEN_ASKED
    incident = make.incident(
        shares={shipping: 1.0},
        state=State.WAITING,
        happened_at=asked_at - datetime.timedelta(days=2),
        answer_due_at=due_at,
        resolve_due_at=due_at,
    )
    incident.events.create(verb="handed_off", words="Theirs.", details={"state_before": "in_work"})
    return incident, make.hand_off(incident, billing, proposed_at=asked_at, **fields)


def hours(department: Department, since: datetime.datetime, until: datetime.datetime) -> float:
    return calendar_of(department).working_hours_between(since, until)


def returned(asked: HandOff, billing: Department) -> None:
    return_hand_off(hand_off=asked, words="Not ours.", acting_person=make.head(billing))


def withdrawn(asked: HandOff, billing: Department) -> None:
    withdraw_hand_off(hand_off=asked, acting_person=make.head(asked.from_department))


def countered(asked: HandOff, billing: Department) -> None:
    counter_offer(hand_off=asked, share=0.25, words="A part.", acting_person=make.head(billing))


def accepted(asked: HandOff, billing: Department) -> None:
    accept_hand_off(hand_off=asked, words="", acting_person=make.head(billing))


def accepted_with_others(asked: HandOff, billing: Department) -> None:
    accept_all(incidents=[asked.incident], acting_person=make.head(billing))


@pytest.mark.parametrize(
    ("answer", "share"),
    [(returned, 1.0), (withdrawn, 1.0), (countered, 1.0), (accepted, 0.25), (accepted_with_others, 0.25)],
)
def test_whoever_asked_has_as_many_hours_left_as_before(
    shipping: Department, billing: Department, answer: Callable[[HandOff, Department], None], share: float
) -> None:
    incident, asked = asked_long_ago(shipping, billing, share=share)
    left = hours(shipping, asked.proposed_at, incident.resolve_due_at)
    answer(asked, billing)
    incident.refresh_from_db()
    assert incident.department == shipping
    assert hours(shipping, timezone.now(), incident.resolve_due_at) == pytest.approx(left, abs=0.01)


def test_who_answers_a_counter_offer_is_given_back_nothing_more(shipping: Department, billing: Department) -> None:
    incident, asked = asked_long_ago(shipping, billing)
    countered(asked, billing)
    incident.refresh_from_db()
    counter, due_at = incident.hand_offs.latest("pk"), incident.resolve_due_at
    HandOff.objects.filter(pk=counter.pk).update(proposed_at=timezone.now() - datetime.timedelta(days=3))
    counter.refresh_from_db()
    return_hand_off(hand_off=counter, words="All of it.", acting_person=make.head(shipping))
    incident.refresh_from_db()
    assert incident.resolve_due_at == due_at


def test_what_was_past_due_when_it_was_asked_about_stays_so(shipping: Department, billing: Department) -> None:
    _, asked = asked_long_ago(shipping, billing)
    past = asked.proposed_at - datetime.timedelta(minutes=1)
    assert given_back(past, asked, Calendar(calendar_of(shipping).zone), timezone.now()) == past
