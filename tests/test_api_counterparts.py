"""Whatever can be done on the pages can be done over the API, by the same people; what cannot says why.

Which addresses change something is read from the permission matrix, in which no route and no method is missing.
"""

import re

import pytest
from django.urls import resolve

from tests.test_permissions import FORBIDDEN, ROWS, Row

NOWHERE = "00000000-0000-7000-8000-000000000000"
REFUSED = (403, 404)
NAMES = {"uuid": "id", "slug": "slug"}

# Where a call has another address than the page; most have the same.
ELSEWHERE = {
    "rules/new": "rules",
    "rules/<id>/edit": "rules/<id>/change",
    "incidents/ticked/accept": "deeds/accept",
    "incidents/ticked/assign": "deeds/assign",
    "incidents/ticked/dispute": "deeds/dispute",
    "incidents/ticked/hand-off": "deeds/hand-off",
    "incidents/ticked/merge": "deeds/merge",
    "incidents/ticked/resolve": "deeds/resolve",
    "incidents/ticked/problem": "problems",
    "undo/<id>": "deeds/undo",
    "incidents/<id>/note": "incidents/<id>/notes",
    "incidents/<id>/attach": "incidents/<id>/attachments",
    "incidents/<id>/contain": "cures/<id>/contain",
    "incidents/<id>/cause": "cures/<id>/cause",
    "incidents/<id>/plan": "cures/<id>/plan",
    "incidents/<id>/cost": "cures/<id>/cost",
    "incidents/<id>/customer": "cures/<id>/customer",
    "incidents/<id>/unlink": "cures/<id>/unlink",
    "cure/<slug>/<id>/strike": "cures/<id>/strike",
    "accounts/<id>/report": "incidents",
    "accounts/<id>/contact": "touchpoints",
    "accounts/<id>/ask-for-call": "call-requests",
    "accounts/<id>/recovery": "recoveries",
    "accounts/<id>/snooze": "snoozes",
    "accounts/<id>/wake": "snoozes/wake",
    "accounts/<id>/what-if": "scores/<id>/what-if",
    "accounts/<id>/override": "overrides",
    "portfolio/assign": "assignments",
    "portfolio/snooze": "snoozes",
    "portfolio/wake": "snoozes/wake",
    # A call is recorded and an order taken by one form of the desk; over the API these are two calls.
    "desk/<id>": "touchpoints",
    # The records of a file are sent by the set.
    "imports": "incidents/bulk",
}
HOW_A_PAGE_LOOKS = "a way of looking at a page, and nobody else's"
ONES_OWN_SIGN_IN = "about signing in, which a token replaces"
WITHOUT_COUNTERPART = {
    "portfolio/views": HOW_A_PAGE_LOOKS,
    "portfolio/views/<id>/forget": HOW_A_PAGE_LOOKS,
    "triage/<slug>/views": HOW_A_PAGE_LOOKS,
    "triage/views/<id>/forget": HOW_A_PAGE_LOOKS,
    "token": "a token makes no tokens, else one that was lost could not be ended",
    "token/end": "a token ends no tokens",
    "login/": ONES_OWN_SIGN_IN,
    "logout/": ONES_OWN_SIGN_IN,
    "password_change/": ONES_OWN_SIGN_IN,
    "password_reset/": ONES_OWN_SIGN_IN,
    "reset/<text>/<text>/": ONES_OWN_SIGN_IN,
    "scorecard/links": "a link that opens the scorecard to outsiders is made by a person, never by a program",
    "scorecard/links/<id>/end": "ended where it was made",
    "scorecard/mail": "one's own mail, asked for where it is shown",
    "scorecard/mail/stop/<text>": "the link of a mail, for whoever holds it",
    "scorecard/budgets": "entered once a quarter beside the figures it is held against",
    "method/models/<id>/activate": "put in force by whoever has read on the page what would change",
}

# An account's page is shown to whoever keeps its book, its score to whoever sees the account: 404 there is 403 here.
ANOTHER_RECORD = "/accounts/<account>/what-if"


def spelled(route: str) -> str:
    """Name the parameters of a route by what they are."""
    return re.sub(r"<(uuid|slug|str)?:?\w+>", lambda found: f"<{NAMES.get(found[1], 'text')}>", route)


def route_of(row: Row) -> str:
    address = re.sub(r"<(?:live|stop)>", "x", row.address).partition("?")[0]
    return spelled(resolve(re.sub(r"<\w+>", NOWHERE, address)).route)


def changing() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        if row.method != "GET":
            found.setdefault(route_of(row), []).append(row)
    return found


CHANGING = changing()
API = {route.removeprefix("api/v1/"): rows for route, rows in CHANGING.items() if route.startswith("api/v1/")}
PAGES = {route: rows for route, rows in CHANGING.items() if not route.startswith("api/v1/")}


COUNTERPARTS = {page: ELSEWHERE.get(page, page) for page in PAGES.keys() - WITHOUT_COUNTERPART.keys()}


def test_every_page_that_changes_something_has_a_call_that_does_or_a_reason() -> None:
    assert {page: call for page, call in COUNTERPARTS.items() if call not in API} == {}


def test_nothing_is_named_that_is_no_more() -> None:
    assert (ELSEWHERE.keys() | WITHOUT_COUNTERPART.keys()) - PAGES.keys() == set()
    assert ELSEWHERE.keys().isdisjoint(WITHOUT_COUNTERPART)


def records_in(row: Row) -> list[str]:
    return re.findall(r"<\w+>", row.address)


def refusals(row: Row, other: Row) -> dict[str, int]:
    """How each person is refused; where the records differ, only that they are."""
    is_same = ANOTHER_RECORD not in (row.address, other.address)
    codes = {name: code for name, code in row.statuses.items() if code in REFUSED and name != "anonymous"}
    return codes if is_same else dict.fromkeys(codes, FORBIDDEN)


PAIRS = [
    pytest.param(row, other, id=str(row))
    for page, call in sorted(COUNTERPARTS.items())
    for row in PAGES.get(page, [])
    for other in API.get(call, [])
    if records_in(row) and records_in(row) == records_in(other)
]


@pytest.mark.parametrize(("row", "other"), PAIRS)
def test_the_same_people_are_refused_in_the_same_way(row: Row, other: Row) -> None:
    assert refusals(row, other) == refusals(other, row)


def test_most_pairs_are_compared() -> None:
    assert len(PAIRS) > len(COUNTERPARTS) / 2
