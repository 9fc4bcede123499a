"""Guessing passwords is slow, and shuts nobody else out."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from departments.models import Role
from retention.sign_in import FAILURES_FROM_A_PLACE, FAILURES_IN_ALL, RESET_MAILS_AN_HOUR, TOO_MANY, place_of
from tests import make

pytestmark = pytest.mark.django_db
FOUND, SHOWN_AGAIN = 302, 200


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def sign_in(email: str, password: str, *, place: str = "192.0.2.1", page: str = "/login/") -> tuple[int, bool]:
    """Return the status, and whether too many attempts were the answer."""
    response = Client().post(page, {"username": email, "password": password}, REMOTE_ADDR=place)
    return response.status_code, TOO_MANY in response.content.decode()


def guess(email: str, times: int, *, place: str = "192.0.2.1", page: str = "/login/") -> None:
    for _ in range(times):
        assert sign_in(email, "wrong", place=place, page=page) == (SHOWN_AGAIN, False)


def test_after_too_many_failures_not_even_the_right_password_is_tried() -> None:
    make.person(email="maya@example.com")
    guess("maya@example.com", FAILURES_FROM_A_PLACE)
    assert sign_in("Maya@example.com", make.PASSWORD) == (SHOWN_AGAIN, True)


def test_colleagues_behind_the_same_proxy_sign_in_all_the_same() -> None:
    make.person(email="maya@example.com")
    make.person(email="noor@example.com")
    guess("maya@example.com", FAILURES_FROM_A_PLACE)
    assert sign_in("noor@example.com", make.PASSWORD) == (FOUND, False)


def test_a_stranger_elsewhere_does_not_shut_a_person_out_at_once() -> None:
    make.person(email="maya@example.com")
    guess("maya@example.com", FAILURES_FROM_A_PLACE, place="203.0.113.9")
    assert sign_in("maya@example.com", make.PASSWORD) == (FOUND, False)


def test_guesses_from_many_places_end_too() -> None:
    make.person(email="maya@example.com")
    for number in range(FAILURES_IN_ALL // FAILURES_FROM_A_PLACE):
        guess("maya@example.com", FAILURES_FROM_A_PLACE, place=f"203.0.113.{number}")
    assert sign_in("maya@example.com", make.PASSWORD) == (SHOWN_AGAIN, True)


def test_a_success_forgets_the_failures_before_it() -> None:
    make.person(email="maya@example.com")
    for _ in range(2):
        guess("maya@example.com", FAILURES_FROM_A_PLACE - 1)
        assert sign_in("maya@example.com", make.PASSWORD) == (FOUND, False)


def test_the_sign_in_page_of_the_configuration_counts_too() -> None:
    make.person(Role.ADMINISTRATOR, email="ada@example.com")
    guess("ada@example.com", FAILURES_FROM_A_PLACE, page="/admin/login/")
    assert sign_in("ada@example.com", make.PASSWORD) == (SHOWN_AGAIN, True)


def test_a_mailbox_is_not_flooded_with_links() -> None:
    make.person(email="maya@example.com")
    for _ in range(RESET_MAILS_AN_HOUR + 2):
        assert Client().post("/password_reset/", {"email": "maya@example.com"}).status_code == FOUND
    assert len(mail.outbox) == RESET_MAILS_AN_HOUR


@pytest.mark.parametrize(("trusted", "place"), [(0, "10.0.0.1"), (1, "198.51.100.7"), (2, "6.6.6.6"), (3, "10.0.0.1")])
def test_a_forwarded_address_counts_only_as_far_as_proxies_are_ours(
    settings: Settings, trusted: int, place: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.7"})
    assert place_of(request) == place
