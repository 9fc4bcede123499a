"""Many signals and incidents in one call."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings
from rest_framework.throttling import UserRateThrottle

from accounts.models import Account, AuditEntry, Signal
from departments.models import Incident, IncidentEvent, Person, Responsibility, Role
from tests import make
from tests.retention.api.calls import Caller

pytestmark = pytest.mark.django_db
Item = dict[str, Any]


@pytest.fixture
def system() -> Caller:
    """A program with an administrator's token."""
    return Caller(make.person(Role.ADMINISTRATOR))


def signal_item(account: Account, number: int = 1, **fields: Any) -> Item:
    return {
        "source": "warehouse",
        "external_id": f"S-{number}",
        "account": str(account.public_id),
        "kind": "shipment",
        "happened_at": make.ago(days=2).isoformat(),
        "data": {"days_late": 3},
        **fields,
    }


def incident_item(account: Account, number: int = 1, **fields: Any) -> Item:
    return {
        "source": "tickets",
        "external_id": f"T-{number}",
        "account": str(account.public_id),
        "friction_type": make.friction_type().slug,
        "severity": 0.5,
        "happened_at": make.ago(days=2).isoformat(),
        **fields,
    }


def results(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [result["result"] for result in response.json()["results"]]


def refusals(response: Any) -> list[set[str]]:
    assert response.status_code == 200, response.content
    return [{problem["field"] for problem in result["errors"]} for result in response.json()["results"]]


def test_signals_are_created_found_unchanged_and_updated(system: Caller) -> None:
    items = [signal_item(make.account(), number) for number in range(3)]
    assert results(system.post("/signals/bulk", {"items": items})) == ["created"] * 3
    items[1]["data"] = {"days_late": 9}
    again = system.post("/signals/bulk", {"items": items})
    assert results(again) == ["unchanged", "updated", "unchanged"]
    assert again.json()["counts"] == {"created": 0, "updated": 1, "unchanged": 2, "refused": 0}
    assert Signal.objects.get(external_id="S-1").data == {"days_late": 9}
    assert str(Signal.objects.get(external_id="S-1").public_id) == again.json()["results"][1]["id"]


def test_a_bad_signal_is_refused_by_field_and_does_not_stop_the_rest(system: Caller) -> None:
    account = make.account()
    items = [
        signal_item(account, 0),
        signal_item(account, 1, kind="eclipse"),
        signal_item(account, 2, data={"days_late": "many", "colour": "red"}),
        signal_item(account, 3, happened_at="soon"),
        {**signal_item(account, 4), "account": "0198c0de-0000-7000-8000-000000000000"},
        signal_item(account, 0),
        "a signal",
        signal_item(account, 6, happened_at=make.ago(days=-1).isoformat()),
        signal_item(account, 7, happened_at="0001-01-01T00:00:00Z"),
        {"source": "warehouse"},
        signal_item(account, 8),
    ]
    response = system.post("/signals/bulk", {"items": items})
    assert refusals(response) == [
        set(),
        {"kind"},
        {"data.days_late", "data.colour"},
        {"happened_at"},
        {"account"},
        {"external_id"},
        {""},
        {"happened_at"},
        {"happened_at"},
        {"external_id", "happened_at", "kind"},
        set(),
    ]
    assert results(response) == ["created"] + ["refused"] * 9 + ["created"]
    assert Signal.objects.count() == 2


@pytest.mark.parametrize("value", ["nul \x00", "half \ud800", 1e400, {"a": 1}, [1]])
def test_a_value_that_the_database_cannot_hold_is_refused(system: Caller, value: object) -> None:
    item = signal_item(make.account(), data={"days_late": 1, "carrier": value})
    body = f'{{"items": [{_as_sent(item)}]}}'
    response = system.client.post("/api/v1/signals/bulk", body, content_type="application/json", headers=system.headers)
    assert refusals(response) == [{"data.carrier"}]


def _as_sent(item: Item) -> str:
    return json.dumps(item).replace("Infinity", "1e400")


def test_accounts_and_orders_may_be_named_as_their_own_system_names_them(system: Caller) -> None:
    account = make.account(source="warehouse", external_id="C-7")
    order = make.order(account, source="shop", external_id="O-9")
    item = signal_item(account, account_external_id="C-7", order_external_id="O-9", order_source="shop")
    del item["account"]
    assert results(system.post("/signals/bulk", {"items": [item]})) == ["created"]
    signal = Signal.objects.get()
    assert (signal.account, signal.order) == (account, order)


def test_an_order_of_another_account_is_refused(system: Caller) -> None:
    order = make.order(make.account())
    order.refresh_from_db()
    response = system.post("/signals/bulk", {"items": [signal_item(make.account(), order=str(order.public_id))]})
    assert refusals(response) == [{"order"}]


def test_an_account_must_be_named(system: Caller) -> None:
    item = signal_item(make.account())
    del item["account"]
    assert refusals(system.post("/signals/bulk", {"items": [item]})) == [{"account"}]


def test_a_call_takes_five_thousand_items_and_no_more(system: Caller) -> None:
    refused = system.post("/signals/bulk", {"items": [{}] * 5_001})
    assert refused.status_code == 400
    assert "5,001 items are too many for one call: send up to 5,000." in refused.content.decode()


@pytest.mark.parametrize("body", [{}, {"items": 7}, [], {"items": {"a": 1}}])
def test_a_call_without_a_list_is_refused(system: Caller, body: object) -> None:
    assert system.post("/signals/bulk", body).status_code == 400


def test_an_empty_call_changes_nothing(system: Caller) -> None:
    assert results(system.post("/signals/bulk", {"items": []})) == []
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("path", ["/signals/bulk", "/incidents/bulk", "/signals"])
@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.SERVICE_DESK, Role.EXECUTIVE])
def test_only_administrators_send_for_other_systems(path: str, role: Role) -> None:
    assert Caller(make.person(role)).post(path, {"items": []}).status_code == 403


