"""People by file: who comes by one can sign in, and no file locks everybody out or changes a role unseen."""

import re
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from departments.models import Person, Role
from tests import make
from tests.retention.imports.test_loading import Importer

pytestmark = pytest.mark.django_db
HEADING = "email,name,role,department\n"
LAST = "would leave no active administrator: somebody must be able to configure"
NEW_PASSWORD = "seven quiet herons"


@pytest.fixture
def run(tmp_path: Path) -> Importer:
    cache.clear()
    return Importer(tmp_path)


def link_in(text: str) -> str:
    found = re.search(r"https?://[^/]+(/\S+)", text)
    assert found, text
    return found[1]


def test_whoever_came_by_file_sets_a_password_by_mail_and_signs_in(run: Importer, client: Client) -> None:
    run("people", HEADING + "Noor@Example.com,Noor,executive,\n")
    client.post(reverse("password_reset"), {"email": "noor@example.com"})
    (letter,) = mail.outbox
    assert letter.to == ["noor@example.com"]
    form = client.get(link_in(str(letter.body)), follow=True)
    page = form.redirect_chain[-1][0]
    answer = client.post(page, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})
    assert answer.headers["Location"] == reverse("password_reset_complete")
    signed_in = Client().post(reverse("login"), {"username": "noor@example.com", "password": NEW_PASSWORD})
    assert signed_in.status_code == 302


def test_who_is_no_longer_active_gets_no_link(client: Client) -> None:
    make.person(Role.EXECUTIVE, email="noor@example.com", is_active=False)
    client.post(reverse("password_reset"), {"email": "noor@example.com"})
    assert mail.outbox == []


def test_importing_tells_of_the_link_by_the_words_of_the_page(client: Client) -> None:
    described = (Path(__file__).parents[3] / "docs" / "importing.md").read_text()
    words = re.findall(r"set one by mail, with “([^”]+)”", described)
    page = client.get(reverse("login")).content.decode()
    assert [f'<a href="{reverse("password_reset")}">{each}</a>' in page for each in words] == [True]


def refusals(run: Importer) -> list[tuple[int, str, str]]:
    return [(each.line, each.value, each.reason) for each in run.refused]


def test_no_file_takes_the_last_administrators_role_away(run: Importer) -> None:
    ada = make.person(Role.ADMINISTRATOR, email="ada@example.com")
    make.person(Role.ADMINISTRATOR, is_active=False)
    summary = run("people", HEADING + "noor@example.com,Noor,executive,\nada@example.com,Ada,executive,\n")
    assert refusals(run) == [(3, "ada@example.com", LAST)]
    assert (summary.records["person"].created, summary.records["person"].refused) == (1, 1)
    ada.refresh_from_db()
    assert ada.role == Role.ADMINISTRATOR


def test_no_file_takes_all_administrators_away_at_once(run: Importer) -> None:
    for email in ("ada@example.com", "bo@example.com"):
        make.person(Role.ADMINISTRATOR, email=email)
    run("people", HEADING + "ada@example.com,Ada,executive,\nbo@example.com,Bo,executive,\n")
    assert refusals(run) == [(2, "ada@example.com", LAST), (3, "bo@example.com", LAST)]
    assert Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 2


def test_an_administrator_may_go_where_another_stays(run: Importer) -> None:
    make.person(Role.ADMINISTRATOR, email="ada@example.com")
    make.person(Role.ADMINISTRATOR, email="bo@example.com")
    run("people", HEADING + "ada@example.com,Ada,executive,\n")
    assert run.refused == []
    assert Person.objects.get(email="ada@example.com").role == Role.EXECUTIVE


def test_an_administrator_may_go_where_the_file_brings_another(run: Importer) -> None:
    make.person(Role.ADMINISTRATOR, email="ada@example.com")
    run("people", HEADING + "ada@example.com,Ada,executive,\nbo@example.com,Bo,administrator,\n")
    assert run.refused == []
    assert Person.objects.get(role=Role.ADMINISTRATOR).email == "bo@example.com"


def test_whose_rights_a_file_changes_is_in_the_audit_person_by_person(run: Importer) -> None:
    shipping, billing = make.department(slug="shipping"), make.department(slug="billing")
    maya = make.member(shipping, email="maya@example.com", name="Maya")
    noor = make.person(Role.EXECUTIVE, email="noor@example.com", name="Noor")
    make.person(Role.EXECUTIVE, email="robin@example.com", name="Robin")
    lines = ("maya@example.com,Maya,department_head,billing", "noor@example.com,Noor,service_desk,")
    run("people", HEADING + "\n".join([*lines, "robin@example.com,Robin the second,executive,", ""]))
    entries = AuditEntry.objects.filter(verb="person.change").order_by("pk")
    assert [(entry.subject, entry.details) for entry in entries] == [
        (
            maya.public_id,
            {
                "what": "Maya",
                "before": {"role": "department_member", "department_id": shipping.pk},
                "after": {"role": "department_head", "department_id": billing.pk},
            },
        ),
        (noor.public_id, {"what": "Noor", "before": {"role": "executive"}, "after": {"role": "service_desk"}}),
    ]


def test_a_trial_leaves_no_audit_of_rights(run: Importer) -> None:
    make.person(Role.EXECUTIVE, email="noor@example.com")
    run("people", HEADING + "noor@example.com,Noor,service_desk,\n", dry_run=True)
    assert not AuditEntry.objects.exists()
