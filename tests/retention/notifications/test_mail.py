"""The inbox counts what waits, and the morning mail tells it once."""

import datetime
import logging
from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from departments.models import Incident, Person, Role, State
from retention.notifications.inbox import inbox, waiting_count
from retention.notifications.mail import send_morning_mails
from tests import make

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 2)
REFUSED = "refused@example.com"


class RefusingBackend(EmailBackend):
    """A mail server that refuses one address."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Keep the mails, unless one is for that address."""
        if any(REFUSED in message.to for message in messages):
            raise SMTPRecipientsRefused({REFUSED: (550, b"no such person")})
        return super().send_messages(messages)


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


def test_a_refused_address_keeps_nobody_else_from_their_mail(
    head: Person, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert head.department is not None
    late_incident(head)
    refused = make.head(head.department, email=REFUSED, name="Aaron First")
    others = {head.email, make.head(head.department, name="Zoe Last").email}
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    refused.refresh_from_db()
    with caplog.at_level(logging.ERROR):
        assert send_morning_mails(day=TODAY) == 2
    assert {address for message in mail.outbox for address in message.to} == others
    assert str(refused.public_id) in caplog.text


def test_a_mail_that_was_refused_is_tried_again_that_day(head: Person, settings: Settings) -> None:
    late_incident(head)
    Person.objects.filter(pk=head.pk).update(email=REFUSED)
    sends = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    assert send_morning_mails(day=TODAY) == 0
    settings.EMAIL_BACKEND = sends
    assert send_morning_mails(day=TODAY) == 1


def test_an_executive_is_led_to_the_disputed_incidents(client: Client) -> None:
    executive, shipping = make.person(Role.EXECUTIVE), make.department("shipping")
    make.incident(shares={shipping: 1.0}, state=State.DISPUTED)
    (item,) = inbox(executive)
    assert (item.count, item.words) == (1, "disputed incident between departments")
    client.force_login(executive)
    place, _, anchor = item.url.partition("#")
    assert f'id="{anchor}"' in client.get(place).content.decode()


def test_a_manager_is_led_to_the_late_incidents_of_their_accounts(head: Person, client: Client) -> None:
    incident = late_incident(head)
    manager = make.manager_of(incident.account)
    (item,) = inbox(manager)
    client.force_login(manager)
    assert reverse("incident", args=[incident.public_id]) in client.get(item.url).content.decode()


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
