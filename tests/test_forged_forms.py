"""Forms that no page of ours would send: others' ids, fields that are nobody's to fill, addresses elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import models, transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import Account, Order, Touchpoint
from departments.models import Assignment, Department, Incident, Note, Person, Role, State
from retention.models import SavedView
from tests import make
from tests.populated import Company, populate
from tests.test_permissions import ROWS, Row, filled, session_of

pytestmark = pytest.mark.django_db
FOUND, SEE_OTHER, FORBIDDEN, NOT_FOUND = 302, 303, 403, 404
# Mail programs post here by themselves; whose mail stops is said by the signature in the address alone.
SIGNED = "/scorecard/mail/stop/<stop>"
WRITING = [
    row for row in ROWS if row.method == "POST" and not row.address.startswith("/api/") and row.address != SIGNED
]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield populate()
        transaction.set_rollback(True)


def post(person: Person | None, address: str, body: dict[str, Any], *, checks: type[Client] = Client) -> Any:
    client = checks()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(person)
    return client.post(address, body)


def public_id(record: models.Model) -> str:
    record.refresh_from_db()
    return str(record.public_id)  # type: ignore[attr-defined]  # each of these has one


def someone(company: Company, name: str) -> Person:
    person = company.people[name]
    assert person is not None
    return person


class Guarded(Client):
    """A client that forged forms come from: it holds no token of ours."""

    def __init__(self) -> None:
        super().__init__(enforce_csrf_checks=True)


@pytest.mark.parametrize("row", WRITING, ids=str)
def test_no_form_is_taken_from_another_site(row: Row, company: Company) -> None:
    address = filled(row.address, company)
    for name in ("administrator", "head", "manager"):
        assert post(company.people[name], address, {}, checks=Guarded).status_code == FORBIDDEN


def test_an_order_of_another_customer_is_not_reported_on(company: Company) -> None:
    foreign = make.order(make.account())
    body = {
        "friction_type": "late_shipment",
        "severity": "0.5",
        "happened_at": "2026-01-05T10:00",
        "order": public_id(foreign),
    }
    before = Incident.objects.count()
    post(company.people["manager"], filled("/accounts/<account>/report", company), body)
    assert Incident.objects.count() == before


def test_a_contact_of_another_customer_is_not_spoken_to(company: Company) -> None:
    stranger = make.contact(make.account())
    body = {"channel": "call", "purpose": "check_in", "happened_at": "2026-01-05T10:00", "contact": public_id(stranger)}
    before = Touchpoint.objects.count()
    post(company.people["manager"], filled("/accounts/<account>/contact", company), body)
    assert Touchpoint.objects.count() == before


def test_an_order_is_not_taken_for_a_customer_of_others(company: Company) -> None:
    foreign = make.account()
    body = {"purpose": "order", "summary": "Ten more.", "order_amount": "100.00"}
    assert post(company.people["desk"], f"/desk/{public_id(foreign)}", body).status_code == NOT_FOUND
    assert not Order.objects.filter(account=foreign).exists()


def test_a_ticked_incident_of_another_department_stays_as_it_is(company: Company) -> None:
    body = {"incident": [company.ids["new"]]}
    post(company.people["other_head"], "/incidents/ticked/accept", body)
    assert Incident.objects.get(public_id=company.ids["new"]).state == State.NEW


def test_nobody_is_assigned_from_another_department(company: Company) -> None:
    foreign = someone(company, "asked_head")
    post(company.people["head"], filled("/incidents/<new>/assign", company), {"assignee": public_id(foreign)})
    assert Incident.objects.get(public_id=company.ids["new"]).assignee is None


def test_accounts_are_not_assigned_by_who_may_not(company: Company) -> None:
    person = someone(company, "other_manager")
    body = {"accounts": [company.ids["account"]], "person": public_id(person)}
    assert post(person, "/portfolio/assign", body).status_code == FORBIDDEN
    assert not Assignment.objects.filter(person=person).exists()


def test_a_view_that_somebody_else_saved_is_not_forgotten(company: Company) -> None:
    view = SavedView.objects.create(person=someone(company, "manager"), page="portfolio", name="Mine", query="tab=all")
    address = f"/portfolio/views/{public_id(view)}/forget"
    assert post(company.people["other_manager"], address, {}).status_code == NOT_FOUND
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_fields_that_no_form_has_are_not_written(company: Company) -> None:
    legal = Department.objects.get(slug="legal")
    author = someone(company, "member")
    body = {"text": "Mine.", "person": "1", "department": str(legal.pk), "state": "resolved", "incident": "1"}
    post(author, filled("/incidents/<in_work>/note", company), body)
    note = Note.objects.get(text="Mine.")
    assert (note.person, note.department) == (author, author.department)
    assert Incident.objects.get(public_id=company.ids["in_work"]).state == State.IN_WORK


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example"],
)
def test_nobody_is_sent_elsewhere(company: Company, place: str) -> None:
    answer = post(company.people["head"], filled("/incidents/<new>/accept", company), {"next": place})
    assert answer.status_code == SEE_OTHER
    assert answer["Location"].startswith("/incidents/")
    person = make.person()
    signed_in = Client().post("/login/", {"username": person.email, "password": make.PASSWORD, "next": place})
    assert (signed_in.status_code, signed_in["Location"]) == (FOUND, "/")


def test_an_account_manager_of_the_past_sees_nothing_any_more() -> None:
    account = make.account()
    former = make.person(Role.ACCOUNT_MANAGER)
    make.assignment(account, former, ends_on=make.ago(days=1).date())
    assert not Account.objects.visible_to(former).exists()
    assert not Account.objects.open_book_to(former).exists()
