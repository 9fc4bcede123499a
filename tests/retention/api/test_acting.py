"""Acting through the API: the same actions as the pages, with the same permissions."""

from typing import Any

import pytest
from django.utils import timezone

from departments.models import Incident, Note, Role, State
from tests import make
from tests.retention.api.calls import Caller

pytestmark = pytest.mark.django_db


def refused_fields(response: Any) -> set[str]:
    """Return the fields that a refusal names."""
    assert response.status_code == 400, response.content
    return {problem["field"] for problem in response.json()["errors"]}


def test_friction_is_reported() -> None:
    account, kind = make.account(), make.friction_type()
    body = {
        "account": str(account.public_id),
        "friction_type": kind.slug,
        "severity": 0.4,
        "happened_at": timezone.now().isoformat(),
    }
    made = Caller(make.manager_of(account)).post("/incidents", body)
    assert made.status_code == 201, made.content
    incident = Incident.objects.get(public_id=made.json()["id"])
    assert (incident.account, incident.friction_type, incident.severity) == (account, kind, 0.4)


def test_a_report_names_each_wrong_field() -> None:
    foreign = make.account()
    body = {"account": str(foreign.public_id), "friction_type": "sunshine", "severity": 7, "happened_at": "noon"}
    refused = Caller(make.person()).post("/incidents", body)
    assert refused_fields(refused) == {"account", "friction_type", "severity", "happened_at"}
    assert refused.json()["detail"] == "Some fields are wrong."


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_nothing_happened_before_anybody_could_write_it_down_or_in_the_future(moment: str) -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    what = {"account": str(account.public_id), "happened_at": moment}
    report = {**what, "friction_type": make.friction_type().slug, "severity": 0.5}
    assert refused_fields(program.post("/incidents", report)) == {"happened_at"}
    assert refused_fields(program.post("/touchpoints", {**what, "channel": "call"})) == {"happened_at"}


@pytest.mark.parametrize("account", ["nonsense", "\x00", 7, None, [], {"id": 1}])
def test_a_report_on_what_is_no_account_is_refused(account: object) -> None:
    body = {
        "account": account,
        "friction_type": make.friction_type().slug,
        "severity": 0.5,
        "happened_at": timezone.now().isoformat(),
    }
    assert refused_fields(Caller(make.person()).post("/incidents", body)) == {"account"}


def test_an_incident_goes_its_way_from_answer_to_resolution() -> None:
    shipping = make.department()
    incident, program = make.incident(), Caller(make.head(shipping))
    way = f"/incidents/{incident.public_id}"
    assert program.post(f"{way}/accept").json()["state"] == State.IN_WORK
    member = make.member(shipping)
    assert program.post(f"{way}/assign", {"assignee": str(member.public_id)}).json()["assignee"]["name"] == member.name
    assert program.post(f"{way}/notes", {"text": "Carrier called."}).json()["notes"][0]["text"] == "Carrier called."
    assert program.post(f"{way}/resolve", {"resolution": "Sent again."}).json()["state"] == State.RESOLVED
    shown = program.post(f"{way}/reopen", {"words": "It came broken."}).json()
    assert (shown["state"], shown["reopened"]) == (State.IN_WORK, 1)
    assert [event["verb"] for event in shown["events"]] == ["accepted", "assigned", "noted", "resolved", "reopened"]


def test_a_hand_off_is_asked_and_accepted() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    incident = make.incident(shares={shipping: 1.0})
    body = {"to": "billing", "reason": "caused_elsewhere", "words": "The address on the invoice was wrong."}
    asked = Caller(make.head(shipping)).post(f"/incidents/{incident.public_id}/hand-off", body)
    assert asked.json()["state"] == State.WAITING
    hand_off = asked.json()["hand_offs"][0]["id"]
    taken = Caller(make.head(billing)).post(f"/hand-offs/{hand_off}/accept", {"words": "It is ours."})
    assert taken.json()["answer"] == "accepted"
    incident.refresh_from_db()
    assert incident.department == billing


def test_a_hand_off_is_returned_or_withdrawn() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    body = {"to": "billing", "reason": "caused_elsewhere", "words": "Look at the invoice."}
    giver, asked = Caller(make.head(shipping)), Caller(make.head(billing))

    def proposed() -> str:
        incident = make.incident(shares={shipping: 1.0})
        return str(giver.post(f"/incidents/{incident.public_id}/hand-off", body).json()["hand_offs"][0]["id"])

    assert asked.post(f"/hand-offs/{proposed()}/return", {"words": "No."}).json()["answer"] == "returned"
    assert giver.post(f"/hand-offs/{proposed()}/withdraw").json()["answer"] == "withdrawn"
    assert asked.post(f"/hand-offs/{proposed()}/withdraw").status_code == 403


def test_a_dispute_is_raised_answered_and_withdrawn() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    incident = make.incident(shares={shipping: 0.6, billing: 0.4})
    disputing, other = Caller(make.head(billing)), Caller(make.head(shipping))
    said = {"reason": "caused_elsewhere", "words": "The label was wrong."}
    raised = disputing.post(f"/incidents/{incident.public_id}/dispute", said).json()
    assert (raised["state"], raised["disputes"][0]["against"], raised["undo"] is None) == (State.NEW, "shipping", False)
    dispute = f"/disputes/{raised['disputes'][0]['id']}"
    assert disputing.post(f"{dispute}/answer", {"share": 0, "words": "It stays."}).status_code == 403
    upheld = other.post(f"{dispute}/answer", {"share": 0, "words": "It stays."})
    assert (upheld.json()["upheld_words"], upheld["Holdfast-Undo"] != "") == ("It stays.", True)
    assert disputing.post(f"{dispute}/withdraw").json()["end"] == "withdrawn"
    assert other.get("/disputes?is_open=true").json()["results"] == []
    outcome = other.post("/deeds/dispute", {"incidents": [str(incident.public_id)], **said}).json()
    assert (outcome["done"], outcome["refused"]) == ([str(incident.public_id)], [])
    assert other.get("/disputes?department=shipping").json()["results"][0]["is_of_part"] is False


