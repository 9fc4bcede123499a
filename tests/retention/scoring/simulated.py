"""Companies made by a written truth: orders, friction and leaving month by month, as a panel, fast and without rows.

Every month each account decides. The log-odds that it goes are

    level - 0.8 log(orders a month) + sum over departments of effect x log1p(friction / (1 + decayed orders))

so accounts that buy more meet more friction and stay longer, as everywhere.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from retention.scoring.engine import CARE_TERMS, Floats, Inputs, ScoringModel, Weights, standard_terms
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import OrderFacts

START = datetime.datetime(2023, 1, 31, tzinfo=datetime.UTC)
DAYS = 30.0
WARM_UP = 12
WINDOW_MONTHS = 6


@dataclass(frozen=True)
class Company:
    """What is true of a simulated company. `effects` are by department; `busy` lists departments whose friction grows
    with the square of the orders, so that its raw count points the wrong way."""

    effects: tuple[float, ...]
    accounts: int = 5_000
    months: int = 36
    level: float = -4.6
    seed: int = 1
    busy: tuple[int, ...] = ()
    contracts: float = 0.5
    segments: tuple[str, ...] = ("",)
    segment_levels: tuple[float, ...] = (0.0,)
    per_activity: float = -0.8
    half_life: float = 60.0
    frailty: float = 0.0
    an_order: float = 0.06
    horizon_months: int = 3

    @property
    def departments(self) -> dict[str, str]:
        return {f"d{number}": f"Department {number}" for number in range(len(self.effects))}

    def model(self) -> ScoringModel:
        """The model of a company that has not learned yet."""
        experts = Weights.from_experts(standard_terms(self.departments))
        return ScoringModel(experts, horizon_days=DAYS * self.horizon_months)


@dataclass
class _Course:
    """What has happened so far; arrays (accounts, months) or (accounts,)."""

    company: Company
    dice: np.random.Generator
    rate: Floats
    proneness: Floats
    segment: Floats
    frailty: Floats
    counts: list[Floats] = field(default_factory=list)
    last_order: list[Floats] = field(default_factory=list)
    loads: list[Floats] = field(default_factory=list)
    exposures: list[Floats] = field(default_factory=list)
    fresh: list[Floats] = field(default_factory=list)


@dataclass(frozen=True)
class Simulated:
    """A panel, what truly drove each of its rows (n, departments), in log-odds, and raw counts of friction."""

    panel: Panel
    true_terms: Floats
    counts: Floats


def simulate(company: Company) -> Simulated:
    course, leaves = _lived(company)
    return _panel(course, leaves)


def decayed_otherwise(company: Company, factors: Sequence[float]) -> dict[float, Floats]:
    """The loads of all rows, as `simulate` orders them, decayed with half-lives so many times the company's."""
    course, leaves = _lived(company)
    panel = _panel(course, leaves).panel
    found: dict[float, list[Floats]] = {factor: [] for factor in factors}
    for number in range(len(panel.origins)):
        here = panel.account_id[panel.origin == number]
        for factor in factors:
            found[factor].append(_decayed(course, WARM_UP + 1 + number, company.half_life * factor)[here])
    return {factor: np.concatenate(months) for factor, months in found.items()}


def _decayed(course: _Course, month: int, half_life: float) -> Floats:
    total = np.zeros_like(course.fresh[0])
    for fresh in course.fresh[:month]:
        total = total * 0.5 ** (DAYS / half_life) + fresh
    return total


def _lived(company: Company) -> tuple[_Course, Floats]:
    course = _begin(company)
    leaves = np.full(company.accounts, np.inf)
    for month in range(WARM_UP + company.months):
        _live(course)
        if month >= WARM_UP:
            chance = expit(_log_odds(course))
            going = np.isinf(leaves) & (course.dice.random(company.accounts) < chance)
            # In the middle of the month after the decision.
            leaves[going] = month + 1.5
    return course, leaves


def _begin(company: Company) -> _Course:
    dice = np.random.default_rng([20260401, company.seed])
    n, count = company.accounts, len(company.effects)
    rate = 1.5 * dice.gamma(2.0, 0.5, n) + 0.3
    proneness = dice.lognormal(-0.5, 1.0, (n, count))
    for department in company.busy:
        proneness[:, department] *= rate**1.5 / np.mean(rate**1.5)
    segment = dice.integers(0, len(company.segments), n).astype(np.float64)
    frailty = company.frailty * dice.standard_normal(n)
    return _Course(company, dice, rate, proneness, segment, frailty)


