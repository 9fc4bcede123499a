"""Search finds what the person may see, and nothing else."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from departments.models import Person
from tests import make
from tests.retention.dashboards.books import troubled

pytestmark = pytest.mark.django_db


@pytest.fixture
def castle() -> Account:
    return troubled("Castle Gifts Ltd")


@pytest.fixture
def maya(castle: Account) -> Person:
    return make.manager_of(castle)


def search(client: Client, text: str) -> str:
    return client.get(reverse("search"), {"q": text}).content.decode()


def test_it_finds_accounts_incidents_and_contacts(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "Castle Gifts Ltd" in search(client, "castle")
    assert "Late shipment, 3 days" in search(client, "late ship")
    assert "Pat Jones" in search(client, "pat j")


def test_it_finds_nothing_of_others(client: Client, castle: Account) -> None:
    client.force_login(make.person())
    for text in ("castle", "late ship", "pat j"):
        assert "Nothing found" in search(client, text)


def test_a_department_finds_its_incidents_and_no_contacts(client: Client, castle: Account) -> None:
    client.force_login(make.head(castle.incidents.all()[0].department))
    assert "Late shipment, 3 days" in search(client, "late ship")
    assert "Nothing found" in search(client, "pat j")


def test_one_letter_is_too_little(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "Type at least two letters" in search(client, "c")


def test_what_was_typed_is_escaped(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "<script>alert" not in search(client, "<script>alert(1)</script>")


def test_below_the_box_stands_a_short_list(client: Client, maya: Person) -> None:
    client.force_login(maya)
    answer = client.get(reverse("search"), {"q": "castle"}, headers={"HX-Request": "true"}).content.decode()
    assert "Everything that was found" in answer
    assert "<html" not in answer
