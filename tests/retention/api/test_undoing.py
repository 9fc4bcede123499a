"""Every deed that a page takes back is taken back through the API as well, by the key that it was answered with."""

import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Touchpoint
from departments.models import Absence, Assignment, CallRequest, Note, Person, Role, State
from retention.care.recoveries import add_step, start_recovery
from retention.models import Recovery, RecoveryStep, Snooze
from tests import make
from tests.departments.test_undo import ask, reported
from tests.retention.api.calls import API, Caller

pytestmark = pytest.mark.django_db
HEADER = "Holdfast-Undo"


def on(days: int) -> str:
    return (timezone.localdate() + datetime.timedelta(days=days)).isoformat()


def take_back(program: Caller, answer: Any) -> Any:
    """Take back what was answered so; returns what is told of it."""
    assert answer.status_code in (200, 201, 204), answer.content
    undone = program.post("/deeds/undo", {"undo": answer.headers[HEADER]})
    assert undone.status_code == 200, undone.content
    return undone.json()


def led(manager: Person, account: Any) -> Recovery:
    recovery = start_recovery(
        account=account,
        goal="They stay",
        owner=manager,
        due_on=timezone.localdate() + datetime.timedelta(days=30),
        incidents=[],
        steps=[],
        acting_person=manager,
    )
    add_step(recovery=recovery, words="Visit", owner=manager, due_on=recovery.due_on, acting_person=manager)
    return recovery


def test_a_contact_that_was_logged() -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    body = {"account": str(account.public_id), "channel": "call", "happened_at": "2026-01-05T10:00:00Z"}
    logged = program.post("/touchpoints", body)
    assert take_back(program, logged) == {"undone": [logged.json()["id"]], "refused": []}
    assert not Touchpoint.objects.exists()


def test_what_is_put_beside_an_incident_is_not_confused_with_the_step_before() -> None:
    incident = make.incident()
    program = Caller(make.head(incident.department))
    address = f"/incidents/{incident.public_id}"
    accepted = program.post(f"{address}/accept").json()["undo"]
    file = {"file": SimpleUploadedFile("to.txt", b"York")}
    for answer in (
        program.post(f"{address}/notes", {"text": "Look."}),
        program.client.post(f"{API}{address}/attachments", file, headers=program.headers),
    ):
        assert answer.json()["undo"] == answer.headers[HEADER] != accepted
        take_back(program, answer)
    incident.refresh_from_db()
    assert incident.state == State.IN_WORK


def test_accounts_that_were_set_aside_or_woken() -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    accounts = [str(account.public_id)]
    take_back(program, program.post("/snoozes", {"accounts": accounts, "until": on(5), "reason": "Later"}))
    assert not Snooze.objects.exists()
    program.post("/snoozes", {"accounts": accounts, "until": on(5), "reason": "Later"})
    take_back(program, program.post("/snoozes/wake", {"accounts": accounts}))
    assert Snooze.objects.get().woken_at is None


def test_changes_of_a_recovery_and_of_its_steps() -> None:
    account = make.account()
    manager = make.manager_of(account)
    program, recovery = Caller(manager), led(manager, account)
    address, step = f"/recoveries/{recovery.public_id}", recovery.steps.get()
    plan = {"goal": "They order", "owner": str(manager.public_id), "due_on": on(10)}
    task = {"words": "Call", "owner": str(manager.public_id), "due_on": on(3)}
    for deed, body in (
        (f"{address}/change", plan),
        (f"{address}/steps", task),
        (f"/recovery-steps/{step.public_id}/change", task),
        (f"/recovery-steps/{step.public_id}/finish", {}),
        (f"/recovery-steps/{step.public_id}/remove", {}),
        (f"{address}/close", {"outcome": "succeeded", "words": "They stay."}),
    ):
        take_back(program, program.post(deed, body))
        recovery.refresh_from_db()
        assert (recovery.goal, recovery.state) == ("They stay", "open"), deed
        assert [(one.words, one.done_at) for one in RecoveryStep.objects.all()] == [("Visit", None)], deed


def test_a_call_that_was_asked_for_returned_or_withdrawn() -> None:
    account, desk = make.account(), make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    manager = Caller(make.manager_of(account))
    body = {"account": str(account.public_id), "words": "Ask how it went.", "due_on": on(2)}
    take_back(manager, manager.post("/call-requests", body))
    assert not CallRequest.objects.exists()
    asked = f"/call-requests/{manager.post('/call-requests', body).json()['id']}"
    take_back(Caller(desk), Caller(desk).post(f"{asked}/return", {"words": "Away."}))
    take_back(manager, manager.post(f"{asked}/withdraw"))
    assert CallRequest.objects.get().state == "open"


def test_an_absence_and_who_looks_after_accounts_also_by_those_who_report_nothing() -> None:
    account, administrator = make.account(), make.person(Role.ADMINISTRATOR)
    manager = make.person(Role.ACCOUNT_MANAGER)
    program = Caller(administrator)
    take_back(program, program.post("/absences", {"starts_on": on(1), "ends_on": on(3)}))
    assert not Absence.objects.exists()
    given = {"accounts": [str(account.public_id)], "person": str(manager.public_id)}
    take_back(program, program.post("/assignments", given))
    assert not Assignment.objects.exists()


def test_a_note_stays_and_is_marked() -> None:
    incident = reported()
    program = Caller(make.head(incident.department))
    take_back(program, program.post(f"/incidents/{incident.public_id}/notes", {"text": "Nonsense."}))
    assert Note.objects.get().taken_back_at is not None


def test_an_answer_to_what_was_asked() -> None:
    incident = reported()
    hand_off = ask(incident, make.head(incident.department))
    program = Caller(make.head(make.department("billing")))
    take_back(program, program.post(f"/hand-offs/{hand_off.public_id}/accept", {"words": "Ours."}))
    hand_off.refresh_from_db()
    incident.refresh_from_db()
    assert (hand_off.answer, incident.state) == ("pending", State.WAITING)


def test_what_others_did_is_not_taken_back_and_what_was_changed_since_neither() -> None:
    account = make.account()
    manager = make.manager_of(account)
    program, recovery = Caller(manager), led(manager, account)
    step = f"/recovery-steps/{recovery.steps.get().public_id}"
    finished = program.post(f"{step}/finish")
    key = {"undo": finished.headers[HEADER]}
    assert Caller(make.person(Role.ACCOUNT_MANAGER)).post("/deeds/undo", key).status_code == 400
    program.post(f"{step}/reopen")
    assert program.post("/deeds/undo", key).status_code == 409


def test_what_changes_nothing_offers_nothing_to_take_back() -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    nothing = program.post("/snoozes/wake", {"accounts": [str(account.public_id)]})
    assert (nothing.json(), HEADER in nothing.headers) == ({"woken": 0}, False)
