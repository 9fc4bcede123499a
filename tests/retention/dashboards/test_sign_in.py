"""Signing in and out, resetting and changing a password, and landing."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another long pass phrase"


def test_a_stranger_is_sent_to_the_sign_in_page(client: Client) -> None:
    response = client.get("/search?q=castle")
    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/search%3Fq%3Dcastle"


@pytest.mark.parametrize(
    ("sent_from", "leads_to"),
    [
        ("http://testserver/incidents/one?from=desk", "/incidents/one?from=desk"),
        ("https://elsewhere.example/incidents/one", "/"),
        ("", "/"),
    ],
)
def test_whoever_sends_a_form_signed_out_hears_that_nothing_was_saved_and_comes_back_to_its_page(
    client: Client, sent_from: str, leads_to: str
) -> None:
    make.person(email="maya@example.com")
    signed_out = client.post(reverse("absences"), headers={"Referer": sent_from})
    page = client.get(signed_out["Location"])
    assert "You were no longer signed in, and nothing was saved." in page.content.decode()
    given = {"username": "maya@example.com", "password": make.PASSWORD, "next": page.context["next"]}
    assert client.post(reverse("login"), given)["Location"] == leads_to


def test_it_signs_in_with_mail_address_and_password(client: Client) -> None:
    person = make.person(email="maya@example.com")
    response = client.post(reverse("login"), {"username": "Maya@Example.com", "password": make.PASSWORD})
    assert response["Location"] == reverse("home")
    assert client.session["_auth_user_id"] == str(person.pk)


def test_a_wrong_password_is_answered_with_a_sentence(client: Client) -> None:
    make.person(email="maya@example.com")
    response = client.post(reverse("login"), {"username": "maya@example.com", "password": "wrong"})
    assert response.status_code == 200
    assert "Please enter a correct email and password" in response.content.decode()


def test_signing_out_takes_a_post(client: Client) -> None:
    client.force_login(make.person())
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout"))["Location"] == reverse("login")
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_reset_by_mail(client: Client) -> None:
    make.person(email="maya@example.com")
    client.post(reverse("password_reset"), {"email": "maya@example.com"})
    link = re.search(r"http://testserver(/\S+)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True)
    assert "Set a new password" in form.content.decode()
    answer = client.post(
        form.redirect_chain[-1][0], {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}, follow=True
    )
    assert "Your new password is set" in answer.content.decode()
    assert client.login(username="maya@example.com", password=NEW_PASSWORD)


def test_a_used_link_says_that_it_no_longer_works(client: Client) -> None:
    response = client.get(reverse("password_reset_confirm", args=["MQ", "set-password"]))
    assert "This link no longer works" in response.content.decode()


def test_a_person_changes_their_password(client: Client) -> None:
    person = make.person()
    client.force_login(person)
    fields = {"old_password": make.PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    response = client.post(reverse("password_change"), fields, follow=True)
    assert "Your password is changed" in response.content.decode()
    person.refresh_from_db()
    assert person.check_password(NEW_PASSWORD)
