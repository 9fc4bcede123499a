"""What is answered when something cannot be shown: pages with words, without needing anything that may be broken."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests import make


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
def test_an_error_page_needs_neither_database_nor_person(name: str) -> None:
    page = render_to_string(name)
    assert page.count("<h1") == 1
    assert "Go to my dashboard" in page


@pytest.mark.django_db
def test_a_form_that_was_open_too_long_is_answered_with_a_sentence() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.person())
    answer = client.post(reverse("logout"))
    assert answer.status_code == 403
    assert "This page was open too long" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_allows_no_script_but_its_own(client: Client) -> None:
    policy = client.get(reverse("login"))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
