"""Each deed × each person × an incident of their own, one they are asked about, a foreign one: page and API alike.

permission_matrix_of_incidents.txt says for each whether the person may do it ("may", whatever the incident's state then
allows), sees the incident and is refused ("no"), or does not find it ("-"). WRITE_PERMISSIONS=1 writes what is found.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from accounts.models import Account
from departments.models import Incident
from tests import make
from tests.populated import Company, populate
from tests.populated_between import ASKED, FOREIGN, OWN, Records, between
from tests.test_permissions import request, session_of

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("permission_matrix_of_incidents.txt")
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
NOT_OURS: dict[str, object] = {"reason": "caused_elsewhere", "words": "Not ours."}
# Each field is of one side of the three: its share, whoever they are, sums to a hundred.
PLAN: dict[str, object] = {"words": "Scan.", "kind": "corrective", "owner": "{owner}", "due_on": "{soon}"}
SHARES: dict[str, object] = {"words": "So.", "share_shipping": "100", "share_legal": "100", "share_billing": "0"}
# What is done with a record beside the incident: of which kind it is, the address, and what page and call are sent.
BESIDE: dict[str, tuple[str, str, dict[str, object], dict[str, object]]] = {
    "hand-off-accept": ("hand_off", "hand-offs/{}/accept", WORDS, WORDS),
    "hand-off-return": ("hand_off", "hand-offs/{}/return", WORDS, WORDS),
    "hand-off-counter": ("hand_off", "hand-offs/{}/counter", {**WORDS, "share": "40"}, {**WORDS, "share": 0.4}),
    "hand-off-withdraw": ("hand_off", "hand-offs/{}/withdraw", {}, {}),
    "dispute": ("single", "incidents/{}/dispute", NOT_OURS, NOT_OURS),
    "dispute-answer": ("dispute", "disputes/{}/answer", {**WORDS, "share": "0"}, {**WORDS, "share": 0}),
    "dispute-withdraw": ("dispute", "disputes/{}/withdraw", {}, {}),
    "state-evidence": ("ruling", "rulings/{}/state", WORDS, WORDS),
    "rule": ("ruling", "rulings/{}/rule", SHARES, {"words": "So.", "shares": {"shipping": 1.0}}),
    "end-wait": ("wait", "waits/{}/end", {**WORDS, "end": "arrived"}, {**WORDS, "end": "arrived"}),
    "remove-file": ("file", "attachments/{}/remove", WORDS, WORDS),
    "plan": ("single", "incidents/{}/plan", PLAN, PLAN),
    "unlink": ("gathered", "incidents/{}/unlink", WORDS, WORDS),
}
# What a page does with all that are ticked: who may, is told in a sentence and not by a status.
TICKED: dict[str, tuple[str, str, dict[str, object], dict[str, object]]] = {
    "merge": ("incidents/ticked/merge", "incidents/{single}/merge", {"into": "{gathered}"}, {"into": "{gathered}"}),
    "link": (
        "incidents/ticked/problem",
        "problems/{problem}/link",
        {"problem": "{problem}"},
        {"incidents": ["{single}"]},
    ),
}
# Where a call's address is another one than the page's.
CALLS = {
    "note": "incidents/{}/notes",
    "attach": "incidents/{}/attachments",
    "plan": "cures/{}/plan",
    "unlink": "cures/{}/unlink",
    **{deed: f"cures/{{}}/{deed}" for deed in ("contain", "cause", "cost", "customer")},
}


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    with django_db_blocker.unblock(), transaction.atomic():
        make.department("corporate")
        yield populate()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def foreign(company: Company, django_db_blocker: DjangoDbBlocker) -> Account:
    """An account of another manager."""
    with django_db_blocker.unblock():
        account, other_manager = make.account("Fjord Papir"), company.people["other_manager"]
        assert other_manager is not None
        make.assignment(account, other_manager)
        return account


@pytest.fixture(scope="module")
def incidents(company: Company, foreign: Account, django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """Shipping holds all but the foreign one, which is legal's and at an account of another manager."""
    with django_db_blocker.unblock():
        incident: Incident = make.incident(foreign, shares={make.department("legal"): 1.0})
        incident.refresh_from_db()
    ids = company.ids
    return {OWN: ids["in_work"], ASKED: ids["waiting"], FOREIGN: str(incident.public_id)}


@pytest.fixture(scope="module")
def records(company: Company, foreign: Account, django_db_blocker: DjangoDbBlocker) -> Records:
    with django_db_blocker.unblock():
        return between(company, foreign)


