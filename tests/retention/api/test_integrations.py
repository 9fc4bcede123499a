"""Another system's token: it sends and reads facts, and opens nothing else."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEntry, Order, OrderLine
from departments.models import Incident, Person, Role
from tests import make
from tests.populated import populate
from tests.retention.api.calls import Caller, ids
from tests.test_permissions import ROWS, filled

pytestmark = pytest.mark.django_db

OPEN = re.compile(
    r"GET /api/v1/(signals|orders|incidents|departments(?!/\w+/hours)|friction-types|signal-kinds|schema|docs)|"
    r"POST /api/v1/(signals|(signals|orders|incidents)/bulk)$"
)
FORBIDDEN, NOT_ALLOWED = 403, 405


@pytest.fixture
def system() -> Caller:
    return Caller(make.person(Role.INTEGRATION))


def order_item(account: Any, number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "source": "shop",
        "external_id": f"O-{number}",
        "account": str(account.public_id),
        "ordered_at": make.ago(days=2).isoformat(),
        "amount": "12.50",
        **fields,
    }


def results(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [result["result"] for result in response.json()["results"]]


def test_orders_are_created_found_unchanged_and_updated(system: Caller) -> None:
    items = [order_item(make.account(), number) for number in range(3)]
    assert results(system.post("/orders/bulk", {"items": items})) == ["created"] * 3
    OrderLine.objects.create(
        order=Order.objects.get(external_id="O-1"), position=1, sku="X", quantity=1, unit_price="12.50"
    )
    items[1]["delivered_on"] = "2026-01-31"
    assert results(system.post("/orders/bulk", {"items": items})) == ["unchanged", "updated", "unchanged"]
    assert str(Order.objects.get(external_id="O-1").delivered_on) == "2026-01-31"
    assert OrderLine.objects.count() == 1
    assert AuditEntry.objects.filter(verb="order.record").count() == 2


def test_orders_that_cannot_be_are_refused_one_by_one(system: Caller) -> None:
    account = make.account()
    items = [
        order_item(account, 1, amount="-1"),
        order_item(account, 2, ordered_at=make.ago(days=-2).isoformat()),
        order_item(account, 3) | {"account": "00000000-0000-0000-0000-000000000000"},
        order_item(account, 4),
    ]
    answer = system.post("/orders/bulk", {"items": items})
    assert results(answer) == ["refused", "refused", "refused", "created"]
    fields = [[problem["field"] for problem in result["errors"]] for result in answer.json()["results"]]
    assert fields == [["amount"], ["ordered_at"], ["account"], []]


def test_it_reads_the_facts_of_every_account_and_opens_incidents(system: Caller) -> None:
    account, other = make.account(), make.account()
    assert ids(system.get("/orders")) == [] == ids(system.get("/incidents"))
    sent = [order_item(account), order_item(other, 2)]
    assert results(system.post("/orders/bulk", {"items": sent})) == ["created"] * 2
    incident = {
        "source": "tickets",
        "external_id": "T-1",
        "account": str(account.public_id),
        "friction_type": make.friction_type().slug,
        "severity": 0.5,
        "happened_at": make.ago(days=2).isoformat(),
    }
    assert results(system.post("/incidents/bulk", {"items": [incident]})) == ["created"]
    assert len(ids(system.get("/orders"))) == 2
    assert ids(system.get("/incidents")) == [str(Incident.objects.get().public_id)]


def test_every_other_route_is_closed_to_it() -> None:
    company = populate()
    system = Caller(make.person(Role.INTEGRATION))
    opened: set[str] = set()
    closed: set[str] = set()
    for row in ROWS:
        address = filled(row.address, company)
        if not address.startswith("/api/"):
            continue
        response = system.client.generic(
            row.method, address, filled(row.body, company), content_type="application/json", headers=system.headers
        )
        shut = response.status_code in {FORBIDDEN, NOT_ALLOWED}
        (closed if shut else opened).add(f"{row.method} {row.address.partition('?')[0]}")
    assert {route for route in opened if not OPEN.match(route)} == set()
    assert {route for route in closed if OPEN.match(route)} == set()
    assert len(closed) > len(opened) > 0


def test_it_cannot_sign_in_to_the_pages_even_with_a_password_or_a_session_from_before() -> None:
    person = make.person(Role.INTEGRATION)
    assert not Client().login(username=person.email, password=make.PASSWORD)
    browser = Client()
    changing = make.person(Role.EXECUTIVE)
    browser.force_login(changing)
    assert browser.get("/inbox").status_code == 200
    Person.objects.filter(pk=changing.pk).update(role=Role.INTEGRATION)
    assert browser.get("/inbox").status_code == 302


def test_the_command_makes_an_integration_once_and_a_new_token_each_time() -> None:
    keys = [issued("feed@example.com", "--integration", "Feed") for _ in range(2)]
    person = Person.objects.get(email="feed@example.com")
    assert (person.name, person.role, person.has_usable_password()) == ("Feed", Role.INTEGRATION, False)
    statuses = [Client().get("/api/v1/orders", headers={"Authorization": f"Token {key}"}).status_code for key in keys]
    assert statuses == [401, 200]


def test_the_command_makes_no_integration_of_a_person() -> None:
    person = make.person(Role.ADMINISTRATOR)
    with pytest.raises(CommandError, match="not an integration"):
        issued(person.email, "--integration", "Feed")


def issued(*arguments: str) -> str:
    out = StringIO()
    call_command("issue_token", *arguments, stdout=out)
    return out.getvalue().strip()