def test_whoever_comes_second_is_told_so() -> None:
    incident = make.incident()
    program = Caller(make.head(make.department()))
    program.post(f"/incidents/{incident.public_id}/accept")
    second = program.post(f"/incidents/{incident.public_id}/accept")
    assert second.status_code == 409
    assert "in work" in second.json()["detail"]


def test_an_outsider_finds_nothing_and_an_insider_without_the_capability_is_refused() -> None:
    incident = make.incident()
    accept = f"/incidents/{incident.public_id}/accept"
    assert Caller(make.head(make.department("billing"))).post(accept).status_code == 404
    assert Caller(make.person()).post(accept).status_code == 404
    for insider in (make.member(make.department()), make.manager_of(incident.account), make.person(Role.EXECUTIVE)):
        assert Caller(insider).post(accept).status_code == 403
    incident.refresh_from_db()
    assert incident.state == State.NEW


def test_the_capability_is_asked_before_the_form() -> None:
    incident = make.incident()
    refused = Caller(make.member(make.department())).post(f"/incidents/{incident.public_id}/resolve", {})
    assert refused.status_code == 403


def test_an_action_names_what_it_refuses() -> None:
    incident = make.incident()
    body = {"to": "shipping", "reason": "caused_elsewhere", "words": "It is ours."}
    refused = Caller(make.head(make.department())).post(f"/incidents/{incident.public_id}/hand-off", body)
    assert refused_fields(refused) == {"to"}


def test_a_foreign_cause_or_colleague_is_refused_with_a_sentence() -> None:
    incident = make.incident()
    program, billing = Caller(make.head(make.department())), make.department("billing")
    way = f"/incidents/{incident.public_id}"
    assert refused_fields(program.post(f"{way}/assign", {"assignee": str(make.head(billing).public_id)})) == {
        "assignee"
    }
    cause = make.cause(billing)
    cause.refresh_from_db()
    body = {"resolution": "Done.", "cause": str(cause.public_id)}
    assert refused_fields(program.post(f"{way}/resolve", body)) == {"cause"}


def test_fields_that_no_action_takes_are_not_written() -> None:
    incident = make.incident()
    body = {"text": "Hello", "person": 1, "incident": 2, "is_internal": False, "state": "resolved"}
    author = make.head(make.department())
    assert Caller(author).post(f"/incidents/{incident.public_id}/notes", body).status_code == 200
    note = Note.objects.get()
    assert (note.incident, note.person) == (incident, author)


def test_a_contact_is_logged_by_whoever_keeps_the_book() -> None:
    account = make.account()
    body = {
        "account": str(account.public_id),
        "channel": "call",
        "happened_at": timezone.now().isoformat(),
        "minutes": 7,
    }
    made = Caller(manager := make.manager_of(account)).post("/touchpoints", body)
    assert made.status_code == 201, made.content
    assert (made.json()["person"]["name"], made.json()["minutes"]) == (manager.name, 7)
    assert refused_fields(Caller(make.person()).post("/touchpoints", body)) == {"account"}
    assert Caller(make.person(Role.EXECUTIVE)).post("/touchpoints", body).status_code == 403


def test_an_order_is_taken_on_a_call() -> None:
    account = make.account()
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    body = {"account": str(account.public_id), "amount": "120.50"}
    made = Caller(desk).post("/orders", body)
    assert made.status_code == 201, made.content
    assert made.json()["amount"] == "120.50"
    assert Caller(make.manager_of(account)).post("/orders", body).status_code == 403
    assert refused_fields(Caller(desk).post("/orders", {**body, "amount": "NaN"})) == {"amount"}


@pytest.mark.parametrize("body", ["[", '{"text": NaN}', "[" * 100_000, "\ufeff", '{"text": "\\ud800"}', "7", "null"])
def test_a_body_that_cannot_be_read_is_refused(body: str) -> None:
    incident, program = make.incident(), Caller(make.head(make.department()))
    response = program.client.post(
        f"/api/v1/incidents/{incident.public_id}/notes", body, content_type="application/json", headers=program.headers
    )
    assert response.status_code == 400, response.content
    assert response.json()["detail"]


def test_a_session_needs_the_token_of_its_form() -> None:
    incident, person = make.incident(), make.head(make.department())
    program = Caller(None)
    program.client.handler.enforce_csrf_checks = True
    program.client.force_login(person)
    assert program.get(f"/incidents/{incident.public_id}").status_code == 200
    assert program.post(f"/incidents/{incident.public_id}/accept").status_code == 403
    incident.refresh_from_db()
    assert incident.state == State.NEW


def test_nothing_changes_by_reading() -> None:
    incident, program = make.incident(), Caller(make.head(make.department()))
    for deed in ("accept", "assign", "hand-off", "resolve", "reopen", "notes"):
        assert program.get(f"/incidents/{incident.public_id}/{deed}").status_code == 405
