"""What an attacker would try, on every page: script in what people write, notes of others, others' customers."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from accounts.models import Account, AuditEntry
from departments.models import DetectionRule, Note, RuleVersion
from retention.models import ModelVersion
from tests.populated import Company, populate
from tests.test_permissions import OK, ROWS, Row, filled, session_of

pytestmark = pytest.mark.django_db
SCRIPT = '"><img src=x onerror=alert(1)>'
INTERNAL = "The carrier lost it."
SECRET_CUSTOMER = "Quernstone Ltd"
GETS = [row for row in ROWS if row.method == "GET" and row.address != "/api/v1/schema"]
NOT_IN_SHIPPING = ("manager", "asked_head", "executive", "administrator")
STRANGERS = ("other_manager", "other_desk", "other_head")
# What a page asks for, all at once; each page reads those it knows.


def whoever_may(row: Row) -> str | None:
    """Return somebody whom the page lets in, those who see most first."""
    return next((name for name in reversed(row.statuses) if row.statuses[name] == OK and name != "anonymous"), None)


READABLE = [row for row in GETS if whoever_may(row)]
PAGES = [row for row in READABLE if not row.address.startswith("/api/") and not row.address.endswith("/export")]
PARAMETERS = (
    *("q", "show", "page", "person", "tab", "after", "sort", "order", "segment", "band", "owner", "department"),
    *("one", "other", "part", "met", "moves", "kind", "by", "of"),
)
NASTY = ("\0", "-1", "9" * 400, "' OR 1=1 -- %[{{\x1b\U0001f600")
SERVER_FAULT = 500


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    with django_db_blocker.unblock(), transaction.atomic():
        made = populate()
        Account.objects.update(name=SECRET_CUSTOMER)
        yield made
        transaction.set_rollback(True)


def signed_in(company: Company, name: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(company.people[name])
    return client


def text_of(client: Client, address: str) -> str:
    """Return what a page shows, streamed or not; nothing where it is refused."""
    response = client.get(address)
    return response.getvalue().decode(errors="replace") if response.status_code == OK else ""


def html_of(client: Client, address: str) -> str:
    """Return what a page shows, where it is one that a browser reads for markup: a PDF's text is only text."""
    response = client.get(address)
    is_markup = response.status_code == OK and response["Content-Type"].startswith("text/html")
    return response.getvalue().decode() if is_markup else ""


def test_internal_notes_are_shown_nowhere_outside_their_department(company: Company) -> None:
    assert Note.objects.filter(is_internal=True, text=INTERNAL).exists()
    shown = {
        f"{row.address} to {name}"
        for name in NOT_IN_SHIPPING
        for client in [signed_in(company, name)]
        for row in GETS
        if INTERNAL in text_of(client, filled(row.address, company))
    }
    assert shown == set()
    assert INTERNAL in text_of(signed_in(company, "member"), filled("/incidents/<in_work>", company))


def test_a_customer_is_named_nowhere_to_those_who_do_not_see_it(company: Company) -> None:
    addresses = {*(row.address for row in GETS), "/search?q=quern", "/portfolio?tab=all", "/report?q=quern"}
    shown = {
        f"{address} to {name}"
        for name in STRANGERS
        for client in [signed_in(company, name)]
        for address in addresses
        if SECRET_CUSTOMER in text_of(client, filled(address, company))
    }
    assert shown == set()
    assert SECRET_CUSTOMER in text_of(signed_in(company, "manager"), "/search?q=quern")


@pytest.mark.parametrize("row", PAGES, ids=str)
def test_what_people_write_is_shown_as_text(row: Row, company: Company) -> None:
    with transaction.atomic():
        write_everywhere(SCRIPT)
        page = html_of(signed_in(company, whoever_may(row) or ""), filled(row.address, company))
        transaction.set_rollback(True)
    assert "<img src=x" not in page


def test_what_is_shown_as_text_is_shown(company: Company) -> None:
    with transaction.atomic():
        write_everywhere(SCRIPT)
        page = text_of(signed_in(company, "head"), filled("/incidents/<in_work>", company))
        transaction.set_rollback(True)
    assert page.count("&lt;img src=x") > len(("title", "customer", "note", "words", "department"))


def test_what_people_write_is_shown_as_text_in_the_configuration(company: Company) -> None:
    with transaction.atomic():
        write_everywhere(SCRIPT)
        client = signed_in(company, "administrator")
        for model in admin.site._registry:
            page = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
            assert "<img src=x" not in page.content.decode(), model
        transaction.set_rollback(True)


def write_everywhere(text: str) -> None:
    """Put the text into every field of ours that takes any text, also where the database rewrites nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    for label in ("accounts", "departments", "retention"):
        for model in apps.get_app_config(label).get_models():
            if model not in (DetectionRule, RuleVersion, ModelVersion):
                model._default_manager.update(
                    **{field.attname: written(field, text) for field in fields_for_text(model)}
                )


def fields_for_text(model: type[models.Model]) -> "list[models.Field[str, str]]":
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.SlugField | models.EmailField)
        and not (field.choices or field.validators[:-1] or field.attname in NAMES_OF_THINGS)
        and (field.max_length or 999) > len(SCRIPT) + 20
    ]


def written(field: "models.Field[str, str]", text: str) -> models.expressions.Combinable | str:
    if field.unique or "name" in field.attname:
        return models.functions.Concat(models.Value(text), models.functions.Cast("pk", models.TextField()))
    return text


NAMES_OF_THINGS = {"source", "external_id", "password", "verb", "time_zone", "locale", "currency", "exposure"}


@pytest.mark.parametrize("row", READABLE, ids=str)
def test_no_address_breaks_a_page(row: Row, company: Company) -> None:
    client = signed_in(company, whoever_may(row) or "")
    address = filled(row.address, company).partition("?")[0]
    for value in NASTY:
        for headers in ({}, {"HX-Request": "true"}):
            with transaction.atomic():
                response = client.get(address, dict.fromkeys(PARAMETERS, value), headers=headers)
                b"".join(response)
                transaction.set_rollback(True)
            assert response.status_code < SERVER_FAULT, value
    assert connection.is_usable()
    assert AuditEntry.objects.exists()
