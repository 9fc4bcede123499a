"""My absences: recorded by oneself, listed with those that one covers."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from departments.models import Absence, Person, Role
from tests import make

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def manager() -> Person:
    return make.person()


@pytest.fixture
def page(manager: Person, client: Client) -> Client:
    client.force_login(manager)
    return client


def form(cover: Person | None = None, days: int = 7) -> dict[str, str]:
    today = timezone.localdate()
    covered_by = str(cover.public_id) if cover else ""
    return {"starts_on": str(today), "ends_on": str(today + days * DAY), "covered_by": covered_by}


def colleague(**fields: Any) -> Person:
    made = make.person(**fields)
    made.refresh_from_db()
    return made


def test_a_recorded_absence_opens_the_books_to_who_covers(page: Client, manager: Person) -> None:
    account, cover = make.account(), colleague(name="Ann Cover")
    make.assignment(account, manager)
    response = page.post(reverse("absences"), form(cover), follow=True)
    assert "Ann Cover covers for you." in response.content.decode()
    assert list(Account.objects.open_book_to(cover)) == [account]


def test_the_page_lists_ones_own_and_whom_one_covers_alone(page: Client, manager: Person) -> None:
    make.absence(make.person(name="Bo Away"), manager)
    make.absence(make.person(name="Cy Other"), make.person(name="Di Other"))
    make.absence(manager, make.person(name="Ed Cover"))
    context = page.get(reverse("absences")).context
    assert [absence.covered_by.name for absence in context["mine"]] == ["Ed Cover"]
    assert [absence.person.name for absence in context["covered"]] == ["Bo Away"]


def test_only_colleagues_in_the_role_are_offered(page: Client) -> None:
    make.person(name="Ann Same")
    make.person(Role.SERVICE_DESK, name="Bo Different")
    shown = page.get(reverse("absences")).content.decode()
    assert "Ann Same" in shown
    assert "Bo Different" not in shown


def test_what_cannot_be_right_is_told_at_its_field(page: Client) -> None:
    away = colleague(name="Ann Away")
    make.absence(away)
    for sent, sentence in [(form(away), "Ann Away is away then, too."), (form(days=-1), "ends after it begins")]:
        response = page.post(reverse("absences"), sent)
        assert response.status_code == 400
        assert sentence in response.content.decode()
    assert Absence.objects.count() == 1


def test_every_page_leads_there(page: Client) -> None:
    assert f'href="{reverse("absences")}"' in page.get(reverse("search")).content.decode()