def test_one_signal_is_sent_by_itself(system: Caller) -> None:
    item = signal_item(make.account())
    first = system.post("/signals", item)
    assert first.status_code == 201, first.content
    assert first.json()["data"] == {"days_late": 3}
    assert system.post("/signals", item).status_code == 200
    refused = system.post("/signals", {**item, "kind": "eclipse"})
    assert refused.status_code == 400
    assert [problem["field"] for problem in refused.json()["errors"]] == ["kind"]


def test_incidents_are_opened_once(system: Caller) -> None:
    items = [incident_item(make.account(), number) for number in range(3)]
    first = system.post("/incidents/bulk", {"items": items})
    assert results(first) == ["created"] * 3
    again = system.post("/incidents/bulk", {"items": items})
    assert results(again) == ["unchanged"] * 3
    assert [result["id"] for result in again.json()["results"]] == [result["id"] for result in first.json()["results"]]
    assert Incident.objects.count() == Responsibility.objects.count() == IncidentEvent.objects.count() == 3


def test_a_bad_incident_is_refused_by_field_and_does_not_stop_the_rest(system: Caller) -> None:
    account = make.account()
    items = [
        incident_item(account, 0, friction_type="sunshine"),
        incident_item(account, 1, severity=0),
        incident_item(account, 2, severity=1e400),
        incident_item(account, 3, title="x" * 201),
        incident_item(account, 4),
    ]
    body = json.dumps({"items": items}).replace("Infinity", "1e400")
    response = system.client.post(
        "/api/v1/incidents/bulk", body, content_type="application/json", headers=system.headers
    )
    assert refusals(response) == [{"friction_type"}, {"severity"}, {"severity"}, {"title"}, set()]


@pytest.mark.parametrize(("path", "item"), [("/signals/bulk", signal_item), ("/incidents/bulk", incident_item)])
def test_the_number_of_statements_does_not_grow_with_the_items(system: Caller, path: str, item: Any) -> None:
    accounts = [make.account() for _ in range(10)]

    def statements(first: int, count: int) -> int:
        items = [item(accounts[number % 10], number) for number in range(first, first + count)]
        with CaptureQueriesContext(connection) as captured:
            assert results(system.post(path, {"items": items})) == ["created"] * count
        return len(captured)

    statements(0, 1)
    assert statements(100, 2) == statements(200, 60)


def test_what_was_sent_is_in_the_audit(system: Caller) -> None:
    system.post("/signals/bulk", {"items": [signal_item(make.account(), number) for number in range(2)]})
    entry = AuditEntry.objects.get(verb="signal.record")
    assert entry.details == {"created": 2, "updated": 0, "unchanged": 0}
    assert entry.person == Person.objects.get(role=Role.ADMINISTRATOR)


def test_a_body_that_is_too_large_is_not_read(system: Caller, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    refused = system.post("/signals/bulk", {"items": [{"source": "x" * 1_000}]})
    assert refused.status_code == 413
    assert refused.json()["detail"] == "The request's body is too large: send fewer items a call."


def test_a_person_who_calls_too_often_is_told_to_wait(system: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    assert [system.get("/departments").status_code for _ in range(3)] == [200, 200, 429]
    assert Caller(make.person()).get("/departments").status_code == 200
