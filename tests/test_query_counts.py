"""How many statements each page takes, at two sizes of company: query_counts.json holds "person address": count.

A page is added by its line. What a change costs or saves is thereby read in its diff; run with
WRITE_QUERY_COUNTS=1 to write what is measured.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from tests.populated import Company, grow, populate
from tests.test_permissions import OK, ROWS, filled, route_of, session_of

pytestmark = pytest.mark.django_db
COUNTS = Path(__file__).with_name("query_counts.json")
EXPECTED: dict[str, int] = json.loads(COUNTS.read_text())
SMALL, LARGE = 2, 6
WITHOUT_RECORDS = ("healthz", "login", "logout", "password_", "reset")
Counts = dict[str, int]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield populate(SMALL)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def counts(company: Company, django_db_blocker: DjangoDbBlocker) -> tuple[Counts, Counts]:
    """What each page takes at the small and at the large size."""
    with django_db_blocker.unblock():
        small = measured(company)
        grow(company, LARGE - SMALL)
        return small, measured(company)


def measured(company: Company) -> Counts:
    return {page: statements(page, company) for page in EXPECTED}


def statements(page: str, company: Company) -> int:
    """Return what the page takes when it is asked for again, with the caches warm."""
    name, address = page.split()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(company.people[name])
    client.get(filled(address, company))
    with CaptureQueriesContext(connection) as captured:
        response = client.get(filled(address, company))
    assert response.status_code == OK, page
    return len(captured)


def test_no_page_takes_more_statements_for_more_rows(counts: tuple[Counts, Counts]) -> None:
    small, large = counts
    grown = {page: (small[page], large[page]) for page in EXPECTED if small[page] != large[page]}
    assert grown == {}


def test_each_page_takes_the_statements_that_are_written_down(counts: tuple[Counts, Counts]) -> None:
    small, _ = counts
    if os.environ.get("WRITE_QUERY_COUNTS"):
        COUNTS.write_text(json.dumps(small, indent=1) + "\n")
    assert small == json.loads(COUNTS.read_text())


def test_every_page_that_shows_records_is_measured(company: Company) -> None:
    shown = {route_of(row.address, company) for row in ROWS if row.method == "GET" and OK in row.statuses.values()}
    measured = {route_of(page.split()[1], company) for page in EXPECTED}
    assert {route for route in shown - measured if not route.startswith(WITHOUT_RECORDS)} == set()
