"""Deadlines that draw near or have passed: told once each, to whoever has to know."""

import datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from departments.models import Incident, Person, Reminder, Role, State
from departments.reminding import remind
from retention.notifications.reminders import send_reminders
from tests import make
from tests.together import together

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("Europe/London"))


def due(hours: float, **fields: object) -> Incident:
    moment = NOW + datetime.timedelta(hours=hours)
    return make.incident(due_at=moment, happened_at=NOW - datetime.timedelta(days=9), **fields)  # type: ignore[arg-type]  # passed on


def told(incident: Incident) -> set[tuple[Person, str]]:
    return {(one.person, one.kind) for one in Reminder.objects.filter(incident=incident)}


def test_before_a_deadline_the_heads_and_whoever_works_on_it_are_told_once() -> None:
    shipping = make.department("shipping")
    head, member = make.head(shipping), make.member(shipping)
    make.head(make.department("billing"))
    make.person(Role.EXECUTIVE)
    near, far = due(3, assignee=member), due(9)
    assert remind(NOW) == 1
    assert remind(NOW + datetime.timedelta(minutes=5)) == 0
    assert told(near) == {(head, "soon"), (member, "soon")}
    assert told(far) == set()
    assert list(near.events.values_list("verb", flat=True)) == ["reminded"]


def test_after_a_deadline_it_goes_up_to_the_executives() -> None:
    head, executive = make.head(make.department("shipping")), make.person(Role.EXECUTIVE)
    late = due(-1)
    remind(NOW)
    assert told(late) == {(head, "late"), (executive, "late")}
    assert list(late.events.values_list("verb", flat=True)) == ["escalated"]


def test_the_asked_department_is_told_of_what_it_has_to_answer() -> None:
    billing = make.department("billing")
    make.head(make.department("shipping"))
    asked_head = make.head(billing)
    waiting = due(2, state=State.WAITING)
    make.hand_off(waiting, billing)
    remind(NOW)
    assert told(waiting) == {(asked_head, "soon")}


def test_a_new_deadline_is_told_anew_and_what_is_resolved_is_not() -> None:
    make.head(make.department("shipping"))
    incident, done = due(3), due(3, state=State.RESOLVED)
    remind(NOW)
    Incident.objects.filter(pk=incident.pk).update(due_at=NOW + datetime.timedelta(hours=4))
    remind(NOW)
    assert Reminder.objects.filter(incident=incident).count() == 2
    assert told(done) == set()


def test_each_person_gets_one_mail_with_what_is_new() -> None:
    make.head(make.department("shipping"), email="head@example.com")
    due(3), due(-1)
    assert send_reminders(now=NOW) == 1
    assert send_reminders(now=NOW) == 0
    assert mail.outbox[0].to == ["head@example.com"]
    assert "Due soon" in mail.outbox[0].body
    assert "Past due" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_at_once_one_tells() -> None:
    make.head(make.department("shipping"))
    incident = due(3)
    together(*(partial(remind, NOW) for _ in range(4)))
    assert Reminder.objects.filter(incident=incident).count() == 1
    assert incident.events.count() == 1
