"""Search finds what the person may see, and nothing else."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from departments.models import Department, Person, Role
from retention.dashboards import search, search_incidents
from tests import make
from tests.retention.dashboards.books import troubled

pytestmark = pytest.mark.django_db


@pytest.fixture
def castle() -> Account:
    return troubled("Castle Gifts Ltd")


@pytest.fixture
def maya(castle: Account) -> Person:
    return make.manager_of(castle)


def search_page(client: Client, text: str) -> str:
    return client.get(reverse("search"), {"q": text}).content.decode()


def test_it_finds_accounts_incidents_and_contacts(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "Castle Gifts Ltd" in search_page(client, "castle")
    assert "Late shipment, 3 days" in search_page(client, "late ship")
    assert "Pat Jones" in search_page(client, "pat j")


def test_it_finds_nothing_of_others(client: Client, castle: Account) -> None:
    client.force_login(make.person())
    for text in ("castle", "late ship", "pat j"):
        assert "Nothing found" in search_page(client, text)


def test_a_department_finds_its_incidents_and_no_contacts(client: Client, castle: Account) -> None:
    client.force_login(make.head(castle.incidents.all()[0].department))
    assert "Late shipment, 3 days" in search_page(client, "late ship")
    assert "Nothing found" in search_page(client, "pat j")


def test_one_letter_is_too_little(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "Type at least two letters" in search_page(client, "c")


def test_what_was_typed_is_escaped(client: Client, maya: Person) -> None:
    client.force_login(maya)
    assert "<script>alert" not in search_page(client, "<script>alert(1)</script>")


def test_below_the_box_stands_a_short_list(client: Client, maya: Person) -> None:
    client.force_login(maya)
    answer = client.get(reverse("search"), {"q": "castle"}, headers={"HX-Request": "true"}).content.decode()
    assert "Everything that was found" in answer
    assert "<html" not in answer


@pytest.fixture
def among_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a company so large that only the newest two are looked through for what more than one of them is called."""
    monkeypatch.setattr(search_incidents, "NEWEST", 2)
    monkeypatch.setattr(search_incidents, "MOST_AMONG_THEM", 1)


def called(*titles: str, department: str = "shipping") -> list[str]:
    """Make incidents of these names, each recorded after the one before."""
    shares = {make.department(department): 1.0}
    for days, title in enumerate(reversed(titles)):
        make.incident(title=title, shares=shares, happened_at=make.ago(days=len(titles) - days))
    return list(titles)


def found(text: str, person: Person) -> tuple[list[str], bool]:
    them = search.find(text, person=person, limit=9).incidents
    return [incident.title for incident in them.incidents], them.among is not None


@pytest.mark.usefixtures("among_two")
def test_what_many_incidents_are_called_is_looked_for_among_the_newest(client: Client) -> None:
    called("late A", "late B", "late C, order 4711")
    executive = make.person(Role.EXECUTIVE)
    assert found("late", executive) == (["late A", "late B"], True)
    assert found("4711", executive) == (["late C, order 4711"], False)
    client.force_login(executive)
    assert "the newest 2 were looked through" in search_page(client, "late")
    assert "were looked through" not in search_page(client, "4711")


@pytest.mark.usefixtures("among_two")
def test_a_department_finds_besides_what_lies_open_on_its_desk() -> None:
    called("late at billing", department="billing")
    called("late A", "late B")
    assert found("late", make.head(Department.objects.get(slug="billing"))) == (["late at billing"], True)
    assert found("late", make.head(make.department("shipping"))) == (["late A", "late B"], True)


@pytest.mark.usefixtures("among_two")
def test_all_is_looked_through_of_the_accounts_that_somebody_looks_after(maya: Person) -> None:
    called("late A", "late B", "late C")
    assert found("late", maya) == (3 * ["Late shipment, 3 days"], False)


def test_two_letters_are_looked_for_where_a_word_begins(client: Client, maya: Person) -> None:
    client.force_login(maya)
    for text in ("ca", "gi", "la", "pa"):
        assert "So short a text is looked for where a word begins." in search_page(client, text)
    assert "Castle Gifts Ltd" in search_page(client, "gi")
    assert "Late shipment, 3 days" in search_page(client, "sh")
    assert "Nothing found" in search_page(client, "if")


def test_of_many_accounts_the_first_by_name_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_PUT_IN_ORDER", 1)
    for name in ("Castle C", "Castle A", "Castle B", "Tower"):
        make.account(name)
    accounts = search.find("castle", person=make.person(Role.EXECUTIVE), limit=2).accounts
    assert [account.name for account in accounts] == ["Castle A", "Castle B"]


def test_an_account_is_found_by_its_number() -> None:
    account = make.account("Castle", external_id="K-4711")
    assert search.find("k-4711", person=make.person(Role.EXECUTIVE), limit=2).accounts == [account]