def in_a_word(status: int) -> str:
    return {FORBIDDEN: "no", HIDDEN: "-"}.get(status, "may")


def people(company: Company) -> list[str]:
    return [name for name in company.people if name not in ALIKE]


def found(company: Company, incidents: dict[str, str], records: Records) -> list[str]:
    names = people(company)
    sessions = {name: session_of(company.people[name]) for name in names}
    lines = [f"{'DEED':18}{'INCIDENT':10}" + "".join(f"{name:15}" for name in names)]
    for deed, (page, form, body) in DEEDS.items():
        call = CALLS.get(deed, f"incidents/{{}}/{page}")
        lines += rows(sessions, deed, (f"incidents/{{}}/{page}", form), (call, body), incidents)
    for deed, (record, address, form, body) in BESIDE.items():
        lines += rows(sessions, deed, (address, form), (CALLS.get(deed, address), body), records[record], records)
    return [line.rstrip() for line in [*lines, *ticked(sessions, records)]]


def rows(
    sessions: dict[str, str],
    deed: str,
    page: tuple[str, dict[str, object]],
    call: tuple[str, dict[str, object]],
    keys: dict[str, str],
    records: Records | None = None,
) -> Iterator[str]:
    for kind in (OWN, ASKED, FOREIGN):
        others = {record: by_kind[kind] for record, by_kind in (records or {}).items()}
        form, body = named(page[1], others), named(call[1], others)
        words = []
        for name, session in sessions.items():
            on_page = request(session, "POST", f"/{page[0].format(keys[kind])}", json.dumps(form))
            by_call = request(session, "POST", f"/api/v1/{call[0].format(keys[kind])}", json.dumps(body))
            assert in_a_word(on_page) == in_a_word(by_call), (deed, kind, name, on_page, by_call)
            words.append(in_a_word(by_call))
        yield line(deed, kind, words)


def line(deed: str, kind: str, words: list[str]) -> str:
    return f"{deed:18}{kind:10}" + "".join(f"{word:15}" for word in words)


def ticked(sessions: dict[str, str], records: Records) -> Iterator[str]:
    for deed, (page, call, form, body) in TICKED.items():
        for kind in (OWN, ASKED, FOREIGN):
            keys = {record: by_kind[kind] for record, by_kind in records.items()}
            sent = {**named(form, keys), "incident": [keys["single"]]}
            words = []
            for name, session in sessions.items():
                by_call = in_a_word(
                    request(session, "POST", f"/api/v1/{call.format(**keys)}", json.dumps(named(body, keys)))
                )
                done = changes(session, f"/{page}", sent, keys["single"])
                assert done == (by_call == "may"), (deed, kind, name, done, by_call)
                words.append(by_call)
            yield line(deed, kind, words)


def named(body: dict[str, object], keys: dict[str, str]) -> dict[str, object]:
    """Put public ids in the place of names in braces."""
    sent: dict[str, object] = json.loads(re.sub(r"{(\w+)}", lambda name: keys[name[1]], json.dumps(body)))
    return sent


def changes(session: str, page: str, sent: dict[str, object], incident: str) -> bool:
    """Return whether what is sent to the page changes the incident, and undo whatever was done."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        before = Incident.objects.get(public_id=incident).version
        client.post(page, sent)
        changed = Incident.objects.get(public_id=incident).version != before
        transaction.set_rollback(True)
    return changed


def test_pages_and_calls_let_the_same_people_do_each_deed(
    company: Company, incidents: dict[str, str], records: Records
) -> None:
    lines = found(company, incidents, records)
    if os.environ.get("WRITE_PERMISSIONS"):
        TABLE.write_text("\n".join(lines) + "\n")
    assert lines == TABLE.read_text().splitlines()


def test_a_foreign_incident_is_found_by_those_alone_whom_it_concerns(company: Company) -> None:
    """A reading of the table that does not depend on who wrote it."""
    names = people(company)
    for line in TABLE.read_text().splitlines()[1:]:
        deed, kind, *words = line.split()
        may = dict(zip(names, words, strict=True))
        if kind == FOREIGN:
            strangers = {"manager", "desk", "head", "asked_head", "member"}
            assert {may[name] for name in strangers} == {"-"}, line
        else:
            assert {may["other_head"], may["other_manager"]} == {"-"}, line
        assert may["administrator"] != "may", line
        assert (may["executive"] == "may") == (deed == "rule"), line
