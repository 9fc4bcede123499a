"""Accounts are set aside until a day or until their risk rises, and come back by themselves."""

import datetime

import pytest
from django.utils import timezone

from accounts.errors import Invalid, NotAllowed
from accounts.models import Account, AuditEntry
from departments.models import Person, Role
from retention.care.snoozes import snooze_accounts, wake_accounts, wake_what_is_due
from retention.models import Score, Snooze, WokenBy
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db
REASON = "They decide after their board meets."


@pytest.fixture
def account() -> Account:
    made = troubled()
    score(made)
    return made


@pytest.fixture
def manager(account: Account) -> Person:
    return make.manager_of(account)


def on(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)


def snoozed(*accounts: Account, by: Person, until: datetime.date | None = None, rise: float = 0.05) -> list[Snooze]:
    return snooze_accounts(accounts=accounts, until=until, wakes_at_rise=rise, reason=REASON, acting_person=by)


def in_force(day: datetime.date | None = None) -> list[Account]:
    return [snooze.account for snooze in Snooze.objects.in_force(day or timezone.localdate())]


def test_it_holds_until_its_day(account: Account, manager: Person) -> None:
    snoozed(account, by=manager, until=on(7))
    assert in_force() == in_force(on(6)) == [account]
    assert in_force(on(7)) == []


def test_it_ends_when_the_risk_rises_by_the_stored_threshold(account: Account, manager: Person) -> None:
    (before,) = Score.objects.filter(account=account)
    (made,) = snoozed(account, by=manager, rise=0.1)
    assert (made.risk_then, made.until) == (before.risk, None)
    Score.objects.filter(account=account).update(risk=before.risk + 0.09)
    assert in_force() == [account]
    Score.objects.filter(account=account).update(risk=before.risk + 0.11)
    assert in_force() == []


def test_what_woke_by_its_risk_stays_awake_when_the_risk_falls_again(account: Account, manager: Person) -> None:
    (made,) = snoozed(account, by=manager)
    Score.objects.filter(account=account).update(risk=(made.risk_then or 0) + 0.06)
    assert wake_what_is_due() == 1
    Score.objects.filter(account=account).update(risk=made.risk_then)
    made.refresh_from_db()
    assert (made.woken_by, in_force(), wake_what_is_due()) == (WokenBy.RISK, [], 0)


def test_the_day_is_named_as_what_woke_it(account: Account, manager: Person) -> None:
    (made,) = snoozed(account, by=manager, until=on(1))
    Snooze.objects.update(until=on(0))
    assert wake_what_is_due() == 1
    made.refresh_from_db()
    assert made.woken_by == WokenBy.DAY


def test_it_is_undone(account: Account, manager: Person) -> None:
    other = troubled("Other")
    make.assignment(other, manager)
    snoozed(account, other, by=manager, until=on(7))
    assert wake_accounts(accounts=[account, other], acting_person=manager) == 2
    assert (in_force(), wake_accounts(accounts=[account], acting_person=manager)) == ([], 0)
    verbs = AuditEntry.objects.filter(person=manager).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["account.snooze", "account.wake"]


def test_it_is_each_persons_own(account: Account, manager: Person) -> None:
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    snoozed(account, by=manager, until=on(7))
    assert wake_accounts(accounts=[account], acting_person=desk) == 0
    assert in_force() == [account]


def test_setting_it_aside_again_replaces_what_was(account: Account, manager: Person) -> None:
    snoozed(account, by=manager, until=on(7))
    snoozed(account, by=manager, until=on(20))
    assert [snooze.until for snooze in Snooze.objects.filter(woken_at=None)] == [on(20)]


def test_only_own_accounts_are_set_aside_and_either_all_or_none(account: Account, manager: Person) -> None:
    foreign = troubled("Foreign")
    for by in (manager, make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            snoozed(account, foreign, by=by, until=on(3))
    assert not Snooze.objects.exists()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("until", {"until": 0}),
        ("until", {"until": 181}),
        ("reason", {"reason": " "}),
        ("wakes_at_rise", {"wakes_at_rise": 0.0}),
        ("until", {"until": None, "wakes_at_rise": 0.5}),
    ],
)
def test_it_must_be_possible(account: Account, manager: Person, field: str, change: dict[str, object]) -> None:
    Score.objects.update(risk=0.9)
    values: dict[str, object] = {"until": 3, "reason": REASON, "wakes_at_rise": 0.05, **change}
    days = values.pop("until")
    until = on(days) if isinstance(days, int) else None
    with pytest.raises(Invalid) as refused:
        snooze_accounts(accounts=[account], until=until, acting_person=manager, **values)  # type: ignore[arg-type]  # the values fit their names
    assert refused.value.field == field


def test_what_is_not_scored_needs_a_day(manager: Person) -> None:
    unscored = troubled("New")
    make.assignment(unscored, manager)
    with pytest.raises(Invalid, match="not scored"):
        snoozed(unscored, by=manager)
    snoozed(unscored, by=manager, until=on(3))
    assert in_force() == [unscored]
