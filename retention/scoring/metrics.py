"""How good predictions were: figures with customer-bootstrap intervals, and calibration.

n predictions (one account at one moment each), `risk` (n,) in [0, 1], `left` (n,) what happened. Customers are drawn
as a whole, since the months of one account are no independent witnesses: each of B draws is a weight per customer, so
that no row is ever copied. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.intp]

FIGURES: Final = ("auc", "pr_auc", "brier", "log_loss", "ece", "lift")
RANKING: Final = ("auc", "pr_auc", "lift")
# The part of the accounts that a team can look after: lift is how many more leavers are among these than by chance.
TOP: Final = 0.1
BINS: Final = 10
DRAWS: Final = 200
INTERVAL: Final = (2.5, 97.5)
# A prediction of exactly 0 or 1 that fails would cost infinitely much.
SUREST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; NaN where it is not defined (nobody left, or everybody)."""

    value: float
    low: float
    high: float

    def to_list(self) -> list[float | None]:
        """Value, low and high, fit for JSON."""
        return [float(one) if np.isfinite(one) else None for one in (self.value, self.low, self.high)]


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of about the same risk: what was said, what happened with its 95 % interval, of how many."""

    said: float
    happened: float
    low: float
    high: float
    accounts: int

    def to_dict(self) -> dict[str, float | int]:
        """Plain numbers, fit for JSON."""
        names = ("said", "happened", "low", "high")
        return {**{name: float(getattr(self, name)) for name in names}, "accounts": self.accounts}


@dataclass(frozen=True, slots=True)
class Customers:
    """Whose predictions the rows are: `row` (n,) is the customer's number of each row, of `count` customers."""

    row: Integers
    count: int

    @classmethod
    def of(cls, account_id: npt.NDArray[np.int64]) -> Customers:
        ids, row = np.unique(account_id, return_inverse=True)
        return cls(row.astype(np.intp), len(ids))

    def draws(self, number: int, seed: int) -> Floats:
        """So many draws of as many customers with replacement, as weights. Shape (number, customers)."""
        dice = np.random.default_rng(seed)
        drawn = (np.bincount(dice.integers(0, self.count, self.count), minlength=self.count) for _ in range(number))
        return np.array(list(drawn), dtype=np.float64).reshape(number, self.count)

    def totals(self, values: Floats) -> Floats:
        """The sum of each customer's rows. Shape (customers,)."""
        return np.bincount(self.row, weights=values, minlength=self.count).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows from the highest risk to the lowest; rows of one risk form a group, since nothing orders them."""

    order: Integers
    starts: Integers
    left: Floats

    @classmethod
    def of(cls, risk: Floats, left: Bools) -> Ranked:
        order = np.argsort(-risk, kind="stable")
        ranked = risk[order]
        starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
        return cls(order, starts, left[order].astype(np.float64))

    def figures(self, weight: Floats) -> tuple[float, float, float]:
        """AUC, PR-AUC and lift at 10 % where each row counts as often as its weight (n,) says."""
        ordered = weight[self.order]
        leavers = np.add.reduceat(ordered * self.left, self.starts)
        group = np.add.reduceat(ordered, self.starts)
        all_left, total = float(leavers.sum()), float(group.sum())
        if not 0.0 < all_left < total:
            return np.nan, np.nan, np.nan
        found, seen = np.cumsum(leavers), np.cumsum(group)
        return _auc(leavers, group, found, seen), _average_precision(leavers, found, seen), _lift(found, seen)


def _auc(leavers: Floats, group: Floats, found: Floats, seen: Floats) -> float:
    """The chance that a leaver was given a higher risk than a stayer; equal risks count half."""
    stayers = group - leavers
    below = (seen[-1] - found[-1]) - (seen - found)
    return float((leavers * (below + stayers / 2.0)).sum() / (found[-1] * (seen[-1] - found[-1])))


def _average_precision(leavers: Floats, found: Floats, seen: Floats) -> float:
    # Groups that a draw left out at the very top have seen nothing yet, and hold no leaver either.
    return float((leavers * found / np.maximum(seen, 1e-300)).sum() / found[-1])


def _lift(found: Floats, seen: Floats) -> float:
    """How many times as many leavers there are among the highest tenth; a group across its edge counts in part."""
    top = TOP * seen[-1]
    within = np.interp(top, np.concatenate([[0.0], seen]), np.concatenate([[0.0], found]))
    return float((within / top) / (found[-1] / seen[-1]))


def squared_errors(risk: Floats, left: Bools) -> Floats:
    """What each prediction adds to the Brier score. Shape (n,)."""
    return (risk - left) ** 2


def log_losses(risk: Floats, left: Bools) -> Floats:
    """What each prediction adds to the log loss. Shape (n,)."""
    sure = np.clip(risk, SUREST, 1.0 - SUREST)
    return -np.log(np.where(left, sure, 1.0 - sure))


def calibration_gaps(risk: Floats, left: Bools) -> Floats:
    """Said minus happened, in the column of the bin (ten of equal width) that the prediction falls in. (n, 10)."""
    gaps = np.zeros((len(risk), BINS))
    gaps[np.arange(len(risk)), np.minimum((risk * BINS).astype(np.intp), BINS - 1)] = risk - left
    return gaps


def measure(
    risk: Floats, left: Bools, account_id: npt.NDArray[np.int64], *, draws: int = DRAWS, seed: int = 1
) -> dict[str, Figure]:
    """Every figure of `FIGURES` with its interval; raises ValueError without any prediction.

    ECE is over ten bins of equal width; PR-AUC is average precision; log loss is in natural logarithms.
    """
    if not len(risk):
        raise ValueError("Without a prediction there is nothing to measure.")
    customers = Customers.of(account_id)
    weights = np.concatenate([np.ones((1, customers.count)), customers.draws(draws, seed)])
    values = {**_ranking(risk, left, customers, weights), **_losses(risk, left, customers, weights)}
    return {name: _figure(values[name]) for name in FIGURES}


def _figure(values: Floats) -> Figure:
    """The first is of the rows as they are, the others are of draws."""
    drawn = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(drawn, INTERVAL) if len(drawn) else (np.nan, np.nan)
    return Figure(float(values[0]), float(low), float(high))


def _ranking(risk: Floats, left: Bools, customers: Customers, weights: Floats) -> dict[str, Floats]:
    ranked = Ranked.of(risk, left)
    found = np.array([ranked.figures(weight[customers.row]) for weight in weights])
    return {name: found[:, column] for column, name in enumerate(RANKING)}


def _losses(risk: Floats, left: Bools, customers: Customers, weights: Floats) -> dict[str, Floats]:
    rows = weights @ customers.totals(np.ones(len(risk)))
    gaps = calibration_gaps(risk, left)
    by_bin = np.column_stack([customers.totals(gaps[:, one]) for one in range(BINS)])
    return {
        "brier": weights @ customers.totals(squared_errors(risk, left)) / rows,
        "log_loss": weights @ customers.totals(log_losses(risk, left)) / rows,
        "ece": np.abs(weights @ by_bin).sum(axis=1) / rows,
    }


def better_by(
    risk: Floats, other: Floats, left: Bools, account_id: npt.NDArray[np.int64], *, draws: int = DRAWS, seed: int = 1
) -> Figure:
    """By how much the log loss of `risk` is below that of `other` for the same rows: pairs, so that luck cancels."""
    customers = Customers.of(account_id)
    weights = np.concatenate([np.ones((1, customers.count)), customers.draws(draws, seed)])
    gain = customers.totals(log_losses(other, left) - log_losses(risk, left))
    return _figure(weights @ gain / (weights @ customers.totals(np.ones(len(risk)))))


def calibration(
    risk: Floats, left: Bools, account_id: npt.NDArray[np.int64], *, draws: int = DRAWS, seed: int = 1
) -> list[Bin]:
    """Up to ten bins with about equally many predictions each, from the lowest risk to the highest.

    Predictions of one risk are never torn apart.
    """
    customers = Customers.of(account_id)
    weights = customers.draws(draws, seed)
    edges = np.quantile(risk, np.linspace(0.0, 1.0, BINS + 1)[1:-1])
    number = np.searchsorted(np.unique(edges), risk, side="right")
    return [_bin(risk, left, customers, weights, number == one) for one in np.unique(number)]


def _bin(risk: Floats, left: Bools, customers: Customers, weights: Floats, inside: Bools) -> Bin:
    rows, leavers = (weights @ customers.totals(values.astype(np.float64)) for values in (inside, inside & left))
    drawn = leavers[rows > 0] / rows[rows > 0]
    low, high = np.percentile(drawn, INTERVAL)
    return Bin(float(risk[inside].mean()), float(left[inside].mean()), float(low), float(high), int(inside.sum()))


@dataclass(frozen=True, slots=True)
class Part:
    """How predictions were for some of the rows: of a segment, of a moment."""

    name: str
    rows: int
    leavers: int
    said: float
    happened: float
    figures: Mapping[str, Figure]

    def to_dict(self) -> dict[str, object]:
        """Plain lists and strings, fit for JSON."""
        told = {name: figure.to_list() for name, figure in self.figures.items()}
        plain = {"name": self.name, "rows": self.rows, "leavers": self.leavers}
        return {**plain, "said": self.said, "happened": self.happened, "figures": told}


def parts(
    risk: Floats,
    left: Bools,
    account_id: npt.NDArray[np.int64],
    members: Mapping[str, Bools],
    *,
    draws: int = DRAWS,
) -> Iterator[Part]:
    """The figures of each named part of the rows that holds any; `members` says which rows those are."""
    for name, inside in members.items():
        if inside.any():
            told, happened = risk[inside], left[inside]
            figures = measure(told, happened, account_id[inside], draws=draws)
            yield Part(
                name, int(inside.sum()), int(happened.sum()), float(told.mean()), float(happened.mean()), figures
            )


@dataclass(frozen=True, slots=True)
class Miss:
    """One prediction that failed badly: of the row, what was said, whether the account left."""

    row: int
    risk: float
    left: bool


def worst_misses(risk: Floats, left: Bools, account_id: npt.NDArray[np.int64], number: int) -> list[Miss]:
    """Who left though the least risk was said, then who stayed though the most was; each account once in each."""
    gone = _first_of_each(np.flatnonzero(left), risk, account_id, number, lambda values: values)
    stayed = _first_of_each(np.flatnonzero(~left), risk, account_id, number, lambda values: -values)
    return [Miss(int(row), float(risk[row]), bool(left[row])) for row in (*gone, *stayed)]


def _first_of_each(
    rows: Integers, risk: Floats, account_id: npt.NDArray[np.int64], number: int, key: Callable[[Floats], Floats]
) -> Sequence[int]:
    ordered = rows[np.argsort(key(risk[rows]), kind="stable")]
    _, first = np.unique(account_id[ordered], return_index=True)
    return [int(row) for row in ordered[np.sort(first)[:number]]]
