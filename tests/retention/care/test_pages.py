"""The pages on which recoveries are led, calls are asked for and accounts are set aside."""

import csv
import datetime
import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.actions.call_requests import ask_for_call, return_call_request
from departments.models import CallRequest, CallState, Person, Role
from retention.care.recoveries import NewStep, close_recovery, start_recovery
from retention.care.snoozes import snooze_accounts
from retention.models import Recovery, Score, Snooze
from tests import make
from tests.retention.dashboards.books import score, troubled
from tests.retention.dashboards.test_portfolio import rows

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


@pytest.fixture
def desk(account: Account) -> Person:
    person = make.person(Role.SERVICE_DESK, name="Priya Nair")
    make.assignment(account, person)
    return person


def on(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)


def test_an_incident_tells_of_its_accounts_recovery_to_whoever_may_see_it(
    account: Account, manager: Person, client: Client
) -> None:
    incident = account.incidents.first()
    assert incident is not None
    under_way(account, manager)
    address = reverse("incident", args=[incident.public_id])
    assert "They order again" in client.get(address).content.decode()
    client.force_login(make.head(incident.department))
    assert "They order again" not in client.get(address).content.decode()


def under_way(account: Account, manager: Person, *steps: NewStep) -> Recovery:
    return start_recovery(
        account=account,
        goal="They order again",
        owner=manager,
        due_on=on(30),
        incidents=[],
        steps=steps,
        acting_person=manager,
    )


def page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_recovery_is_started_with_its_first_steps_and_shown_on_the_account(
    client: Client, account: Account, manager: Person
) -> None:
    incident = account.incidents.first()
    assert incident is not None
    form = {
        "goal": "They order again",
        "owner": str(manager.public_id),
        "due_on": on(20).isoformat(),
        "incidents": [str(incident.public_id)],
        "step0-words": "Visit them",
        **{f"step{place}-owner": str(manager.public_id) for place in range(4)},
        **{f"step{place}-due_on": on(7).isoformat() for place in range(4)},
    }
    address = reverse("account_start_recovery", args=[account.public_id])
    assert client.post(address, form).headers["Location"] == reverse("account", args=[account.public_id])
    recovery = Recovery.objects.get()
    assert [step.words for step in recovery.steps.all()] == ["Visit them"]
    assert list(recovery.incidents.all()) == [incident]
    shown = page(client, "account", account.public_id)
    assert "They order again" in shown
    assert "0 of 1 step done" in shown
    assert "A change is not proof of what the recovery did." in shown
    assert client.get(address).headers["Location"] == reverse("recovery", args=[recovery.public_id])


def test_a_plan_that_cannot_be_is_answered_at_its_field(client: Client, account: Account, manager: Person) -> None:
    form = {"goal": "Stay", "owner": str(manager.public_id), "due_on": on(-3).isoformat()}
    steps = {f"step{place}-{name}": "" for place in range(4) for name in ("words", "owner", "due_on")}
    response = client.post(reverse("account_start_recovery", args=[account.public_id]), {**form, **steps})
    assert response.status_code == 400
    assert "from today on" in response.content.decode()
    assert not Recovery.objects.exists()


def test_the_step_of_a_department_is_done_by_its_person_on_the_recoverys_own_page(
    client: Client, account: Account, manager: Person
) -> None:
    legal = make.member(make.department("legal"), name="Lee Park")
    recovery = under_way(account, manager, NewStep("Read the clause", legal, on(2)))
    client.force_login(legal)
    shown = page(client, "recovery", recovery.public_id)
    assert "Read the clause" in shown
    assert "Close the recovery" not in shown
    assert reverse("account", args=[account.public_id]) not in shown
    client.post(reverse("recovery_step_finish", args=[recovery.steps.get().public_id]))
    assert recovery.steps.get().done_by == legal


def test_the_inbox_names_steps_that_are_due(client: Client, account: Account, manager: Person) -> None:
    recovery = under_way(account, manager, NewStep("Visit", manager, on(1)))
    assert "step of yours in a recovery is due" in page(client, "inbox")
    recovery.steps.update(done_at=timezone.now(), done_by=manager)
    assert "step of yours" not in page(client, "inbox")


