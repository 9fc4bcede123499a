"""A company's past, made up: account-months whose outcome follows a known risk."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from retention.scoring.engine import CARE_TERMS, Inputs
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import OrderFacts

FIRST = datetime.datetime(2026, 1, 31, 23, 59, tzinfo=datetime.UTC)
DEPARTMENTS = ("shipping", "billing")
Floats = npt.NDArray[np.float64]


def past(*, accounts: int = 300, months: int = 8, seed: int = 1, contracts: float = 0.3) -> Panel:
    """Who is silent for long leaves more often; shipping's friction drives away, billing's does not."""
    dice = np.random.default_rng(seed)
    n = accounts * months
    number = np.tile(np.arange(accounts), months)
    silence = dice.exponential(40.0, n)
    loads = dice.exponential(0.5, (n, 2)) * (dice.random((n, 2)) < 0.4)
    orders = 1.0 + dice.poisson(5.0, n).astype(np.float64)
    is_contract = number < contracts * accounts
    odds = -2.5 + 0.02 * silence + 1.5 * np.log1p(loads[:, 0] / (1.0 + orders / 4.0))
    facts = facts_of(orders, silence, dice)
    return Panel(
        origins=tuple(FIRST + datetime.timedelta(days=30 * month) for month in range(months)),
        account_id=1 + number.astype(np.int64),
        origin=np.repeat(np.arange(months), accounts).astype(np.int64),
        inputs=inputs_of(loads, orders),
        now=facts,
        before=facts,
        tenure_days=np.full(n, 700.0),
        days_to_renewal=np.where(is_contract, 200.0, np.inf),
        is_contract=is_contract,
        left=dice.random(n) < expit(odds),
        segments=("", "Retail"),
        segment=(number % 2).astype(np.int64),
        revenue=np.full(n, 1000.0),
    )


def facts_of(orders: Floats, silence: Floats, dice: np.random.Generator) -> OrderFacts:
    first = silence + orders * 30.0
    in_a_year = np.minimum(orders, 12.0)
    return OrderFacts(orders, first, silence, in_a_year, in_a_year * dice.uniform(50, 150, len(orders)), orders, orders)


def inputs_of(loads: Floats, orders: Floats) -> Inputs:
    nothing = np.zeros(len(orders))
    return Inputs(nothing, nothing, DEPARTMENTS, loads, orders / 4.0, {t.key: nothing for t in CARE_TERMS}, nothing)
