"""People by file: who comes by one can sign in, and no file locks everybody out or changes a role unseen."""

import re
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from departments.models import Role
from tests import make
from tests.retention.imports.test_loading import Importer

pytestmark = pytest.mark.django_db
HEADING = "email,name,role,department\n"
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
