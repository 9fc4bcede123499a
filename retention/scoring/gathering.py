"""From records to facts: sums over orders and incidents, one row per account, all accounts at once.

Days are whole UTC days since 1970, moments seconds since 1970. Nothing here knows a database or a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retention.scoring.records import Column, Records, Table

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

DAY: Final = 86_400.0
EXPOSURE_HALF_LIFE_DAYS: Final = 90.0
PROMISE_HALF_LIFE_DAYS: Final = 180.0
YEAR: Final = 365
QUARTER: Final = 90
# exp() of less is nothing, and not worth a warning.
LEAST_EXPONENT: Final = -700.0


@dataclass(frozen=True, slots=True)
class LookUp:
    """A number for each id of a small table; ids that it does not know, also beyond its ends, have one of their own."""

    before_first: int
    values: Floats

    @classmethod
    def of(cls, numbers: Mapping[int, float], missing: float) -> LookUp:
        first, last = min(numbers, default=1), max(numbers, default=0)
        return cls(first - 1, np.array([numbers.get(pk, missing) for pk in range(first - 1, last + 2)], np.float64))

    def __getitem__(self, ids: Column) -> Floats:
        return self.values.take(ids - self.before_first, mode="clip")


def order_facts(records: Records, today: int, cut: int) -> dict[str, Floats]:
    """Return what the orders say as of today, and as of the day `cut` (names with `before_`). (n,) each."""
    orders, count = records.orders, len(records)
    row, day = orders["row"].astype(np.intp, copy=False), orders["day"]
    is_new = np.ones(len(row), dtype=np.bool_)
    is_new[1:] = (row[1:] != row[:-1]) | (day[1:] != day[:-1])
    by_account = np.bincount(row, minlength=count)
    until_cut = _counts(row, day <= cut, count)
    starts = np.cumsum(by_account) - by_account
    exposure = np.exp(np.maximum((day - today) * (math.log(2) / EXPOSURE_HALF_LIFE_DAYS), LEAST_EXPONENT))
    return {
        "orders": _counts(row, is_new, count).astype(np.float64),
        "first_day": _day_at(day, starts, by_account > 0),
        "last_day": _day_at(day, starts + by_account - 1, by_account > 0),
        "exposure": _sums(row, exposure, count),
        "before_orders": _counts(row, is_new & (day <= cut), count).astype(np.float64),
        "before_last_day": _day_at(day, starts + until_cut - 1, until_cut > 0),
        **_windows(orders, row, today, count),
        **{f"before_{name}": values for name, values in _windows(orders, row, cut, count).items()},
    }


def _windows(orders: Table, row: npt.NDArray[np.intp], today: int, count: int) -> dict[str, Floats]:
    """Return the sums over the year and the two quarters that end today; what came later does not count."""
    age = today - orders["day"]
    in_year = np.flatnonzero((age >= 0) & (age < YEAR))
    row, age = row[in_year], age[in_year]
    quarter = np.flatnonzero(age < QUARTER)
    quarter_before = np.flatnonzero((age >= QUARTER) & (age < 2 * QUARTER))
    return {
        "orders_in_a_year": np.bincount(row, minlength=count).astype(np.float64),
        "revenue_in_a_year": _sums(row, orders["amount"][in_year], count),
        "orders_in_90_days": np.bincount(row[quarter], minlength=count).astype(np.float64),
        "orders_in_90_days_before": np.bincount(row[quarter_before], minlength=count).astype(np.float64),
    }


def _counts(row: npt.NDArray[np.intp], which: Truths, count: int) -> npt.NDArray[np.intp]:
    # By places: five times as fast as by a mask.
    return np.bincount(row[np.flatnonzero(which)], minlength=count)


def _sums(row: npt.NDArray[Any], weights: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(row, weights=weights, minlength=count), dtype=np.float64)


def _day_at(day: Column, places: npt.NDArray[np.intp], exists: Truths) -> Floats:
    found = np.full(len(places), np.nan)
    found[exists] = day[places[exists]]
    return found


def part_loads(parts: Table, weights: LookUp, rates: LookUp, epoch: float) -> Floats:
    """Return what each part weighs at the moment `epoch`: share x severity x weight x decay since resolved. (m,)."""
    types = parts["friction_type"]
    loads = parts["load"] * weights[types]
    ended = np.flatnonzero(parts["resolved"] <= epoch)
    since = parts["resolved"][ended] - epoch
    loads[ended] *= np.exp(np.maximum(rates[types[ended]] * since, LEAST_EXPONENT))
    return loads


def department_loads(parts: Table, loads: Floats, places: LookUp, accounts: int, departments: int) -> Floats:
    """Return the summed loads (accounts, departments); `places` says in which column a department stands."""
    if not departments:
        return np.zeros((accounts, 0))
    cells = parts["row"].astype(np.intp, copy=False) * departments + places[parts["department"]].astype(np.intp)
    return _sums(cells, loads, accounts * departments).reshape(accounts, departments)


def broken_promises(promises: Table, delivered: LookUp, today: int, count: int) -> Floats:
    """Return the sum over promises kept late, fading since they were kept, and not yet kept. (n,)."""
    kept_on, promised = delivered[promises["release"]], promises["promised_for"]
    is_kept = kept_on <= today
    weight = np.where(
        is_kept, np.exp((math.log(2) / PROMISE_HALF_LIFE_DAYS) * np.where(is_kept, kept_on - today, 0)), 1
    )
    counts = (promised < today) & (np.isnan(kept_on) | (kept_on > promised))
    return _sums(promises["row"][counts], weight[counts], count)


def held_services(holdings: Table, today: int, count: int) -> dict[str, Floats]:
    """Return how many services each account holds today, and at what monthly value. (n,) each."""
    until = holdings["held_until"]
    in_force = (holdings["held_from"] <= today) & (np.isnan(until) | (until > today))
    row, product = holdings["row"][in_force].astype(np.int64), holdings["product"][in_force]
    different = np.unique(row << 32 | product) >> 32
    return {
        "products": np.bincount(different, minlength=count).astype(np.float64),
        "monthly_value": _sums(row, holdings["monthly_value"][in_force], count),
    }
