"""Recoveries, asked calls and snoozes through the API: the same actions as the pages."""

import datetime

import pytest
from django.utils import timezone

from departments.models import CallRequest, Role
from retention.models import Recovery, Snooze
from tests import make
from tests.retention.api.calls import Caller, ids

pytestmark = pytest.mark.django_db


def on(days: int) -> str:
    return (timezone.localdate() + datetime.timedelta(days=days)).isoformat()


def test_a_recovery_is_led_from_its_start_to_its_end() -> None:
    account = make.account()
    manager = make.manager_of(account)
    incident = make.incident(account)
    program = Caller(manager)
    step = {"words": "Visit", "owner": str(manager.public_id), "due_on": on(3)}
    plan = {"goal": "They stay", "owner": str(manager.public_id), "due_on": on(30)}
    body = {**plan, "account": str(account.public_id), "incidents": [str(incident.public_id)], "steps": [step]}
    started = program.post("/recoveries", body)
    assert started.status_code == 201, started.content
    told = started.json()
    assert (told["state"], told["incidents"], [one["words"] for one in told["steps"]]) == (
        "open",
        [str(incident.public_id)],
        ["Visit"],
    )
    address = f"/recoveries/{told['id']}"
    assert len(program.post(f"{address}/steps", {**step, "words": "Call"}).json()["steps"]) == 2
    assert program.post(f"{address}/change", {**plan, "goal": "They order"}).json()["goal"] == "They order"
    (first, second) = (one["id"] for one in told["steps"] + program.get(address).json()["steps"][1:])
    assert program.post(f"/recovery-steps/{first}/finish").json()["done_by"]["id"] == str(manager.public_id)
    assert program.post(f"/recovery-steps/{second}/remove").status_code == 204
    assert ids(program.get("/recovery-steps", is_done="true")) == [first]
    closed = program.post(f"{address}/close", {"outcome": "succeeded", "words": "They stay."})
    assert (closed.json()["state"], closed.json()["outcome_words"]) == ("succeeded", "They stay.")
    assert program.post(f"{address}/close", {"outcome": "failed", "words": "No."}).status_code == 409
    assert ids(program.get("/recoveries", state="succeeded")) == [told["id"]]
    assert ids(program.get("/recoveries", is_overdue="true")) == []


def test_incidents_of_others_are_not_named_and_not_linked() -> None:
    account, foreign = make.account(), make.incident()
    manager = make.manager_of(account)
    plan = {"goal": "They stay", "owner": str(manager.public_id), "due_on": on(30)}
    body = {**plan, "account": str(account.public_id), "incidents": [str(foreign.public_id)]}
    refused = Caller(manager).post("/recoveries", body)
    assert refused.status_code == 400
    assert [problem["field"] for problem in refused.json()["errors"]] == ["incidents"]
    assert not Recovery.objects.exists()


def test_a_call_is_asked_for_returned_and_asked_for_again() -> None:
    account, desk = make.account(), make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    manager = Caller(make.manager_of(account))
    body = {"account": str(account.public_id), "words": "Ask how it went.", "due_on": on(2)}
    asked = manager.post("/call-requests", body)
    assert (asked.status_code, asked.json()["state"]) == (201, "open")
    back = Caller(desk).post(f"/call-requests/{asked.json()['id']}/return", {"words": "Away."})
    assert (back.json()["state"], back.json()["answer_words"]) == ("returned", "Away.")
    again = manager.post("/call-requests", body).json()["id"]
    assert manager.post(f"/call-requests/{again}/withdraw").json()["state"] == "withdrawn"
    assert manager.post(f"/call-requests/{again}/withdraw").status_code == 409
    assert ids(manager.get("/call-requests", state="withdrawn")) == [again]
    assert not CallRequest.objects.open().exists()


def test_accounts_are_set_aside_and_brought_back() -> None:
    first, second = make.account(), make.account()
    person = make.manager_of(first)
    make.assignment(second, person)
    program = Caller(person)
    both = [str(first.public_id), str(second.public_id)]
    made = program.post("/snoozes", {"accounts": both, "until": on(5), "reason": "Later"})
    assert made.status_code == 201, made.content
    assert {snooze["account"]["id"] for snooze in made.json()} == set(both)
    assert len(ids(program.get("/snoozes", is_in_force="true"))) == 2
    assert program.post("/snoozes/wake", {"accounts": both[:1]}).json() == {"woken": 1}
    assert ids(program.get("/snoozes", is_in_force="false", account=both[0])) != []
    assert ids(Caller(make.person()).get("/snoozes")) == []


def test_foreign_accounts_are_not_set_aside() -> None:
    mine, foreign = make.account(), make.account()
    body = {"accounts": [str(mine.public_id), str(foreign.public_id)], "until": on(5), "reason": "Later"}
    assert Caller(make.manager_of(mine)).post("/snoozes", body).status_code == 400
    assert not Snooze.objects.exists()
