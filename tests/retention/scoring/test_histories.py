"""The rhythm learned from the orders in the database, as they were known at the time."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal

import pytest

from accounts.models import Account, Order
from retention.scoring.histories import own_rhythm
from retention.scoring.rhythm import Rhythm
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 6, 15, 12, tzinfo=datetime.UTC)


def wholesaler(accounts: int) -> None:
    """Small customers order once in a while and stop; large ones order every month and stay."""
    dice = random.Random(5)
    customers = Account.objects.bulk_create(
        Account(name=f"Customer {number}", external_id=make.number()) for number in range(accounts)
    )
    Order.objects.bulk_create(
        Order(account=customer, ordered_at=at, recorded_at=at, amount=amount, external_id=make.number())
        for number, customer in enumerate(customers)
        for at, amount in orders_of(dice, is_large=number % 2 == 0)
    )


def orders_of(dice: random.Random, *, is_large: bool) -> list[tuple[datetime.datetime, Decimal]]:
    gap, amount, stopped = (30.0, Decimal(5000), 0.0) if is_large else (60.0, Decimal(20), dice.uniform(0, 600))
    ages, age = [], dice.uniform(300, 700)
    while age > stopped:
        ages.append(age)
        age -= dice.expovariate(1 / gap)
    return [(NOW - datetime.timedelta(days=age), amount) for age in ages]


def test_a_company_with_a_past_learns_its_own_rhythm() -> None:
    wholesaler(800)
    rhythm, accounts = own_rhythm(NOW, 90.0)
    assert accounts > 600
    assert rhythm.coefficients["revenue_in_a_year"] < -0.05
    assert rhythm.bgnbd != Rhythm().bgnbd


def test_a_small_company_is_given_the_experts_rhythm() -> None:
    wholesaler(60)
    assert own_rhythm(NOW, 90.0) == (Rhythm(), 0)


def test_what_was_recorded_later_does_not_teach() -> None:
    wholesaler(800)
    Order.objects.update(recorded_at=NOW + datetime.timedelta(days=1))
    assert own_rhythm(NOW, 90.0) == (Rhythm(), 0)
