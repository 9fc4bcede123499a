"""Each deed × each person × an incident of their own, one they are asked about, a foreign one: page and API alike.

permission_matrix_of_incidents.txt says for each whether the person may do it ("may", whatever the incident's state then
allows), sees the incident and is refused ("no"), or does not find it ("-"). WRITE_PERMISSIONS=1 writes what is found.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from departments.models import Incident
from tests import make
from tests.populated import Company, populate
from tests.test_permissions import request, session_of

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("permission_matrix_of_incidents.txt")
OWN, ASKED, FOREIGN = "own", "asked", "foreign"
FORBIDDEN, HIDDEN = 403, 404
# Nobody, and those who are as another: the large matrix has them in each line.
ALIKE = ("anonymous", "cover", "other_desk")
WORDS: dict[str, object] = {"words": "Because."}
# The deed: the address after the incident's, what a page is sent, what a call is sent.
DEEDS: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    "accept": ("accept", {}, {}),
    "assign": ("assign", {"assignee": ""}, {"assignee": None}),
    "hand-off": (
        "hand-off",
        {"to": "corporate", "reason": "caused_elsewhere", "words": "Theirs.", "share": "100"},
        {"to": "corporate", "reason": "caused_elsewhere", "words": "Theirs."},
    ),
    "resolve": ("resolve", {"resolution": "Done."}, {"resolution": "Done."}),
    "reopen": ("reopen", WORDS, WORDS),
    "note": ("note", {"text": "Look."}, {"text": "Look."}),
    "wait": (
        "wait",
        {"waited_for": "customer", "reason": "answer", "words": "Which?", "expected_on": "2030-01-05"},
        {"waited_for": "customer", "reason": "answer", "words": "Which?", "expected_on": "2030-01-05"},
    ),
    "attach": ("attach", {}, {}),
    "regrade": (
        "regrade",
        {"severity": "20", "friction_type": "late_shipment", "words": "Slight."},
        {"severity": 0.2, "friction_type": "late_shipment", "words": "Slight."},
    ),
    "contest": ("contest", WORDS, WORDS),
    "ask-for-ruling": ("ask-for-ruling", WORDS, WORDS),
    "contain": ("contain", {"words": "Sent again."}, {"words": "Sent again."}),
    "cause": ("cause", {"why_1": "Late."}, {"whys": ["Late."]}),
    "cost": ("cost", {"kind": "rework", "amount": "20"}, {"kind": "rework", "amount": "20"}),
    "customer": ("customer", {"kind": "asked", "score": "8"}, {"kind": "asked", "score": 8}),
}
# Where a call's address is another one than the page's.
CALLS = {
    "note": "incidents/{}/notes",
    "attach": "incidents/{}/attachments",
    **{deed: f"cures/{{}}/{deed}" for deed in ("contain", "cause", "cost", "customer")},
}


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    with django_db_blocker.unblock(), transaction.atomic():
        make.department("corporate")
        yield populate()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def incidents(company: Company, django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """Shipping holds all but the foreign one, which is legal's and at an account of another manager."""
    with django_db_blocker.unblock():
        account, other_manager = make.account("Fjord Papir"), company.people["other_manager"]
        assert other_manager is not None
        make.assignment(account, other_manager)
        foreign: Incident = make.incident(account, shares={make.department("legal"): 1.0})
        foreign.refresh_from_db()
    ids = company.ids
    return {
        OWN: ids["in_work"],
        ASKED: ids["waiting"],
        FOREIGN: str(foreign.public_id),
    }


def in_a_word(status: int) -> str:
    return {FORBIDDEN: "no", HIDDEN: "-"}.get(status, "may")


def people(company: Company) -> list[str]:
    return [name for name in company.people if name not in ALIKE]


def found(company: Company, incidents: dict[str, str]) -> list[str]:
    names = people(company)
    sessions = {name: session_of(company.people[name]) for name in names}
    lines = [f"{'DEED':15}{'INCIDENT':10}" + "".join(f"{name:15}" for name in names)]
    for deed, (page, form, body) in DEEDS.items():
        for kind, public_id in incidents.items():
            words = []
            for name in names:
                call = "/api/v1/" + CALLS.get(deed, f"incidents/{{}}/{page}").format(public_id)
                on_page = request(sessions[name], "POST", f"/incidents/{public_id}/{page}", json.dumps(form))
                by_call = request(sessions[name], "POST", call, json.dumps(body))
                assert in_a_word(on_page) == in_a_word(by_call), (deed, kind, name, on_page, by_call)
                words.append(f"{in_a_word(on_page):15}")
            lines.append(f"{deed:15}{kind:10}" + "".join(words))
    return [line.rstrip() for line in lines]


def test_pages_and_calls_let_the_same_people_do_each_deed(company: Company, incidents: dict[str, str]) -> None:
    lines = found(company, incidents)
    if os.environ.get("WRITE_PERMISSIONS"):
        TABLE.write_text("\n".join(lines) + "\n")
    assert lines == TABLE.read_text().splitlines()


def test_a_foreign_incident_is_found_by_those_alone_whom_it_concerns(company: Company) -> None:
    """A reading of the table that does not depend on who wrote it."""
    names = people(company)
    for line in TABLE.read_text().splitlines()[1:]:
        _, kind, *words = line.split()
        may = dict(zip(names, words, strict=True))
        if kind == FOREIGN:
            strangers = {"manager", "desk", "head", "asked_head", "member"}
            assert {may[name] for name in strangers} == {"-"}, line
        else:
            assert {may["other_head"], may["other_manager"]} == {"-"}, line
        assert "may" not in {may["executive"], may["administrator"]}, line
