"""The scorecard by mail: on Mondays, to whoever wants it, once a week."""

import datetime
from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.errors import NotAllowed
from accounts.models import AuditEntry
from departments.models import Person, Role
from retention.models import ScorecardMail, ScorecardMailSent, Trend
from retention.notifications.monday import send_monday_mails, stop_token, want_scorecard_mail
from tests import make
from tests.together import together

pytestmark = pytest.mark.django_db

MONDAY = datetime.datetime(2026, 3, 2, 7, tzinfo=datetime.UTC)
REFUSED = "refused@example.com"


class RefusingBackend(EmailBackend):
    """A mail server that refuses one address."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Keep the mails, unless one is for that address."""
        if any(REFUSED in message.to for message in messages):
            raise SMTPRecipientsRefused({REFUSED: (550, b"no such person")})
        return super().send_messages(messages)


class DyingBackend(EmailBackend):
    """A mail server that takes a mail, and then the worker dies."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Keep it, and end as a killed worker does: by nothing that the code catches."""
        super().send_messages(messages)
        raise KeyboardInterrupt


class SilentBackend(EmailBackend):
    """A mail server that takes a mail and does not say so."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Keep it, and hang up."""
        super().send_messages(messages)
        raise SMTPServerDisconnected("Connection unexpectedly closed")


class AbsentBackend(EmailBackend):
    """No mail server at all."""

    def open(self) -> bool:
        """Let nobody in."""
        raise ConnectionRefusedError


@pytest.fixture
def executive() -> Person:
    person = make.person(Role.EXECUTIVE)
    want_scorecard_mail(segment="", acting_person=person)
    return person


def rolled_up(on: datetime.date, money: float) -> None:
    Trend.objects.create(
        day=on, segment="", accounts=10, accounts_at_risk=2, annual_revenue=9000.0, revenue_at_risk=money
    )


def sent() -> EmailMultiAlternatives:
    (message,) = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    return message


def test_it_tells_the_figures_against_last_week_in_text_and_in_html(executive: Person) -> None:
    rolled_up(MONDAY.date(), 2000.0)
    rolled_up(MONDAY.date() - datetime.timedelta(days=7), 1500.0)
    assert send_monday_mails(moment=MONDAY) == 1
    message = sent()
    html, kind = message.alternatives[0]
    assert (message.to, kind) == ([executive.email], "text/html")
    assert "Revenue at risk, 90 days: £2k (up £500)" in message.body
    assert "▲ £500" in str(html)
    assert "against last week" in message.body


def test_it_goes_out_once_a_week(executive: Person) -> None:
    assert [send_monday_mails(moment=MONDAY + datetime.timedelta(hours=hours)) for hours in (0, 1, 168)] == [1, 0, 1]
    weeks = ScorecardMailSent.objects.filter(person=executive).values_list("week", flat=True)
    assert sorted(weeks) == [datetime.date(2026, 3, 2), datetime.date(2026, 3, 9)]


def test_a_week_is_noted_once_for_a_person(executive: Person) -> None:
    send_monday_mails(moment=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScorecardMailSent.objects.create(person=executive, week=MONDAY.date())


@pytest.mark.parametrize(
    ("zone", "moment", "count"),
    [
        ("Europe/London", datetime.datetime(2026, 3, 2, 5, 59, tzinfo=datetime.UTC), 0),
        ("Europe/London", datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.UTC), 1),
        ("Asia/Tokyo", datetime.datetime(2026, 3, 1, 21, 0, tzinfo=datetime.UTC), 1),
        ("America/Los_Angeles", datetime.datetime(2026, 3, 2, 12, 0, tzinfo=datetime.UTC), 0),
        ("Europe/London", datetime.datetime(2026, 3, 3, 7, 0, tzinfo=datetime.UTC), 0),
    ],
)
def test_it_is_monday_morning_by_the_organisations_clock(
    executive: Person, zone: str, moment: datetime.datetime, count: int
) -> None:
    make.organisation(time_zone=zone)
    assert send_monday_mails(moment=moment) == count


