"""A company of random accounts with all that a score reads, in the database, from a seed."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal

from accounts.models import Account, Holding, Order, Product, Touchpoint
from departments.models import Adoption, Commitment, Department, FrictionType, Release, State
from tests import make

NOW = datetime.datetime(2026, 6, 15, 13, 37, 11, 250_000, tzinfo=datetime.UTC)
LONGEST_PAST = 900.0


def some_time(dice: random.Random) -> datetime.datetime:
    """A moment in the past, at times in the future: what a wrong clock wrote must not count."""
    return NOW - datetime.timedelta(days=dice.uniform(-20, LONGEST_PAST))


def learned(happened_at: datetime.datetime, dice: random.Random) -> datetime.datetime:
    """When something was recorded: at once, or weeks later."""
    return happened_at + datetime.timedelta(days=dice.choice([0, 0, 0, dice.uniform(0, 60)]))


def build(seed: int, accounts: int) -> list[Account]:
    """Make the company; return its accounts."""
    dice = random.Random(seed)
    departments = [make.department(slug) for slug in ("shipping", "billing", "warranty", "legal")]
    types = [
        make.friction_type(
            f"trouble_{seed}_{number}",
            department=dice.choice(departments),
            weight=dice.uniform(0.2, 3),
            half_life_days=dice.uniform(1, 120),
        )
        for number in range(6)
    ]
    products = [make.product(f"Service {number}") for number in range(4)]
    releases = [_release(dice) for _ in range(5)]
    made = [_account(dice) for _ in range(accounts)]
    for account in made:
        _orders(account, dice)
        _contacts(account, dice)
        _services(account, products, dice)
        _innovations(account, releases, dice)
        for _ in range(dice.choice([0, 1, 2, 6])):
            an_incident(account, types, departments, dice)
    return made


def _release(dice: random.Random) -> Release:
    delivered = dice.choice([None, some_time(dice).date()])
    return Release.objects.create(name="A release", external_id=make.number(), delivered_on=delivered)


def _account(dice: random.Random) -> Account:
    since = dice.choice([None, (NOW - datetime.timedelta(days=dice.randint(0, 2000))).date()])
    renews = dice.choice([None, None, (NOW + datetime.timedelta(days=dice.randint(-500, 500))).date()])
    cadence = dice.choice([None, 7, 90])
    return make.account(customer_since=since, renews_on=renews, contact_cadence_days=cadence)


def _orders(account: Account, dice: random.Random) -> None:
    for _ in range(dice.choice([0, 0, 1, 2, 5, 30])):
        ordered_at = some_time(dice)
        for _ in range(dice.choice([1, 1, 2])):  # Two on one day are one order day.
            amount = Decimal(dice.randint(1, 99_999)) / 100
            Order.objects.create(
                account=account,
                ordered_at=ordered_at,
                amount=amount,
                recorded_at=learned(ordered_at, dice),
                external_id=make.number(),
            )


def _contacts(account: Account, dice: random.Random) -> None:
    for _ in range(dice.choice([0, 1, 4])):
        happened_at = some_time(dice)
        Touchpoint.objects.create(
            account=account,
            channel="call",
            happened_at=happened_at,
            recorded_at=learned(happened_at, dice),
            external_id=make.number(),
        )


def _services(account: Account, products: list[Product], dice: random.Random) -> None:
    for _ in range(dice.choice([0, 1, 3])):
        start = some_time(dice)
        until = dice.choice([None, (start + datetime.timedelta(days=dice.randint(0, 600))).date()])
        Holding.objects.create(
            account=account,
            product=dice.choice(products),
            held_from=start.date(),
            held_until=until,
            recorded_at=learned(start, dice),
            external_id=make.number(),
        )


def _innovations(account: Account, releases: list[Release], dice: random.Random) -> None:
    for release in dice.sample(releases, dice.choice([0, 1, 3])):
        day = some_time(dice)
        Commitment.objects.create(
            account=account,
            release=release,
            promised_for=day.date(),
            recorded_at=learned(day, dice) - datetime.timedelta(days=40),
            external_id=make.number(),
        )
    for release in dice.sample(releases, dice.choice([0, 0, 1, 2])):
        day = some_time(dice)
        Adoption.objects.create(
            account=account,
            release=release,
            adopted_on=day.date(),
            recorded_at=learned(day, dice),
            external_id=make.number(),
        )


def an_incident(
    account: Account, types: list[FrictionType], departments: list[Department], dice: random.Random
) -> None:
    """Make an incident, open or resolved, that one department answers for, or two share."""
    happened_at = some_time(dice)
    resolved_at = dice.choice([None, happened_at + datetime.timedelta(days=dice.expovariate(0.05))])
    first, second = dice.sample(departments, 2)
    share = dice.choice([1.0, dice.random()])
    parts = {first: share} if share == 1.0 else {first: share, second: 1.0 - share}
    make.incident(
        account,
        dice.choice(types),
        parts,
        severity=dice.random(),
        happened_at=happened_at,
        recorded_at=learned(happened_at, dice),
        state=State.RESOLVED if resolved_at else State.NEW,
        resolved_at=resolved_at,
    )
