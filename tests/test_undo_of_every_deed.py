"""Whatever is done on a desk can be taken back for ten seconds, or is named here with the reason why it cannot."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from departments.models import Incident
from retention.models import SavedView
from tests.populated import Company
from tests.test_api_counterparts import API, COUNTERPARTS, PAGES
from tests.test_permissions import Row, company, filled, sessions

__all__ = ["company", "sessions"]  # fixtures
pytestmark = pytest.mark.django_db
UNDO_HEADER = "Holdfast-Undo"
DESK = (
    *("incidents/", "hand-offs/", "disputes/", "rulings/", "waits/", "attachments/", "mentions/", "undo/"),
    *("problems/", "corrective-actions/", "effectiveness-checks/", "cure/", "rules/", "triage/", "departments/"),
    *("desk/", "accounts/<id>/report"),
)
NOT_TAKEN_BACK = {
    "undo/<id>": "what was taken back is done again by the same button as before",
    "rules/<id>/backfill": "a worker has begun by then: what it found is known, and others may work on it",
}
# What the matrix sends to these is refused in every case, so they are tried below with what they take.
WITH_MORE = {"incidents/<id>/attach", "triage/views/<id>/forget", "mentions/<id>/seen"}


def of_desk(route: str) -> bool:
    return route.startswith(DESK)


@contextmanager
def sent(session: str, address: str, body: Any, content_type: str = "") -> Iterator[HttpResponse]:
    """Send it, look at the answer, and undo whatever was done."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    with transaction.atomic():
        kind = {"content_type": content_type} if content_type else {}
        yield client.post(address, body, **kind)  # type: ignore[misc, arg-type]  # what the client returns has more
        transaction.set_rollback(True)


def offers_undo(answer: HttpResponse) -> bool:
    """Return whether a page's answer offers to take back what was done."""
    request = answer.wsgi_request  # type: ignore[attr-defined]  # the test client adds it
    return any(message.extra_tags.startswith("undo:") for message in get_messages(request))


def is_offered_on_a_page(rows: list[Row], company: Company, sessions: dict[str, str]) -> bool:
    for row in rows:
        for name in (name for name, status in row.statuses.items() if status in (302, 303)):
            body = json.loads(filled(row.body, company))
            with sent(sessions[name], filled(row.address, company), body) as answer:
                if offers_undo(answer):
                    return True
    return False


def test_every_deed_of_a_desk_is_taken_back_or_says_why_not(company: Company, sessions: dict[str, str]) -> None:
    deeds = {route: rows for route, rows in PAGES.items() if of_desk(route) and route not in WITH_MORE}
    without = {route for route, rows in deeds.items() if not is_offered_on_a_page(rows, company, sessions)}
    assert without == NOT_TAKEN_BACK.keys()


def test_files_views_and_mentions_are_taken_back_too(company: Company, sessions: dict[str, str]) -> None:
    incident = Incident.objects.get(public_id=company.ids["in_work"])
    head = company.people["head"]
    assert head is not None
    view = SavedView.objects.create(person=head, page="triage", name="Mine", query="tab=new")
    note = incident.notes.create(person=head, text="Look.")
    mention = note.mentions.create(person=head)
    for made in (view, mention):
        made.refresh_from_db()
    file = SimpleUploadedFile("label.txt", b"To: Northgate")
    for address, body in (
        (f"/incidents/{incident.public_id}/attach", {"file": file}),
        (f"/triage/views/{view.public_id}/forget", {}),
        (f"/mentions/{mention.public_id}/seen", {}),
    ):
        with sent(sessions["head"], address, body) as answer:
            assert offers_undo(answer), address
    with sent(sessions["head"], f"/api/v1/mentions/{mention.public_id}/seen", {}, "application/json") as answer:
        assert UNDO_HEADER in answer


def is_offered_over_the_api(rows: list[Row], company: Company, sessions: dict[str, str]) -> bool:
    for row in rows:
        for name in (name for name, status in row.statuses.items() if status in (200, 201)):
            body, address = filled(row.body, company), filled(row.address, company)
            with sent(sessions[name], address, body, "application/json") as answer:
                if UNDO_HEADER in answer or json.loads(answer.content or b"{}").get("undo"):
                    return True
    return False


def test_the_api_takes_back_what_the_pages_do(company: Company, sessions: dict[str, str]) -> None:
    undone = {route for route in PAGES if of_desk(route)} - NOT_TAKEN_BACK.keys() - WITH_MORE
    calls = {COUNTERPARTS[route] for route in undone if route in COUNTERPARTS}
    assert {call for call in calls if not is_offered_over_the_api(API[call], company, sessions)} == set()