def test_a_refused_address_keeps_nobody_else_from_theirs_and_is_tried_again(
    executive: Person, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    other = make.person(Role.EXECUTIVE, email=REFUSED)
    want_scorecard_mail(segment="", acting_person=other)
    sends = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    assert send_monday_mails(moment=MONDAY) == 1
    other.refresh_from_db()
    assert str(other.public_id) in caplog.text
    settings.EMAIL_BACKEND = sends
    assert send_monday_mails(moment=MONDAY) == 1
    assert [message.to for message in mail.outbox] == [[executive.email], [REFUSED]]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_while_sending_leaves_no_second_mail(settings: Settings, client: Client) -> None:
    person = make.person(Role.EXECUTIVE)
    want_scorecard_mail(segment="", acting_person=person)
    sends = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.DyingBackend"
    with pytest.raises(KeyboardInterrupt):
        send_monday_mails(moment=MONDAY)
    settings.EMAIL_BACKEND = sends
    assert (send_monday_mails(moment=MONDAY), len(mail.outbox)) == (0, 1)
    client.force_login(person)
    assert "not known whether it arrived" in client.get(reverse("scorecard_mail")).content.decode()


@pytest.mark.parametrize("server", ["SilentBackend", "AbsentBackend", "RefusingBackend"])
def test_what_a_server_may_have_taken_is_not_sent_again_and_what_it_has_not_is(settings: Settings, server: str) -> None:
    want_scorecard_mail(segment="", acting_person=make.person(Role.EXECUTIVE, email=REFUSED))
    sends = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.{server}"
    assert send_monday_mails(moment=MONDAY) == 0
    settings.EMAIL_BACKEND = sends
    send_monday_mails(moment=MONDAY)
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail() -> None:
    want_scorecard_mail(segment="", acting_person=make.person(Role.EXECUTIVE))

    def work() -> int:
        return send_monday_mails(moment=MONDAY)

    assert set(together(work, work)) == {0, 1}
    assert len(mail.outbox) == 1
    assert ScorecardMailSent.objects.exclude(sent_at=None).count() == 1


def test_nobody_gets_it_who_did_not_ask_or_lost_the_right(executive: Person) -> None:
    make.person(Role.EXECUTIVE)
    Person.objects.filter(pk=executive.pk).update(role=Role.ACCOUNT_MANAGER)
    assert send_monday_mails(moment=MONDAY) == 0
    with pytest.raises(NotAllowed):
        want_scorecard_mail(segment="", acting_person=make.person())


def test_it_names_no_customer(executive: Person) -> None:
    make.account("Quernstone Ltd", left_on=MONDAY.date())
    send_monday_mails(moment=MONDAY)
    message = sent()
    assert "Accounts lost, this week: 1" in message.body
    assert "Quernstone" not in message.body + str(message.alternatives[0][0])


def test_its_link_stops_it_without_signing_in(executive: Person) -> None:
    executive.refresh_from_db()
    send_monday_mails(moment=MONDAY)
    address = reverse("scorecard_mail_stop", args=[stop_token(executive)])
    assert address in sent().body
    assert sent().extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stranger = Client(enforce_csrf_checks=True)
    assert "Stop it" in stranger.get(address).content.decode()
    assert ScorecardMail.objects.exists()
    assert stranger.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not ScorecardMail.objects.exists()
    assert AuditEntry.objects.filter(verb="scorecard_mail.stop", subject=executive.public_id, person=None).exists()
    assert stranger.post(address).status_code == 200


def test_a_forged_link_stops_nothing(executive: Person) -> None:
    executive.refresh_from_db()
    forged = stop_token(executive)[:-1] + "!"
    assert Client().post(reverse("scorecard_mail_stop", args=[forged])).status_code == 404
    assert ScorecardMail.objects.exists()


def test_an_executive_switches_it_on_for_a_segment_and_off(client: Client) -> None:
    make.account(segment="Retail")
    person = make.person(Role.EXECUTIVE)
    client.force_login(person)
    page = client.post(reverse("scorecard_mail"), {"is_wanted": "yes", "segment": "Retail"}, follow=True)
    assert "of Retail" in page.content.decode()
    assert ScorecardMail.objects.get(person=person).segment == "Retail"
    client.post(reverse("scorecard_mail"), {"is_wanted": "no"})
    assert not ScorecardMail.objects.exists()
