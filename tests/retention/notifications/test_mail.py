"""The inbox counts what waits, and the morning mail tells it once."""

import datetime

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.models import Incident, Person, Role
from retention.notifications.inbox import inbox, waiting_count
from retention.notifications.mail import send_morning_mails
from tests import make

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 2)


@pytest.fixture
def head() -> Person:
    return make.person(role=Role.DEPARTMENT_HEAD, department=make.department("shipping"))


def late_incident(head: Person) -> Incident:
    assert head.department is not None
    incident = make.incident(department=head.department)
    Incident.objects.filter(pk=incident.pk).update(due_at=timezone.now() - datetime.timedelta(hours=1))
    return incident


def test_a_head_is_told_of_incidents_that_should_have_been_answered(head: Person) -> None:
    late_incident(head)
    assert [(item.count, item.is_urgent) for item in inbox(head)] == [(1, True)]


def test_nothing_waits_for_the_head_of_another_department(head: Person) -> None:
    late_incident(head)
    other = make.person(role=Role.DEPARTMENT_HEAD, department=make.department("billing"))
    assert waiting_count(other) == 0


def test_the_mail_goes_out_once_a_day(head: Person) -> None:
    late_incident(head)
    assert send_morning_mails(day=TODAY) == 1
    assert send_morning_mails(day=TODAY) == 0
    assert send_morning_mails(day=TODAY + datetime.timedelta(days=1)) == 1
    assert [message.to for message in mail.outbox] == [[head.email]] * 2
    assert "1 incident should have been answered" in str(mail.outbox[0].body)


def test_whoever_wants_no_mail_gets_none(head: Person) -> None:
    late_incident(head)
    Person.objects.filter(pk=head.pk).update(wants_mail=False)
    assert send_morning_mails(day=TODAY) == 0


def test_whoever_has_nothing_waiting_gets_none(head: Person) -> None:
    assert send_morning_mails(day=TODAY) == 0
    assert mail.outbox == []


@pytest.mark.parametrize("route", ["inbox", "bell"])
def test_the_bell_and_its_page_show_the_count(head: Person, client: Client, route: str) -> None:
    late_incident(head)
    client.force_login(head)
    assert b"1" in client.get(reverse(route)).content
