"""A person's own token: shown once, ended by a new one, by its person and by a new password."""

import re

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from rest_framework.authtoken.models import Token

from accounts.models import AuditEntry
from departments.models import Person
from tests import make

pytestmark = pytest.mark.django_db
NEW = "another long pass phrase"


def issued(client: Client) -> str:
    """Ask for a token and return it as the page shows it."""
    found = re.search(r"<code>([0-9a-f]{40})</code>", client.post("/token").content.decode())
    assert found
    return found[1]


def status_with(key: str) -> int:
    return Client().get("/api/v1/departments", headers={"Authorization": f"Token {key}"}).status_code


@pytest.fixture
def person() -> Person:
    return make.person()


@pytest.fixture
def browser(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_a_token_is_shown_once_and_works(browser: Client, person: Person) -> None:
    key = issued(browser)
    assert status_with(key) == 200
    assert key not in browser.get("/token").content.decode()
    assert AuditEntry.objects.get(verb="token.issue").person == person


def test_another_token_ends_the_one_before(browser: Client) -> None:
    first, second = issued(browser), issued(browser)
    assert (status_with(first), status_with(second)) == (401, 200)


def test_a_person_ends_their_token(browser: Client) -> None:
    key = issued(browser)
    assert browser.post("/token/end").status_code == 200
    assert status_with(key) == 401


def test_a_new_password_ends_the_token(browser: Client) -> None:
    key = issued(browser)
    body = {"old_password": make.PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert browser.post("/password_change/", body).status_code == 302
    assert status_with(key) == 401


def test_a_password_that_is_refused_leaves_the_token(browser: Client) -> None:
    key = issued(browser)
    body = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    assert browser.post("/password_change/", body).status_code == 200
    assert status_with(key) == 200


def test_a_password_by_mail_ends_the_token(person: Person) -> None:
    key = Token.objects.create(user=person).key
    link = f"/reset/{urlsafe_base64_encode(force_bytes(person.pk))}/{default_token_generator.make_token(person)}/"
    client = Client()
    form = client.get(link)["Location"]
    assert client.post(form, {"new_password1": NEW, "new_password2": NEW}).status_code == 302
    assert status_with(key) == 401
