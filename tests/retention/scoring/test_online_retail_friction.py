"""A real wholesaler's credit notes as friction: the fit foresees as well as is known to be possible, and blames nobody
for what the data do not show."""

from __future__ import annotations

import csv
import lzma
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from retention.scoring.engine import CARE_TERMS, Evidence, Inputs, ScoringModel, Weights, score, standard_terms
from retention.scoring.fit import Fitted, fit
from retention.scoring.ledger import build_ledger
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import OrderFacts
from tests.real_data import online_retail
from tests.retention.scoring.test_online_retail import area_under_curve, calibration_error

FITTING = [datetime(2010, month, 1, tzinfo=UTC) for month in (3, 4, 5)]
TESTING = [datetime(2010, month, 1, tzinfo=UTC) for month in (8, 9)]
HORIZON = timedelta(days=90)
WINDOW = timedelta(days=180)
# The second one is the first one's credit notes, at other customers: whatever it seems to do is chance.
DEPARTMENTS = {"billing": "Billing", "placebo": "Placebo"}

Order = tuple[datetime, float]


@dataclass(frozen=True)
class History:
    """One customer's product orders with their values, and credit notes with the value credited, in order."""

    orders: list[Order]
    credits: list[Order]


def invoice_lines() -> Iterator[tuple[str, str, datetime, float]]:
    """Customer, invoice, time and value of every line of a product; a credit's value is negative."""
    with lzma.open(online_retail(), "rt", newline="") as lines:
        for line in csv.DictReader(lines):
            if line["Customer ID"] and float(line["Price"]) > 0 and re.match(r"\d{5}", line["StockCode"]):
                value = float(line["Quantity"]) * float(line["Price"])
                if (value > 0) != line["Invoice"].startswith("C"):
                    moment = datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC)
                    yield line["Customer ID"], line["Invoice"], moment, value


def histories() -> list[History]:
    values: dict[tuple[str, str], float] = defaultdict(float)
    moments: dict[tuple[str, str], datetime] = {}
    for customer, invoice, moment, value in invoice_lines():
        values[customer, invoice] += value
        moments.setdefault((customer, invoice), moment)
    made: dict[str, History] = defaultdict(lambda: History([], []))
    for key in sorted(values, key=lambda key: moments[key]):
        history = made[key[0]]
        (history.orders if values[key] > 0 else history.credits).append((moments[key], abs(values[key])))
    return [history for history in made.values() if history.orders]


def facts(orders: list[Order], day: datetime) -> list[float]:
    past = [(time, value) for time, value in orders if time < day]
    if not past:
        return [0.0] * 7
    ages = [(day - time).days for time, _ in past]
    days = len({time.date() for time, _ in past})
    revenue = sum(value for (_, value), age in zip(past, ages, strict=True) if age < 365)
    recent, before = sum(age < 90 for age in ages), sum(90 <= age < 180 for age in ages)
    return [days, ages[0], ages[-1], sum(age < 365 for age in ages), revenue, recent, before]


def load(history: History, day: datetime) -> float:
    """Each credit note as an incident that was resolved at once: severity is the part of the last order credited."""
    total = 0.0
    for time, credited in history.credits:
        before = [value for at, value in history.orders if at <= time]
        if time < day and before:
            total += min(credited / before[-1], 1.0) * 0.5 ** ((day - time).days / 60.0)
    return total


def exposure(history: History, day: datetime) -> float:
    return math.fsum(0.5 ** ((day - time).days / 90.0) for time, _ in history.orders if time < day)


def panel_of(everybody: list[History], origins: list[datetime]) -> Panel:
    others = np.random.default_rng(5).permutation(len(everybody))
    return Panel.joined([_month(everybody, others, origins, number) for number in range(len(origins))])


def _month(everybody: list[History], others: np.ndarray, origins: list[datetime], number: int) -> Panel:
    day = origins[number]
    now = np.array([facts(history.orders, day) for history in everybody])
    before = np.array([facts(history.orders, day - WINDOW) for history in everybody])
    loads = np.array([load(history, day) for history in everybody])
    left = np.array([not any(day <= time < day + HORIZON for time, _ in history.orders) for history in everybody])
    n = len(everybody)
    zeros = np.zeros(n)
    panel = Panel(
        origins=tuple(origins),
        account_id=np.arange(n),
        origin=np.full(n, number),
        inputs=Inputs(
            zeros,
            zeros,
            tuple(DEPARTMENTS),
            np.stack([loads, loads[others]], axis=1),
            np.array([exposure(history, day) for history in everybody]),
            {term.key: zeros for term in CARE_TERMS},
            zeros,
        ),
        now=OrderFacts(*now.T),
        before=OrderFacts(*before.T),
        tenure_days=now[:, 1],
        days_to_renewal=np.full(n, np.inf),
        is_contract=np.zeros(n, dtype=np.bool_),
        left=left,
        segments=("",),
        segment=np.zeros(n, dtype=np.int64),
        revenue=now[:, 4],
    )
    return panel.chosen((now[:, 0] > 0) & (now[:, 2] < 365))


@pytest.fixture(scope="module")
def everybody() -> list[History]:
    return histories()


@pytest.fixture(scope="module")
def fitted(everybody: list[History]) -> Fitted:
    start = ScoringModel(Weights.from_experts(standard_terms(DEPARTMENTS)))
    return fit(panel_of(everybody, FITTING), start=start)


def test_it_foresees_as_well_as_is_known_to_be_possible(everybody: list[History], fitted: Fitted) -> None:
    testing = panel_of(everybody, TESTING)
    risk = score(testing.by_model(fitted.model).inputs, fitted.model.weights).risk
    left, lately = testing.left.astype(np.float64), testing.now.days_since_last < 90
    assert len(testing) == 6435
    assert area_under_curve(risk, left) >= 0.7405
    assert area_under_curve(risk[lately], left[lately]) >= 0.7545
    assert np.mean((risk - left) ** 2) <= 0.2045
    assert np.mean((risk[lately] - left[lately]) ** 2) <= 0.1855
    assert calibration_error(risk, left) <= 0.0265
    assert calibration_error(risk[lately], left[lately]) <= 0.0335


def test_friction_is_not_charged_where_the_data_show_nothing(everybody: list[History], fitted: Fitted) -> None:
    weights = fitted.model.weights
    learned = {one.key: one for one in fitted.report.learned}
    for slug in DEPARTMENTS:
        place = weights.keys.index(f"department:{slug}")
        if learned[f"department:{slug}"].low <= 0.0:
            assert weights.evidence[place] is Evidence.NO_EVIDENCE
    assert weights.evidence[weights.keys.index("department:placebo")] is Evidence.NO_EVIDENCE
    rows = panel_of(everybody, FITTING[-1:]).by_model(fitted.model)
    ledger = build_ledger(score(rows.inputs, weights), weights)
    assert ledger.charged_points[:, weights.keys.index("department:placebo")].sum() == 0.0
    assert replace(rows.inputs).loads[:, 1].sum() > 0.0