def test_a_closed_recovery_tells_both_risks_and_that_they_prove_nothing(
    client: Client, account: Account, manager: Person
) -> None:
    Score.objects.update(risk=0.62)
    recovery = under_way(account, manager)
    Score.objects.update(risk=0.31)
    form = {"outcome": "succeeded", "words": "They stay another year."}
    client.post(reverse("recovery_close", args=[recovery.public_id]), form)
    shown = page(client, "recovery", recovery.public_id)
    assert "Risk index 62% at its start, 31% at its end. A change is not proof" in shown
    assert "They stay another year." in shown
    assert "succeeded" in page(client, "account", account.public_id)
    assert "Recovery succeeded: They order again" in page(client, "account_timeline", account.public_id, show="care")


def test_figures_of_two_models_are_not_compared(client: Client, account: Account, manager: Person) -> None:
    recovery = under_way(account, manager)
    close_recovery(recovery=recovery, outcome="failed", words="No.", acting_person=manager)
    Recovery.objects.update(model_at_start=None)
    assert "the figures do not compare" in page(client, "recovery", recovery.public_id)


def test_the_portfolio_marks_and_filters_what_is_in_recovery(client: Client, account: Account, manager: Person) -> None:
    other = troubled("Other")
    score(other)
    make.assignment(other, manager)
    recovery = under_way(account, manager, NewStep("Visit", manager, on(1)))
    recovery.steps.update(due_on=on(-1))
    everything = client.get(reverse("portfolio"), {"tab": "all"})
    assert "1 step overdue" in everything.content.decode()
    found = {
        care: rows(client.get(reverse("portfolio"), {"tab": "all", "care": care}))
        for care in ("recovery", "overdue", "none")
    }
    assert found == {"recovery": ["Castle Gifts"], "overdue": ["Castle Gifts"], "none": ["Other"]}


def test_recoveries_are_found_by_goal_and_step(client: Client, account: Account, manager: Person) -> None:
    under_way(account, manager, NewStep("Bring the credit note", manager, on(1)))
    for text in ("order again", "credit note"):
        assert "They order again" in page(client, "search", q=text)
    client.force_login(make.person())
    assert "They order again" not in page(client, "search", q="order again")


def test_the_desk_is_asked_calls_first_and_its_call_answers(
    client: Client, account: Account, manager: Person, desk: Person
) -> None:
    quiet = troubled("Quiet", annual_revenue=900_000)
    score(quiet)
    make.assignment(quiet, desk)
    form = {"words": "Ask whether the pumps came.", "due_on": on(2).isoformat()}
    client.post(reverse("account_ask_for_call", args=[account.public_id]), form)
    assert "Ask whether the pumps came." in page(client, "account", account.public_id)
    client.force_login(desk)
    listed = client.get(reverse("desk"))
    assert [row.account.name for row in listed.context["rows"]] == ["Castle Gifts", "Quiet"]
    assert "Maya Wu asks for this call" in listed.content.decode()
    call = {"purpose": "problem", "summary": "They came.", "severity": "0.5", "answers": "on", "next": "1"}
    client.post(reverse("desk_account", args=[account.public_id]), call)
    assert CallRequest.objects.get().state == CallState.CALLED
    assert [row.account.name for row in client.get(reverse("desk")).context["rows"]] == ["Quiet", "Castle Gifts"]
    client.force_login(manager)
    assert "They came." in page(client, "account", account.public_id)


def test_a_call_that_does_something_else_leaves_the_request(
    client: Client, account: Account, manager: Person, desk: Person
) -> None:
    ask_for_call(account=account, words="Ask.", due_on=on(1), acting_person=manager)
    client.force_login(desk)
    call = {"purpose": "order", "summary": "Ordered.", "severity": "0.5"}
    client.post(reverse("desk_account", args=[account.public_id]), call)
    assert CallRequest.objects.get().is_open


def test_what_the_desk_returns_waits_for_who_asked(
    client: Client, account: Account, manager: Person, desk: Person
) -> None:
    asked = ask_for_call(account=account, words="Ask.", due_on=on(1), acting_person=manager)
    client.force_login(desk)
    assert "call is asked of you" in page(client, "inbox")
    client.post(reverse("call_request_return", args=[asked.public_id]), {"words": "On holiday."})
    client.force_login(manager)
    assert "call that you asked for was returned" in page(client, "inbox")
    assert "On holiday." in page(client, "account", account.public_id)
    assert "On holiday." in page(client, "account_timeline", account.public_id, show="care")


