"""Executives set what friction each department is allowed, and the audit keeps what was."""

import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Invalid, NotAllowed
from accounts.models import AuditEntry
from departments.models import Department, Person, Role
from retention.budgets.actions import set_budget
from retention.dashboards.periods import DAY, Quarter
from retention.models import Budget
from tests import make

pytestmark = pytest.mark.django_db
START = datetime.date(2026, 4, 1)


@pytest.fixture
def executive() -> Person:
    return make.person(Role.EXECUTIVE)


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def pages(executive: Person, client: Client) -> Client:
    client.force_login(executive)
    return client


def give(department: Department, amount: str, person: Person, start: datetime.date = START) -> Budget:
    return set_budget(department=department, quarter_start=start, amount=Decimal(amount), acting_person=person)


def address(quarter: Quarter) -> str:
    return f"{reverse('budgets')}?quarter={quarter.start}"


def this_quarter() -> Quarter:
    return Quarter.of(timezone.localdate())


def test_a_budget_is_set_then_changed_and_the_audit_keeps_both(executive: Person, shipping: Department) -> None:
    first = give(shipping, "1000", executive)
    assert give(shipping, "1500.5", executive) == first
    assert Budget.objects.get().amount == Decimal("1500.50")
    entries = AuditEntry.objects.filter(verb="budget.set", subject=first.public_id, person=executive)
    found = [(entry.details["before"], entry.details["after"]) for entry in entries.order_by("pk")]
    assert found == [(None, "1000.00"), ("1000.00", "1500.50")]


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "1000000000000"])
def test_an_amount_that_cannot_be_right_is_refused(executive: Person, shipping: Department, amount: str) -> None:
    with pytest.raises(Invalid, match="above zero"):
        give(shipping, amount, executive)
    assert not Budget.objects.exists()


def test_a_budget_is_for_a_whole_quarter(executive: Person, shipping: Department) -> None:
    with pytest.raises(Invalid, match="A quarter begins"):
        give(shipping, "1000", executive, START + DAY)


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.SERVICE_DESK, Role.DEPARTMENT_HEAD])
def test_nobody_sets_their_own_budget(shipping: Department, role: Role) -> None:
    with pytest.raises(NotAllowed):
        give(shipping, "1000", make.person(role, shipping))


def test_the_scorecard_leads_to_the_page(pages: Client) -> None:
    assert f'href="{reverse("budgets")}"' in pages.get(reverse("scorecard")).content.decode()


def test_only_what_differs_is_written(pages: Client, executive: Person, shipping: Department) -> None:
    quarter = this_quarter()
    give(shipping, "1000", executive, quarter.start)
    response = pages.post(address(quarter), {"shipping": "1000.00", "billing": "250"}, follow=True)
    assert f"1 budget is set for {quarter}." in response.content.decode()
    amounts = dict(Budget.objects.values_list("department__slug", "amount"))
    assert amounts == {"shipping": Decimal("1000"), "billing": Decimal("250")}
    assert AuditEntry.objects.filter(verb="budget.set").count() == 2


def test_the_next_quarter_has_budgets_of_its_own(pages: Client) -> None:
    following = Quarter.of(this_quarter().end + DAY)
    pages.post(address(following), {"shipping": "300"})
    assert Budget.objects.get().quarter_start == following.start
    assert 'value="300.00"' in pages.get(address(following)).content.decode()
    assert 'value="300.00"' not in pages.get(reverse("budgets")).content.decode()


def test_a_quarter_that_is_over_is_refused_with_a_sentence(pages: Client) -> None:
    quarter = this_quarter()
    response = pages.post(address(quarter.before), {"shipping": "300"}, follow=True)
    assert f"Budgets are set for {quarter} and" in response.content.decode()
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [("0", "A budget is above zero."), ("", "a budget that is set can be changed"), ("many", "Enter a number.")],
)
def test_a_wrong_amount_is_told_at_its_field_and_nothing_is_written(
    pages: Client, executive: Person, shipping: Department, amount: str, sentence: str
) -> None:
    give(shipping, "1000", executive, this_quarter().start)
    response = pages.post(address(this_quarter()), {"shipping": amount, "billing": "250"})
    assert (response.status_code, Budget.objects.get().amount) == (400, Decimal("1000"))
    assert sentence in response.content.decode()