def _live(course: _Course) -> None:
    """One month of orders, and of friction at them."""
    company, dice = course.company, course.dice
    counts = dice.poisson(course.rate).astype(np.float64)
    before = course.last_order[-1] if course.last_order else np.full(company.accounts, np.nan)
    # The last of k orders in a month, as its distance from the month's end.
    distance = DAYS * (1.0 - dice.random(company.accounts) ** (1.0 / np.maximum(counts, 1.0)))
    month = len(course.counts) + 1
    course.last_order.append(np.where(counts > 0, month * DAYS - distance, before))
    course.counts.append(counts)
    hits = dice.poisson(company.an_order * counts[:, None] * course.proneness + 0.01 * course.proneness)
    fresh = hits * dice.uniform(0.3, 1.0, hits.shape)
    course.fresh.append(fresh)
    load = course.loads[-1] if course.loads else np.zeros(hits.shape)
    exposure = course.exposures[-1] if course.exposures else np.zeros(company.accounts)
    course.loads.append(load * 0.5 ** (DAYS / company.half_life) + fresh)
    course.exposures.append(exposure * 0.5 ** (DAYS / 90.0) + counts)


def _true_terms(course: _Course) -> Floats:
    rates = course.loads[-1] / (1.0 + course.exposures[-1])[:, None]
    return np.asarray(np.log1p(rates) * np.array(course.company.effects), dtype=np.float64)


def _log_odds(course: _Course) -> Floats:
    company = course.company
    levels = company.level + np.array(company.segment_levels)[course.segment.astype(int)] + course.frailty
    total = levels + company.per_activity * np.log(course.rate) + _true_terms(course).sum(axis=1)
    return np.asarray(total, dtype=np.float64)


def _panel(course: _Course, leaves: Floats) -> Simulated:
    company = course.company
    n, months, horizon = company.accounts, WARM_UP + company.months, company.horizon_months
    counts = np.stack(course.counts, axis=1)
    bought = np.concatenate([np.zeros((n, 1)), counts.cumsum(axis=1)], axis=1)
    contract = course.dice.random(n) < company.contracts
    renewal = course.dice.integers(0, 365, n)
    first = np.argmax(counts > 0, axis=1) * DAYS + 15.0
    worth = 400.0 * course.dice.lognormal(0.0, 0.5, n)
    parts, terms, raw = [], [], []
    origins = tuple(
        START + datetime.timedelta(days=DAYS * number) for number in range(company.months - company.horizon_months)
    )
    for number, month in enumerate(range(WARM_UP + 1, months - horizon + 1)):
        now = _orders(course, bought, month, first, worth)
        went = (leaves > month) & (leaves <= month + horizon)
        # Who has left orders no more.
        later = np.where(leaves > month, bought[:, np.minimum(month + horizon, months)] - bought[:, month], 0.0)
        here = (leaves > month) & (now.orders > 0) & (now.days_since_last < 365.0)
        left = went | (~contract & (later == 0))
        loads, exposure = course.loads[month - 1], course.exposures[month - 1]
        parts.append(
            Panel(
                origins=origins,
                account_id=np.arange(n),
                origin=np.full(n, number),
                inputs=_inputs(loads, exposure, company),
                now=now,
                before=_orders(course, bought, month - WINDOW_MONTHS, first, worth),
                tenure_days=month * DAYS - first,
                days_to_renewal=np.where(contract, np.mod(renewal - month * DAYS, 365.0), np.inf),
                is_contract=contract,
                left=left,
                segments=company.segments,
                segment=course.segment.astype(np.int64),
                revenue=course.rate * worth * 12.0,
            ).chosen(here)
        )
        rates = loads / (1.0 + exposure)[:, None]
        terms.append((np.log1p(rates) * np.array(company.effects))[here])
        raw.append(loads[here])
    return Simulated(Panel.joined(parts), np.concatenate(terms), np.concatenate(raw))


def _orders(course: _Course, bought: Floats, month: int, first: Floats, worth: Floats) -> OrderFacts:
    orders = bought[:, month]
    last = course.last_order[month - 1]
    since_last = np.where(orders > 0, month * DAYS - np.nan_to_num(last), 0.0)
    year = orders - bought[:, max(month - 12, 0)]
    recent = orders - bought[:, max(month - 3, 0)]
    earlier = bought[:, max(month - 3, 0)] - bought[:, max(month - 6, 0)]
    since_first = np.where(orders > 0, np.maximum(month * DAYS - first, since_last), 0.0)
    return OrderFacts(orders, since_first, since_last, year, year * worth, recent, earlier)


def _inputs(loads: Floats, exposure: Floats, company: Company) -> Inputs:
    zeros = np.zeros(len(exposure))
    care = {term.key: zeros for term in CARE_TERMS}
    return Inputs(zeros, zeros, tuple(company.departments), loads, exposure, care, zeros)