def test_ticked_accounts_leave_the_tabs_wait_under_snoozed_and_are_undone(
    client: Client, account: Account, manager: Person
) -> None:
    Score.objects.update(risk=0.8)
    form = {
        "accounts": [str(account.public_id)],
        "until": on(7).isoformat(),
        "wakes_at_rise": "0.05",
        "reason": "Board meets",
        "next": reverse("portfolio"),
    }
    shown = client.post(reverse("portfolio_snooze"), form, follow=True)
    assert rows(shown) == []
    assert (shown.context["totals"].tabs["at_risk"], shown.context["totals"].tabs["snoozed"]) == (0, 1)
    assert shown.context["totals"].at_risk == 1
    assert "1 set aside" in shown.content.decode()
    assert rows(client.get(reverse("portfolio"), {"tab": "snoozed"})) == ["Castle Gifts"]
    assert rows(client.get(reverse("portfolio"), {"tab": "all"})) == ["Castle Gifts"]
    batch = next(message.extra_tags for message in shown.context["messages"]).removeprefix("undo:")
    undone = client.post(reverse("undo", args=[batch]), {"next": reverse("portfolio")}, follow=True)
    assert rows(undone) == ["Castle Gifts"]


def test_what_is_snoozed_comes_back_when_the_risk_rises(client: Client, account: Account, manager: Person) -> None:
    Score.objects.update(risk=0.5)
    snooze_accounts(accounts=[account], until=None, wakes_at_rise=0.1, reason="Wait", acting_person=manager)
    Score.objects.update(risk=0.59)
    assert rows(client.get(reverse("portfolio"))) == []
    Score.objects.update(risk=0.61)
    assert rows(client.get(reverse("portfolio"))) == ["Castle Gifts"]


def test_colleagues_keep_seeing_it_with_the_reason(
    client: Client, account: Account, manager: Person, desk: Person
) -> None:
    Score.objects.update(risk=0.8)
    snooze_accounts(accounts=[account], until=on(3), wakes_at_rise=0.05, reason="Board meets", acting_person=manager)
    for colleague in (desk, make.person(Role.EXECUTIVE)):
        client.force_login(colleague)
        assert rows(client.get(reverse("portfolio"))) == ["Castle Gifts"]
        assert "Maya Wu set it aside" in page(client, "portfolio")
        assert "Board meets" in page(client, "account", account.public_id)
    assert rows(client.get(reverse("portfolio"), {"tab": "snoozed"})) == ["Castle Gifts"]


def test_one_account_is_set_aside_and_brought_back_on_its_own_page(
    client: Client, account: Account, manager: Person
) -> None:
    form = {"until": on(3).isoformat(), "wakes_at_rise": "0.1", "reason": "Board meets"}
    client.post(reverse("account_snooze", args=[account.public_id]), form)
    assert "Bring it back" in page(client, "account", account.public_id)
    client.post(reverse("account_wake", args=[account.public_id]))
    assert "Bring it back" not in page(client, "account", account.public_id)
    assert Snooze.objects.get().woken_by == "person"


def test_nothing_is_set_aside_without_a_reason_or_a_tick(client: Client, account: Account, manager: Person) -> None:
    changes: tuple[dict[str, object], ...] = ({"reason": ""}, {"accounts": []}, {"until": on(0).isoformat()})
    for change in changes:
        form = {"accounts": [str(account.public_id)], "wakes_at_rise": "0.05", "reason": "Later", **change}
        told = client.post(reverse("portfolio_snooze"), form, follow=True)
        assert "alert-danger" in told.content.decode()
    assert not Snooze.objects.exists()


def test_the_export_tells_what_is_under_way(client: Client, account: Account, manager: Person, desk: Person) -> None:
    under_way(account, manager)
    ask_for_call(account=account, words="Ask.", due_on=on(1), acting_person=manager)
    snooze_accounts(accounts=[account], until=on(3), wakes_at_rise=0.05, reason="=Board", acting_person=manager)
    response = client.get(reverse("portfolio_export"), {"tab": "snoozed"})
    (line,) = csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig")))
    told = [line[name] for name in ("recovery", "call asked for by", "snoozed by", "snoozed until", "snoozed because")]
    assert told == ["They order again", on(1).isoformat(), "Maya Wu", on(3).isoformat(), "'=Board"]


def test_returned_calls_say_so_until_another_is_asked_for(
    client: Client, account: Account, manager: Person, desk: Person
) -> None:
    asked = ask_for_call(account=account, words="Ask.", due_on=on(1), acting_person=manager)
    return_call_request(call_request=asked, words="Away.", acting_person=desk)
    ask_for_call(account=account, words="Ask again.", due_on=on(9), acting_person=manager)
    assert "was returned" not in page(client, "inbox")
