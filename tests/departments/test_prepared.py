"""What a reader may see, by a statement that is put together once for each role."""

import datetime

import pytest
from django.utils import timezone

from accounts.models import Account
from departments.models import Incident, Role
from departments.prepared import PreparedFor, departments_by_slug
from tests import make

pytestmark = pytest.mark.django_db
ACCOUNTS = PreparedFor(Account.objects.visible_to)
BOOKS = PreparedFor(Account.objects.open_book_to)
INCIDENTS = PreparedFor(lambda reader: Incident.objects.visible_to(reader).order_by("pk"))


def test_each_reader_sees_what_visible_to_shows_them() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    late, other = make.incident(shares={shipping: 1.0}), make.incident(shares={billing: 1.0})
    keepers = [make.manager_of(late.account), make.manager_of(other.account)]
    heads = [make.head(shipping), make.head(billing)]
    for reader in (*keepers, *heads, make.person(Role.EXECUTIVE), make.person(Role.INTEGRATION)):
        assert ACCOUNTS(reader) == list(Account.objects.visible_to(reader))
        assert BOOKS(reader) == list(Account.objects.open_book_to(reader))
        assert INCIDENTS(reader) == list(Incident.objects.visible_to(reader).order_by("pk"))
    assert [BOOKS(keeper) for keeper in keepers] == [[late.account], [other.account]]
    assert [INCIDENTS(head) for head in heads] == [[late], [other]]


def test_whom_one_looks_after_or_covers_is_asked_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    today = timezone.localdate()
    keeper, covering = make.person(), make.person()
    kept = make.account()
    make.assignment(kept, keeper, ends_on=today)
    make.absence(keeper, covered_by=covering, starts_on=today, ends_on=today)
    assert [BOOKS(keeper), BOOKS(covering)] == [[kept], [kept]]
    monkeypatch.setattr(timezone, "localdate", lambda: today + datetime.timedelta(days=1))
    assert [BOOKS(keeper), BOOKS(covering)] == [[], []]


def test_departments_are_in_their_order() -> None:
    assert list(departments_by_slug().values()) == sorted(
        departments_by_slug().values(), key=lambda department: (department.position, department.name)
    )
