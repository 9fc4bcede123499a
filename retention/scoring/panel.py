"""The panel of account-months out of the database: what was known of each account on past days, and whether it left.

Read and summed up as scores are, once for each day; nothing is read account by account.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Max

from accounts.models import Account, Order
from retention.scoring import gathering
from retention.scoring.engine import Floats, ScoringModel
from retention.scoring.features import (
    Facts,
    Gathered,
    Reference,
    Scope,
    build_inputs,
    days_to_renewal,
    epoch_day,
    gather,
    orders_before,
    orders_now,
    tenure_days,
)
from retention.scoring.gathering import LookUp
from retention.scoring.panel_arrays import Integers, Panel, Truths
from retention.scoring.past_accounts import PastAccounts
from retention.scoring.past_shares import PastShares
from retention.scoring.reading import read_records
from retention.scoring.rhythm import DAYS_IN_A_YEAR

# Who buys by order and has not for a year is forgotten: its next silent quarter teaches nothing.
DAYS_UNTIL_FORGOTTEN: Final = 365.0
MOST_ACCOUNT_MONTHS: Final = 100_000
DAYS_BETWEEN_ORIGINS: Final = 30

# In the order of a hash, so that a sample holds accounts of every age and source.
SAMPLE_SQL: Final = "SELECT id FROM accounts_account ORDER BY hashint8(id) LIMIT %s"
ORDER_DAYS_SQL: Final = """
    SELECT account_id, day FROM (
        SELECT account_id, floor(date_part('epoch', ordered_at) / 86400::float8) AS day
        FROM accounts_order WHERE {account_id} AND date_part('epoch', ordered_at) >= %(first)s
    ) AS order_day GROUP BY account_id, day ORDER BY account_id, day
"""
LEAVING_SQL: Final = """
    SELECT id, (left_on - DATE '1970-01-01')::float8 FROM accounts_account
    WHERE {id} AND left_on IS NOT NULL ORDER BY id
"""


class HorizonNotPassed(ValueError):  # noqa: N818 - named for what happened
    """Nobody can know yet who leaves: the horizon of an origin lies partly in the future."""


def build_panel(
    *,
    origins: Sequence[datetime.datetime],
    model: ScoringModel,
    most_rows: int = MOST_ACCOUNT_MONTHS,
    half_life_factors: Sequence[float] = (),
) -> Panel:
    """Return what was known of each account at each origin, and whether it left within the model's horizon.

    In it are accounts that had come and not left by the origin; of those that buy by order alone, the ones that had
    ordered within a year. Where there were more than `most_rows`, a sample of the accounts, with all their months.
    With `half_life_factors` it also holds the friction that half-lives so many times the catalogue's would make.
    Raises ValueError without origins and HorizonNotPassed where the horizon of one has not passed.
    """
    moments = sorted(set(origins))
    if not moments:
        raise ValueError("A panel needs at least one origin.")
    if moments[-1] + datetime.timedelta(days=model.horizon_days) > observed_until():
        raise HorizonNotPassed(f"What follows {moments[-1]:%Y-%m-%d} within {model.horizon_days:g} days is not known.")
    ids = _sample(most_rows // len(moments))
    scope = Scope.of_ids(ids)
    reading = _Reading(
        scope,
        tuple(moments),
        model,
        _Outcomes.read(scope, since=moments[0]),
        _Book.read(ids),
        PastShares.read(ids, since=moments[0]),
        tuple(half_life_factors),
    )
    return Panel.joined([reading.month(number) for number in range(len(moments))])


def monthly_origins(*, until: datetime.datetime, horizon_days: float, most: int) -> list[datetime.datetime]:
    """Return origins every 30 days, in order: the last whose horizon has passed by `until`, and those before it.

    They reach back to the first order, or the first customer's coming, but for `most` at most; so early on nothing
    was known of anybody, and those months are left out.
    """
    newest = until - datetime.timedelta(days=horizon_days)
    first = beginning()
    if first is None:
        return []
    steps = range(min(most, max((newest - first).days // DAYS_BETWEEN_ORIGINS, 0)))
    return [newest - datetime.timedelta(days=DAYS_BETWEEN_ORIGINS * step) for step in reversed(steps)]


def observed_until() -> datetime.datetime:
    """Return until when outcomes are known: the last order; now, where nobody buys by order.

    A feed of orders that stopped long ago says nothing of who stopped buying since.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: datetime.datetime = cursor.fetchone()[0]
    last = Order.objects.filter(ordered_at__lte=now).aggregate(last=Max("ordered_at"))["last"]
    return last or now


def beginning() -> datetime.datetime | None:
    """Return when the history begins: with the first order, else with the first customer's coming."""
    first = Order.objects.order_by("ordered_at").values_list("ordered_at", flat=True).first()
    if first is not None:
        return first
    came = Account.objects.exclude(customer_since=None).order_by("customer_since")
    day = came.values_list("customer_since", flat=True).first()
    return None if day is None else datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)


