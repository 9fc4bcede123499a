"""Who may do what, everywhere: each cell of permission_matrix.txt is requested, and no route may be missing there.

A row is a method, an address with the names of records in angle brackets, and the status that each person gets.
After a bar stands what is sent, as JSON: to the API as it is, to a page as a form.
"""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from pytest_django import DjangoDbBlocker

from departments.models import Person
from tests.populated import Company, populate

pytestmark = pytest.mark.django_db
MATRIX = Path(__file__).with_name("permission_matrix.txt")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OK, TO_SIGN_IN, REFUSED, FORBIDDEN, NOT_ALLOWED = 200, 302, 400, 403, 405
FAR_REACHING = ("administrator", "head")
NOT_CONFIGURING = ("anonymous", "manager", "desk", "head", "member", "executive")
# The configuration pages are Django's own; test_only_administrators_configure walks them.
CONFIGURATION = "admin/"


@dataclass(frozen=True)
class Row:
    """One line of the matrix."""

    method: str
    address: str
    statuses: dict[str, int]
    body: str

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def read_rows() -> list[Row]:
    """Return the matrix; its first line names the columns."""
    lines = [line for line in MATRIX.read_text().splitlines() if line and not line.startswith("#")]
    people = lines[0].split()[2:]
    return [_row(line, people) for line in lines[1:]]


def _row(line: str, people: list[str]) -> Row:
    table, _, body = line.partition("|")
    method, address, *statuses = table.split()
    return Row(method, address, dict(zip(people, map(int, statuses), strict=True)), body.strip() or "{}")


ROWS = read_rows()


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    """One company for all rows, in a transaction around those of the tests."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield populate()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def sessions(company: Company) -> dict[str, str]:
    """The session that each person has signed in to; nobody's has no key."""
    return {name: session_of(person) for name, person in company.people.items()}


def session_of(person: Person | None) -> str:
    client = Client()
    if person is not None:
        client.force_login(person)
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    return cookie.value if cookie else ""


def filled(text: str, company: Company) -> str:
    """Put public ids in the place of names in angle brackets."""
    return re.sub(r"<(\w+)>", lambda name: company.ids[name[1]], text)


def request(session: str, method: str, address: str, body: str = "{}") -> int:
    """Return the status, and undo whatever was done."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    is_form = method == "POST" and not address.startswith("/api/")
    with transaction.atomic():
        if method == "GET":
            response = client.get(address)
        elif is_form:
            response = client.post(address, json.loads(body))
        else:
            response = client.generic(method, address, body, content_type="application/json")
        transaction.set_rollback(True)
    return int(response.status_code)


def route_of(address: str, company: Company) -> str:
    """Return the route that an address belongs to, spelled as the resolver spells it."""
    return resolve(filled(address, company).partition("?")[0]).route


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield every route of the site, spelled as the resolver spells it."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_person_gets_what_the_matrix_says(row: Row, company: Company, sessions: dict[str, str]) -> None:
    address, body = filled(row.address, company), filled(row.body, company)
    found = {name: request(sessions[name], row.method, address, body) for name in row.statuses}
    assert found == row.statuses, "the line should read: " + " ".join(map(str, found.values()))


def test_no_route_is_missing_from_the_matrix(company: Company) -> None:
    everything = {route for route in routes(get_resolver().url_patterns) if not route.startswith(CONFIGURATION)}
    assert everything - {route_of(row.address, company) for row in ROWS} == set()


def test_methods_that_the_matrix_does_not_name_are_refused(company: Company, sessions: dict[str, str]) -> None:
    addresses = {route_of(row.address, company): filled(row.address, company) for row in ROWS}
    named = {(route_of(row.address, company), row.method) for row in ROWS}
    wrong = {}
    for route, method in itertools.product(addresses, METHODS):
        if (route, method) not in named:
            found = [request(sessions[name], method, addresses[route]) for name in FAR_REACHING]
            if NOT_ALLOWED not in found or min(found) < REFUSED:
                wrong[f"{method} {route}"] = found
    assert wrong == {}


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_only_administrators_configure(model: type[Model], company: Company, sessions: dict[str, str]) -> None:
    for page in ("changelist", "add"):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}")
        assert request(sessions["administrator"], "GET", address) in {OK, FORBIDDEN}
        assert {request(sessions[name], "GET", address) for name in NOT_CONFIGURING} == {TO_SIGN_IN}, address
