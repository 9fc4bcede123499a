"""Configuration pages: administrators alone, every change in the audit, facts and records only to be read."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Organisation
from departments.models import (
    Absence,
    Assignment,
    Department,
    FrictionType,
    Incident,
    Person,
    Role,
)
from retention.models import Budget, ModelVersion, Origin
from tests import make

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model._meta.app_label in ("accounts", "departments", "retention")]
READ_ONLY = {
    "order",
    "signal",
    "touchpoint",
    "auditentry",
    "incident",
    "handoff",
    "detectionrule",
    "modelversion",
    "override",
}
KEPT = {"organisation", "account", "product", "department", "frictiontype", "person", "causecode"}


@pytest.fixture
def administrator() -> Person:
    return make.person(Role.ADMINISTRATOR)


@pytest.fixture
def pages(administrator: Person) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def page(model: type, name: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)  # type: ignore[attr-defined]  # a model


def populate(rows: int) -> None:
    for _ in range(rows):
        account = make.account()
        manager = make.manager_of(account)
        make.contact(account)
        make.holding(account, make.product())
        make.order(account)
        make.touchpoint(account, manager)
        make.absence(manager, make.person())
        make.cause(make.department(), make.number())
        incident = make.incident(account, signal=make.signal(account))
        make.hand_off(incident, make.department("billing"))
        AuditEntry.objects.create(verb="test.deed", person=manager)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_every_page_shows_and_searches(pages: Client, model: Any) -> None:
    populate(1)
    assert pages.get(page(model, "changelist")).status_code == 200
    assert pages.get(page(model, "changelist"), {"q": "x"}).status_code == 200
    adding = pages.get(page(model, "add")).status_code
    assert adding == (403 if model._meta.model_name in READ_ONLY | {"organisation"} else 200)
    row = model.objects.first()
    if row is not None:
        assert pages.get(page(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_what_others_records_point_to_is_never_deleted(pages: Client, model: Any) -> None:
    populate(1)
    row = model.objects.first()
    name = model._meta.model_name
    if row is not None:
        expected = 403 if name in READ_ONLY | KEPT else 200
        assert pages.get(page(model, "delete", row.pk)).status_code == expected


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_nobody_else_comes_in(role: Role) -> None:
    client = Client()
    client.force_login(make.person(role, make.department()))
    for model in OURS:
        assert client.get(page(model, "changelist")).status_code == 302


def queries(pages: Client, model: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        pages.get(page(model, "changelist"))
    return len(captured)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_more_rows_take_no_more_queries(pages: Client, model: Any) -> None:
    populate(2)
    few = queries(pages, model)
    populate(6)
    assert queries(pages, model) <= few


def save(pages: Client, url: str, **changes: Any) -> Any:
    """Send the form of a page back as it came, with changes."""
    form = pages.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in (data | changes).items() if value is not None and value is not False}
    return pages.post(url, {**data, "_save": "Save"})


def sentences(response: Any) -> str:
    return re.sub(r"\s+", " ", str(response.context["errors"])) if response.context else ""


def test_a_change_is_kept_with_what_was_and_what_is(pages: Client, administrator: Person) -> None:
    kind = FrictionType.objects.get(slug="late_shipment")
    assert save(pages, page(FrictionType, "change", kind.pk), weight="1.5").status_code == 302
    entry = AuditEntry.objects.get(subject=kind.public_id)
    assert (entry.verb, entry.person_id) == ("frictiontype.change", administrator.pk)
    assert (entry.details["before"], entry.details["after"]) == ({"weight": 1.0}, {"weight": 1.5})


def test_what_is_made_and_deleted_here_is_in_the_audit(pages: Client) -> None:
    department = make.department()
    values = {"department": department.pk, "quarter_start": "2026-10-01", "amount": "5000"}
    assert save(pages, page(Budget, "add"), **values).status_code == 302
    budget = Budget.objects.get()
    pages.post(page(Budget, "delete", budget.pk), {"post": "yes"})
    verbs = AuditEntry.objects.filter(subject=budget.public_id).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["budget.create", "budget.delete"]


def test_the_company_itself_is_configured(pages: Client) -> None:
    url = page(Organisation, "change", 1)
    assert save(pages, url, name="Ostrava Pumps", time_zone="Europe/Prague").status_code == 302
    assert Organisation.objects.get().name == "Ostrava Pumps"
    assert "Select a valid choice" in sentences(save(pages, url, time_zone="Mars/Olympus"))


def test_an_assignment_made_here_gets_an_id_and_keeps_out_of_anothers_time(pages: Client) -> None:
    account, person = make.account(), make.person()
    values = {"account": account.pk, "person": person.pk, "capacity": "account_manager", "starts_on": "2026-01-01"}
    assert save(pages, page(Assignment, "add"), **values).status_code == 302
    assignment = Assignment.objects.get()
    assert assignment.external_id
    assert save(pages, page(Assignment, "add"), **values).status_code == 200
    assert Assignment.objects.count() == 1


def test_whoever_does_not_fit_is_told_at_the_field_of_an_assignment(pages: Client) -> None:
    values = {"account": make.account().pk, "capacity": "account_manager", "starts_on": "2026-01-01"}
    executive = make.person(Role.EXECUTIVE)
    assert "does not fit" in sentences(save(pages, page(Assignment, "add"), person=executive.pk, **values))
    assert not Assignment.objects.exists()


def test_the_assignment_of_who_has_left_can_be_ended(pages: Client) -> None:
    account, leaver = make.account(), make.person(is_active=False)
    assignment = make.assignment(account, leaver, starts_on="2026-01-01")
    url = page(Assignment, "change", assignment.pk)
    assert save(pages, url, ends_on="2026-01-31").status_code == 302
    entry = AuditEntry.objects.get(verb="account.assign", subject=account.public_id)
    assert (entry.details["before"]["ends_on"], entry.details["after"]["ends_on"]) == (None, "2026-01-31")


def test_an_absence_is_saved_by_its_action_and_its_checks(pages: Client) -> None:
    person, colleague = make.person(), make.person()
    values = {"person": person.pk, "starts_on": "2026-01-05", "ends_on": "2026-01-09"}
    adding = page(Absence, "add")
    wrong_role = make.person(Role.SERVICE_DESK)
    assert "cannot cover" in sentences(save(pages, adding, covered_by=wrong_role.pk, **values))
    assert save(pages, adding, covered_by=colleague.pk, **values).status_code == 302
    absence = Absence.objects.get()
    assert save(pages, page(Absence, "change", absence.pk), ends_on="2026-01-07").status_code == 302
    person.refresh_from_db()
    entries = AuditEntry.objects.filter(verb="person.absence", subject=person.public_id).order_by("pk")
    assert [entry.details["after"]["ends_on"] for entry in entries] == ["2026-01-09", "2026-01-07"]


def test_an_absence_does_not_end_before_it_begins(pages: Client) -> None:
    values = {"person": make.person().pk, "starts_on": "2026-01-05", "ends_on": "2026-01-01"}
    assert "ends after it begins" in sentences(save(pages, page(Absence, "add"), **values))


def new_person(pages: Client, **changes: Any) -> Any:
    values = {"name": "Ann Smith", "email": "Ann@Example.com", "role": Role.ACCOUNT_MANAGER, "is_active": "on"}
    return save(pages, page(Person, "add"), **{**values, **changes})


def test_who_is_new_sets_their_own_password_by_a_link(pages: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert new_person(pages).status_code == 302
    person = Person.objects.get(email="ann@example.com")
    assert not person.has_usable_password()
    link = re.search(r"http://testserver(/\S+)", str(mail.outbox[0].body))
    assert link is not None
    visitor = Client()
    form = visitor.get(link[1], follow=True)
    password = "a long enough pass phrase"
    url = form.request["PATH_INFO"]
    visitor.post(url, {"new_password1": password, "new_password2": password})
    assert visitor.login(username="ann@example.com", password=password)


def test_a_password_is_never_shown_nor_in_the_audit(pages: Client) -> None:
    person = make.person()
    shown = pages.get(page(Person, "change", person.pk)).content.decode()
    save(pages, page(Person, "change", person.pk), name="Bo Green")
    entry = AuditEntry.objects.get(subject=person.public_id)
    assert person.password not in shown
    assert entry.details["after"] == {"name": "Bo Green"}


def test_a_link_can_be_sent_again(pages: Client) -> None:
    person = make.person()
    data = {"action": "send_links", "_selected_action": [person.pk]}
    pages.post(page(Person, "changelist"), data)
    assert [message.to for message in mail.outbox] == [[person.email]]


def test_two_people_do_not_share_an_address(pages: Client) -> None:
    make.person(email="ann@example.com")
    assert "signs in with this address already" in sentences(new_person(pages))


def test_a_head_needs_a_department(pages: Client) -> None:
    assert "department_people_have_a_department" in sentences(new_person(pages, role=Role.DEPARTMENT_HEAD))


def test_the_last_administrator_is_not_locked_out(pages: Client, administrator: Person) -> None:
    url = page(Person, "change", administrator.pk)
    assert "last administrator" in sentences(save(pages, url, is_active=False))
    make.person(Role.ADMINISTRATOR)
    assert save(pages, url, is_active=False).status_code == 302


def test_a_model_is_looked_at_and_not_changed(pages: Client) -> None:
    model = ModelVersion.objects.first() or ModelVersion.objects.create(
        number=1, origin=Origin.PRIOR, terms=[], weights={}, rhythm={}
    )
    assert pages.post(page(ModelVersion, "change", model.pk), {"number": 7}).status_code == 403


def test_the_pages_are_named_after_the_product(pages: Client) -> None:
    assert "Holdfast configuration" in pages.get(reverse("admin:index")).content.decode()
    assert Department.objects.count() == 14
    assert not Incident.objects.exists()