def _sample(most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE_SQL, [max(most, 1)])
        return sorted(account_id for (account_id,) in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """What became of the accounts: every later day with an order, and the days of leaving, sorted by account."""

    order_account: Integers
    order_day: Floats
    gone_account: Integers
    gone_day: Floats

    @classmethod
    def read(cls, scope: Scope, since: datetime.datetime) -> "_Outcomes":
        parameters = {"first": since.timestamp(), **scope.parameters}
        ordered = _days(ORDER_DAYS_SQL.format(account_id=scope.on("account_id")), parameters)
        return cls(*ordered, *_days(LEAVING_SQL.format(id=scope.on("id")), parameters))

    def bought(self, account_ids: Integers, first: float, end: float) -> Truths:
        """Return who ordered on a day from `first` up to, but without, `end`."""
        window = (self.order_day >= first) & (self.order_day < end)
        return np.isin(account_ids, self.order_account[window])

    def went(self, account_ids: Integers, first: float, end: float) -> Truths:
        """Return whose leaving date lies from `first` up to, but without, `end`."""
        window = (self.gone_day >= first) & (self.gone_day < end)
        return np.isin(account_ids, self.gone_account[window])


def _days(sql: str, parameters: dict[str, Any]) -> tuple[Integers, Floats]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 2)
    return rows[:, 0].astype(np.int64), rows[:, 1]


@dataclass(frozen=True, slots=True)
class _Book:
    """The segments by name, and in which of them each account is and was; ids ascend."""

    segments: tuple[str, ...]
    account_id: Integers
    segment: Integers
    past: PastAccounts

    @classmethod
    def read(cls, account_ids: list[int]) -> "_Book":
        rows = Account.objects.filter(pk__in=account_ids).order_by("pk").values_list("pk", "segment")
        ids, names = zip(*rows, strict=True) if account_ids else ((), ())
        past = PastAccounts.read(account_ids)
        segments = tuple(sorted({*names, *past.segments}))
        codes = {name: code for code, name in enumerate(segments)}
        now = np.array([codes[name] for name in names], dtype=np.int64)
        return cls(segments, np.array(ids, dtype=np.int64), now, past)

    def segment_of(self, account_ids: Integers, moment: datetime.datetime) -> Integers:
        now = self.segment[np.searchsorted(self.account_id, account_ids)]
        return self.past.segment_then(account_ids, now, self.segments, moment)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the months of a panel have in common."""

    scope: Scope
    origins: tuple[datetime.datetime, ...]
    model: ScoringModel
    outcomes: _Outcomes
    book: _Book
    shares: PastShares
    half_life_factors: tuple[float, ...]

    def month(self, number: int) -> Panel:
        model, moment = self.model, self.origins[number]
        gathered = gather(read_records(self.scope, moment), Reference.read(moment), moment, model.window_days)
        facts = _as_then(self.book.past.as_then(gathered.facts))
        kept = _at_stake(facts)
        others = {factor: _rows(_decayed(gathered, facts, factor), kept) for factor in self.half_life_factors}
        facts = _rows(facts, kept)
        differing = self.shares.differing(facts)
        facts = replace(facts, loads=differing.corrected(facts.loads))
        ids, is_contract = facts.account_ids, ~_buys_by_order(facts)
        # From the day after: the facts hold all of their own day that was known by then.
        first = float(epoch_day(moment) + 1)
        end = first + model.horizon_days
        silent = ~is_contract & ~self.outcomes.bought(ids, first, end)
        return Panel(
            origins=self.origins,
            account_id=ids,
            origin=np.full(len(ids), number, dtype=np.int64),
            inputs=build_inputs(facts, model),
            now=orders_now(facts),
            before=orders_before(facts, model.window_days),
            tenure_days=tenure_days(facts),
            days_to_renewal=days_to_renewal(facts),
            is_contract=is_contract,
            left=silent | self.outcomes.went(ids, first, end),
            segments=self.book.segments,
            segment=self.book.segment_of(ids, moment),
            revenue=facts.annual_revenue,
            loads_by_factor={factor: differing.corrected(other.loads, factor) for factor, other in others.items()},
        )


def _decayed(gathered: Gathered, facts: Facts, factor: float) -> Facts:
    """Return the facts with the friction that half-lives so many times the catalogue's would have left."""
    records, types = gathered.records, facts.types
    rate = LookUp.of({pk: rate / factor for pk, (_, rate) in types.by_id.items()}, missing=0.0)
    positions = LookUp.of({pk: place for place, pk in enumerate(facts.department_ids)}, missing=0.0)
    loads = gathering.part_loads(records.parts, types.weight, rate, facts.as_of.timestamp())
    whole = gathering.department_loads(records.parts, loads, positions, len(records), len(facts.departments))
    return replace(facts, loads=whole[gathered.places])


def _as_then(facts: Facts) -> Facts:
    """Return the facts with each renewal as it stood then: the date known, less whole years.

    Where it was moved on before that was kept, those who stayed have a later one and those who left have not: taken as
    it stands it would tell who left.
    """
    days = facts.columns["renews_on"] - facts.columns["today"]
    return replace(facts, columns=facts.columns | {"renews_on": facts.columns["today"] + days % DAYS_IN_A_YEAR})


def _buys_by_order(facts: Facts) -> Truths:
    return np.asarray((facts.columns["orders"] > 0) & np.isnan(facts.columns["renews_on"]))


def _at_stake(facts: Facts) -> Truths:
    """Return which accounts were known then, and not forgotten."""
    columns = facts.columns
    recent = columns["today"] - columns["last_day"] < DAYS_UNTIL_FORGOTTEN
    known = ~np.isnan(columns["customer_since"]) | (columns["orders"] > 0)
    return np.asarray(np.where(_buys_by_order(facts), recent, known), dtype=np.bool_)


def _rows(facts: Facts, which: npt.NDArray[np.bool_]) -> Facts:
    columns = {name: column[which] for name, column in facts.columns.items()}
    return replace(facts, columns=columns, loads=facts.loads[which])
