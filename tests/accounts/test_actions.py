"""Contacts and orders: who may record them, and what is refused."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.actions import log_contact, record_audit, take_order
from accounts.errors import Invalid, NotAllowed
from accounts.models import Account, AccountChange, AuditEntry, Order, Touchpoint
from departments.models import Person, Role
from tests import make

pytestmark = pytest.mark.django_db


def contact_of(account: Account, person: Person, **changes: Any) -> Touchpoint:
    values: dict[str, Any] = {
        "channel": "call",
        "purpose": "check_in",
        "happened_at": make.ago(hours=1),
        "minutes": 12,
        "summary": " All is well. ",
        "contact": None,
        "order_taken": None,
        **changes,
    }
    return log_contact(account=account, acting_person=person, **values)


def test_a_manager_logs_a_contact_with_an_account_of_theirs() -> None:
    account = make.account()
    manager = make.manager_of(account)
    touchpoint = contact_of(account, manager, contact=make.contact(account))
    assert (touchpoint.person_id, touchpoint.summary, touchpoint.minutes) == (manager.pk, "All is well.", 12)
    entry = AuditEntry.objects.get(subject=touchpoint.public_id)
    assert (entry.verb, entry.person_id) == ("contact.log", manager.pk)


def test_a_contact_marks_the_account_as_changed() -> None:
    account = make.account()
    manager = make.manager_of(account)
    AccountChange.objects.all().delete()
    contact_of(account, manager)
    assert set(AccountChange.objects.values_list("account_id", flat=True)) == {account.pk}


def test_somebody_elses_account_is_refused() -> None:
    with pytest.raises(NotAllowed, match="You do not look after"):
        contact_of(make.account(), make.person())


def test_a_colleague_who_covers_may_log_a_contact() -> None:
    account = make.account()
    colleague = make.person()
    make.absence(make.manager_of(account), covered_by=colleague)
    assert contact_of(account, colleague).person_id == colleague.pk


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ADMINISTRATOR])
def test_those_who_only_look_log_no_contact(role: Role) -> None:
    with pytest.raises(NotAllowed, match="Your role"):
        contact_of(make.account(), make.person(role))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel", "pigeon"),
        ("purpose", "gossip"),
        ("minutes", -1),
        ("minutes", 2000),
        ("happened_at", timezone.now() + datetime.timedelta(days=1)),
    ],
)
def test_a_contact_that_cannot_be_right_names_its_field(field: str, value: object) -> None:
    account = make.account()
    with pytest.raises(Invalid) as refusal:
        contact_of(account, make.manager_of(account), **{field: value})
    assert refusal.value.field == field
    assert not Touchpoint.objects.exists()


def test_a_contact_or_order_of_another_customer_is_refused() -> None:
    account, other = make.account(), make.account()
    manager = make.manager_of(account)
    with pytest.raises(Invalid, match="works for another customer"):
        contact_of(account, manager, contact=make.contact(other))
    with pytest.raises(Invalid, match="another customer's"):
        contact_of(account, manager, order_taken=make.order(other))


def test_the_desk_takes_an_order_on_the_call() -> None:
    account = make.account()
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    promised = timezone.localdate() + datetime.timedelta(days=7)
    order = take_order(account=account, amount=Decimal("99.999"), promised_on=promised, acting_person=desk)
    assert (order.amount, order.promised_on) == (Decimal("100.00"), promised)
    assert order.number.startswith("T")
    assert AuditEntry.objects.get(subject=order.public_id).details["amount"] == "100.00"


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "Infinity"])
def test_an_order_needs_an_amount_above_zero(amount: str) -> None:
    account = make.account()
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    with pytest.raises(Invalid, match="above zero"):
        take_order(account=account, amount=Decimal(amount), promised_on=None, acting_person=desk)
    assert not Order.objects.exists()


def test_an_order_promised_for_yesterday_is_refused() -> None:
    account = make.account()
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    yesterday = make.ago(days=1).date()
    with pytest.raises(Invalid, match="past"):
        take_order(account=account, amount=Decimal("5"), promised_on=yesterday, acting_person=desk)


def test_an_account_manager_takes_no_orders() -> None:
    account = make.account()
    with pytest.raises(NotAllowed):
        take_order(account=account, amount=Decimal("5"), promised_on=None, acting_person=make.manager_of(account))


def test_what_the_system_does_has_no_person() -> None:
    entry = record_audit(verb="model.activate", subject=None, details={"number": 1}, acting_person=None)
    entry.refresh_from_db()
    assert (entry.person, entry.details) == (None, {"number": 1})
