"""What people do at an account is taken back for ten seconds, as long as nobody changed it since."""

import datetime
from collections.abc import Mapping

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, AuditEntry, Touchpoint
from departments.actions.rows_undo import restore_rows
from departments.models import Assignment, CallRequest, Incident, Person, Role, RowsUndo, State
from departments.records import breaches
from retention.care.recoveries import NewStep, start_recovery
from retention.models import Recovery, RecoveryStep, Snooze
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    made = troubled("Castle Gifts")
    score(made)
    return made


@pytest.fixture
def manager(account: Account, client: Client) -> Person:
    person = make.manager_of(account, name="Maya Wu")
    client.force_login(person)
    return person


def soon() -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=9)


def sent(client: Client, name: str, subject: object, data: Mapping[str, object]) -> str:
    """Send a form, and return by what it can be taken back."""
    response = client.post(reverse(name, args=[subject]) if subject else reverse(name), data, follow=True)
    found = [str(message.extra_tags) for message in response.context["messages"]]
    assert found
    return next(tags.removeprefix("undo:") for tags in found if tags.startswith("undo:"))


def taken_back(client: Client, batch: str) -> str:
    response = client.post(reverse("undo", args=[batch]), {"next": reverse("home")}, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def test_a_contact_is_not_logged_after_all(client: Client, account: Account, manager: Person) -> None:
    form = {
        "channel": "call",
        "purpose": "check_in",
        "happened_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        "summary": "Wrong customer.",
    }
    before = Touchpoint.objects.count()
    batch = sent(client, "account_log_contact", account.public_id, form)
    assert Touchpoint.objects.count() == before + 1
    assert "Taken back: the contact is not logged" in taken_back(client, batch)
    assert Touchpoint.objects.count() == before
    assert "Wrong customer." in str(AuditEntry.objects.get(verb="deed.undone").details)


def test_setting_aside_anew_brings_back_what_was_set_before(client: Client, account: Account, manager: Person) -> None:
    first = {"until": "", "wakes_at_rise": "0.05", "reason": "First."}
    sent(client, "account_snooze", account.public_id, first)
    batch = sent(client, "account_snooze", account.public_id, first | {"reason": "Second."})
    taken_back(client, batch)
    assert list(Snooze.objects.filter(woken_at=None).values_list("reason", flat=True)) == ["First."]
    woken = sent(client, "account_wake", account.public_id, {})
    taken_back(client, woken)
    assert Snooze.objects.filter(woken_at=None).count() == 1


def test_steps_of_a_recovery_come_back(client: Client, account: Account, manager: Person) -> None:
    step = NewStep(words="Call", owner=manager, due_on=soon())
    plan = start_recovery(
        account=account,
        goal="Stay",
        owner=manager,
        due_on=soon(),
        incidents=[],
        steps=[step],
        acting_person=manager,
    )
    one = RecoveryStep.objects.get(recovery=plan)
    batch = sent(client, "recovery_step_remove", one.public_id, {})
    assert not RecoveryStep.objects.exists()
    taken_back(client, batch)
    assert RecoveryStep.objects.get().words == one.words
    finished = sent(client, "recovery_step_finish", one.public_id, {})
    taken_back(client, finished)
    assert RecoveryStep.objects.get().done_at is None
    closed = sent(client, "recovery_close", plan.public_id, {"outcome": "failed", "words": "They left."})
    taken_back(client, closed)
    assert Recovery.objects.open().count() == 1


def test_a_call_is_not_asked_for_after_all(client: Client, account: Account, manager: Person) -> None:
    make.assignment(account, make.person(Role.SERVICE_DESK))
    batch = sent(
        client, "account_ask_for_call", account.public_id, {"words": "Ask them.", "due_on": soon().isoformat()}
    )
    taken_back(client, batch)
    assert not CallRequest.objects.exists()


def test_whoever_looked_after_the_accounts_does_again(client: Client, account: Account, manager: Person) -> None:
    client.force_login(make.person(Role.ADMINISTRATOR))
    other = make.person(name="Ned Ash")
    before = list(Assignment.objects.order_by("pk").values_list("person", "starts_on", "ends_on"))
    form = {"accounts": [str(account.public_id)], "person": str(other.public_id)}
    batch = sent(client, "assign_accounts", None, form)
    assert Assignment.objects.filter(person=other).exists()
    taken_back(client, batch)
    assert list(Assignment.objects.order_by("pk").values_list("person", "starts_on", "ends_on")) == before


def test_a_report_is_taken_back_and_weighs_nothing(client: Client, account: Account, manager: Person) -> None:
    kind = make.friction_type()
    form = {"friction_type": kind.slug, "severity": "0.5", "title": "A slip", "happened_at": "2026-01-05T09:00"}
    response = client.post(reverse("account_report_friction", args=[account.public_id]), form, follow=True)
    batch = next(message.extra_tags for message in response.context["messages"]).removeprefix("undo:")
    assert "Taken back" in taken_back(client, batch)
    incident = Incident.objects.get(title="A slip")
    assert (incident.state, incident.severity) == (State.RESOLVED, 0.0)
    assert list(incident.events.values_list("verb", flat=True)) == ["reported", "undone"]
    assert [one for one in breaches() if incident.pk in one.examples] == []


def test_what_was_changed_since_stays(client: Client, account: Account, manager: Person) -> None:
    form = {"until": "", "wakes_at_rise": "0.05", "reason": "First."}
    batch = sent(client, "account_snooze", account.public_id, form)
    Snooze.objects.update(reason="Changed.")
    assert "It has been changed since" in taken_back(client, batch)
    assert Snooze.objects.get().reason == "Changed."


def test_ten_seconds_later_it_stays(client: Client, account: Account, manager: Person) -> None:
    form = {"until": "", "wakes_at_rise": "0.05", "reason": "First."}
    batch = sent(client, "account_snooze", account.public_id, form)
    RowsUndo.objects.update(done_at=F("done_at") - datetime.timedelta(seconds=20))
    assert "10 seconds" in taken_back(client, batch)
    assert Snooze.objects.count() == 1


def test_nobody_takes_back_what_another_did(client: Client, account: Account, manager: Person) -> None:
    form = {"until": "", "wakes_at_rise": "0.05", "reason": "First."}
    batch = sent(client, "account_snooze", account.public_id, form)
    client.force_login(make.person())
    assert client.post(reverse("undo", args=[batch])).status_code == 404


def test_it_takes_the_same_statements_for_more_rows(client: Client, manager: Person) -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    client.force_login(administrator)
    counts = []
    for size in (2, 6):
        accounts = [make.account() for _ in range(size)]
        for one in accounts:
            make.manager_of(one)
        form = {"accounts": [str(one.public_id) for one in accounts], "person": str(manager.public_id)}
        batch = sent(client, "assign_accounts", None, form)
        with CaptureQueriesContext(connection) as captured:
            restore_rows(batch=RowsUndo.objects.get(batch=batch).batch, acting_person=administrator)
        counts.append(len(captured))
    assert counts[0] == counts[1]
