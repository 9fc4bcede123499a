"""Who looks after whom, and who is away."""

import datetime

import pytest
from django.utils import timezone

from accounts.errors import Invalid, NotAllowed
from accounts.models import Account
from departments.actions.people import assign_account, record_absence
from departments.models import Assignment, Capacity, Person, Role
from tests import make

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def administrator() -> Person:
    return make.person(Role.ADMINISTRATOR)


def days(account: Account) -> list[tuple[str, datetime.date, datetime.date | None]]:
    return list(
        Assignment.objects.filter(account=account)
        .order_by("starts_on")
        .values_list("person__name", "starts_on", "ends_on")
    )


def give(account: Account, person: Person, starts_on: datetime.date, administrator: Person) -> Assignment:
    return assign_account(
        account=account,
        person=person,
        capacity=Capacity.ACCOUNT_MANAGER,
        starts_on=starts_on,
        acting_person=administrator,
    )


def test_the_new_manager_follows_the_old_one(administrator: Person) -> None:
    account, today = make.account(), timezone.localdate()
    give(account, make.person(name="Ann"), today - 10 * DAY, administrator)
    give(account, make.person(name="Bo"), today, administrator)
    assert days(account) == [("Ann", today - 10 * DAY, today - DAY), ("Bo", today, None)]


def test_an_assignment_before_a_later_one_ends_when_that_begins(administrator: Person) -> None:
    account, today = make.account(), timezone.localdate()
    give(account, make.person(name="Bo"), today + 10 * DAY, administrator)
    give(account, make.person(name="Ann"), today, administrator)
    assert days(account) == [("Ann", today, today + 9 * DAY), ("Bo", today + 10 * DAY, None)]


def test_a_correction_on_the_same_day_replaces_the_person(administrator: Person) -> None:
    account, today = make.account(), timezone.localdate()
    give(account, make.person(name="Ann"), today, administrator)
    give(account, make.person(name="Bo"), today, administrator)
    assert days(account) == [("Bo", today, None)]


def test_the_role_must_fit_and_the_person_be_there(administrator: Person) -> None:
    account, today = make.account(), timezone.localdate()
    with pytest.raises(Invalid, match="does not fit"):
        give(account, make.person(Role.EXECUTIVE), today, administrator)
    with pytest.raises(Invalid, match="no longer signs in"):
        give(account, make.person(is_active=False), today, administrator)


def test_only_an_administrator_decides_who_looks_after_an_account() -> None:
    with pytest.raises(NotAllowed):
        give(make.account(), make.person(), timezone.localdate(), make.person())


def test_a_person_records_their_own_absence_and_who_covers() -> None:
    person, colleague, today = make.person(), make.person(), timezone.localdate()
    account = make.account()
    make.assignment(account, person)
    record_absence(person=person, starts_on=today, ends_on=today + 7 * DAY, covered_by=colleague, acting_person=person)
    assert list(Account.objects.open_book_to(colleague)) == [account]


def test_anothers_absence_is_recorded_by_an_administrator(administrator: Person) -> None:
    person, today = make.person(), timezone.localdate()
    with pytest.raises(NotAllowed):
        record_absence(person=person, starts_on=today, ends_on=today, covered_by=None, acting_person=make.person())
    absence = record_absence(
        person=person, starts_on=today, ends_on=today, covered_by=None, acting_person=administrator
    )
    assert absence.person == person


def test_an_absence_that_cannot_be_right_is_refused() -> None:
    person, today = make.person(), timezone.localdate()
    away = make.person()
    make.absence(away)
    for ends_on, covered_by, field in [
        (today - DAY, None, "ends_on"),
        (today, person, "covered_by"),
        (today, make.person(Role.EXECUTIVE), "covered_by"),
        (today, away, "covered_by"),
    ]:
        with pytest.raises(Invalid) as refusal:
            record_absence(person=person, starts_on=today, ends_on=ends_on, covered_by=covered_by, acting_person=person)
        assert refusal.value.field == field
