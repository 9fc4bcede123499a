"""Reading through the API: what is visible, as JSON."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from departments.models import Person, Role, State
from tests import make
from tests.retention.api.calls import Caller, ids

pytestmark = pytest.mark.django_db

LISTS = [
    "/accounts",
    "/orders",
    "/signals",
    "/touchpoints",
    "/incidents",
    "/hand-offs",
    "/scores",
    "/departments",
    "/friction-types",
    "/signal-kinds",
    "/schema",
    "/docs",
]


@pytest.mark.parametrize("path", LISTS)
def test_nothing_is_read_without_a_token(path: str) -> None:
    response = Caller(None).get(path)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"


def test_a_token_of_somebody_who_has_left_is_refused() -> None:
    person = make.person()
    program = Caller(person)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert program.get("/accounts").status_code == 401


def test_an_account_manager_reads_their_own_accounts_alone() -> None:
    own, foreign = make.account("Own"), make.account("Foreign")
    program = Caller(make.manager_of(own))
    assert ids(program.get("/accounts")) == [str(own.public_id)]
    assert program.get(f"/accounts/{own.public_id}").status_code == 200
    refused = program.get(f"/accounts/{foreign.public_id}")
    assert refused.status_code == 404
    assert refused.json() == {"detail": "There is no such record, or you may not see it.", "errors": []}


def test_money_is_a_decimal_string() -> None:
    account = make.account(annual_revenue=Decimal("1234567.80"))
    shown = Caller(make.manager_of(account)).get(f"/accounts/{account.public_id}").json()
    assert shown["annual_revenue"] == "1234567.80"


def test_an_incident_resolved_long_ago_carries_no_stale_figure() -> None:
    account = make.account()
    stored: dict[str, Any] = {"state": State.RESOLVED, "happened_at": make.ago(days=200), "points": 0.2}
    recent = make.incident(account, resolved_at=make.ago(days=80), money_at_risk=900.0, **stored)
    old = make.incident(account, resolved_at=make.ago(days=100), money_at_risk=900.0, **stored)
    program = Caller(make.manager_of(account))
    shown = [program.get(f"/incidents/{incident.public_id}").json() for incident in (recent, old)]
    assert [(one["points"], one["money_at_risk"]) for one in shown] == [(0.2, 900.0), (None, None)]


def test_an_account_carries_its_people_and_holdings() -> None:
    account = make.account()
    make.contact(account, name="Pat Jones")
    make.holding(account, make.product("Hosting"))
    shown = Caller(make.manager_of(account)).get(f"/accounts/{account.public_id}").json()
    assert [contact["name"] for contact in shown["contacts"]] == ["Pat Jones"]
    assert [holding["product"] for holding in shown["holdings"]] == ["Hosting"]


def test_a_department_reads_name_and_value_of_an_account_and_not_its_book() -> None:
    account = make.account(city="Leeds")
    make.contact(account)
    make.incident(account)
    shown = Caller(make.head(make.department())).get(f"/accounts/{account.public_id}").json()
    assert shown["name"] == account.name
    assert set(shown) == {"id", "name", "annual_revenue", "score", "book_is_open"}


def test_what_a_department_may_not_read_it_cannot_find_out_by_asking() -> None:
    account = make.account(segment="Retail", renews_on=datetime.date(2030, 5, 1))
    make.incident(account)
    head, manager = Caller(make.head(make.department())), Caller(make.manager_of(account))
    for query in ({"renews_from": "2030-05-01"}, {"segment": "Retail"}, {"has_left": "false"}):
        assert ids(manager.get("/accounts", **query)) == [str(account.public_id)]
        assert ids(head.get("/accounts", **query)) == []
    assert ids(head.get("/accounts", name=account.name)) == [str(account.public_id)]


def test_orders_signals_and_contacts_stay_with_those_who_keep_the_book() -> None:
    account = make.account()
    order, signal = make.order(account), make.signal(account)
    manager = make.manager_of(account)
    touchpoint = make.touchpoint(account, manager)
    make.incident(account)
    mine, head = Caller(manager), Caller(make.head(make.department()))
    for path, record in (("/orders", order), ("/signals", signal), ("/touchpoints", touchpoint)):
        record.refresh_from_db()
        assert ids(mine.get(path)) == [str(record.public_id)]
        assert mine.get(f"{path}/{record.public_id}").status_code == 200
        assert ids(head.get(path)) == []
        assert head.get(f"{path}/{record.public_id}").status_code == 404


def test_a_department_reads_the_incidents_that_concern_it() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    late = make.incident(shares={shipping: 1.0})
    assert ids(Caller(make.head(shipping)).get("/incidents")) == [str(late.public_id)]
    assert ids(Caller(make.head(billing)).get("/incidents")) == []
    make.hand_off(late, billing)
    assert ids(Caller(make.head(billing)).get("/incidents")) == [str(late.public_id)]


def test_an_incident_shows_who_answers_for_it_and_its_way() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    incident = make.incident(shares={shipping: 0.75, billing: 0.25})
    make.hand_off(incident, make.department("legal"))
    shown = Caller(make.head(billing)).get(f"/incidents/{incident.public_id}").json()
    assert {part["department"]: part["share"] for part in shown["responsibilities"]} == {
        "shipping": 0.75,
        "billing": 0.25,
    }
    assert [hand_off["to_department"] for hand_off in shown["hand_offs"]] == ["legal"]


def test_internal_notes_stay_in_their_department() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    incident = make.incident(shares={shipping: 0.5, billing: 0.5})
    author = make.head(shipping)
    incident.notes.create(person=author, department=shipping, is_internal=True, text="The carrier is at fault.")
    incident.notes.create(person=author, department=shipping, text="We are on it.")

    def notes_shown_to(person: Person) -> list[str]:
        return [note["text"] for note in Caller(person).get(f"/incidents/{incident.public_id}").json()["notes"]]

    assert notes_shown_to(make.member(shipping)) == ["The carrier is at fault.", "We are on it."]
    assert notes_shown_to(make.head(billing)) == ["We are on it."]
    assert notes_shown_to(make.person(Role.EXECUTIVE)) == ["We are on it."]
    assert notes_shown_to(make.manager_of(incident.account)) == ["We are on it."]


def test_lists_are_read_page_by_page_to_their_end() -> None:
    account = make.account()
    for _ in range(5):
        make.order(account)
    program = Caller(make.manager_of(account))
    response = program.get("/orders", page_size=2)
    seen = ids(response)
    while following := response.json()["next"]:
        response = program.client.get(following, headers=program.headers)
        seen += ids(response)
    assert len(seen) == len(set(seen)) == 5


def test_lists_are_narrowed_by_filters() -> None:
    account = make.account(segment="retail")
    late = make.incident(account, state="in_work")
    make.incident(account, state="resolved")
    program = Caller(make.person(Role.EXECUTIVE))
    assert ids(program.get("/incidents", is_open="true")) == [str(late.public_id)]
    assert ids(program.get("/incidents", state=["in_work", "new"])) == [str(late.public_id)]
    assert ids(program.get("/incidents", department="billing")) == []
    assert len(ids(program.get("/incidents", answers="shipping", segment="retail"))) == 2
    assert ids(program.get("/incidents", external_id=late.external_id)) == [str(late.public_id)]


def test_a_filter_that_does_not_exist_is_refused() -> None:
    refused = Caller(make.person(Role.EXECUTIVE)).get("/incidents", departement="billing")
    assert refused.status_code == 400
    assert [problem["field"] for problem in refused.json()["errors"]] == ["departement"]


@pytest.mark.parametrize("value", ["nonsense", "\x00", "1", "' OR 1=1"])
def test_a_filter_with_a_wrong_value_is_refused(value: str) -> None:
    refused = Caller(make.person(Role.EXECUTIVE)).get("/incidents", account=value)
    assert refused.status_code == 400
    assert [problem["field"] for problem in refused.json()["errors"]] == ["account"]


def test_an_address_without_a_uuid_is_not_found() -> None:
    assert Caller(make.person(Role.EXECUTIVE)).get("/accounts/1").status_code == 404


def test_the_kinds_of_signal_are_described() -> None:
    kinds = {kind["name"]: kind for kind in Caller(make.person()).get("/signal-kinds").json()}
    assert kinds["shipment"]["department"] == "shipping"
    assert kinds["shipment"]["data_fields"][0]["name"] == "days_late"


def test_times_are_utc_even_for_a_person_whose_pages_show_another_zone() -> None:
    account = make.account()
    make.order(account, ordered_at=datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC))
    program = Caller(None)
    program.client.force_login(make.manager_of(account, time_zone="Asia/Tokyo"))
    assert program.get("/orders").json()["results"][0]["ordered_at"] == "2026-06-01T12:00:00Z"
