"""BG/NBD on a real wholesaler: the figures that the method is known to reach there."""

from __future__ import annotations

import csv
import lzma
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit
from scipy.stats import rankdata

from retention.scoring.backtest import TESTED, report, roll
from retention.scoring.comparisons import learned_rhythm, relearned, simple_rules
from retention.scoring.engine import CARE_TERMS, Inputs, ScoringModel, Weights, standard_terms
from retention.scoring.panel_arrays import Panel, joined
from retention.scoring.rhythm import BgNbd, Floats, OrderFacts, fit_bgnbd
from retention.scoring.rhythm_fit import fit_rhythm, start_rhythm
from tests.real_data import online_retail

HORIZON = timedelta(days=90)

Histories = dict[str, list[tuple[datetime, float]]]


def is_product_line(line: dict[str, str]) -> bool:
    return (
        not line["Invoice"].startswith("C")
        and float(line["Quantity"]) > 0
        and float(line["Price"]) > 0
        and re.match(r"\d{5}", line["StockCode"]) is not None
        and line["Customer ID"] != ""
    )


@pytest.fixture(scope="module")
def order_histories() -> Histories:
    """Time and value of each customer's product orders, in order."""
    orders: dict[tuple[str, str], tuple[datetime, float]] = {}
    with lzma.open(online_retail(), "rt", newline="") as lines:
        for line in filter(is_product_line, csv.DictReader(lines)):
            key, moment = (line["Customer ID"], line["Invoice"]), datetime.fromisoformat(line["InvoiceDate"])
            first, value = orders.get(key, (moment.replace(tzinfo=UTC), 0.0))
            orders[key] = first, value + float(line["Quantity"]) * float(line["Price"])
    histories: Histories = defaultdict(list)
    for (customer, _), order in sorted(orders.items(), key=lambda item: item[1]):
        histories[customer].append(order)
    return histories


def snapshot(histories: Histories, day: datetime) -> tuple[OrderFacts, Floats]:
    """Facts of who bought within a year before `day`, and who placed no order in 90 days after."""
    rows, left = [], []
    for orders in histories.values():
        past = [(time, value) for time, value in orders if time < day]
        ages = [(day - time).days for time, _ in past]
        if not ages or ages[-1] >= 365:
            continue
        days = len({time.date() for time, _ in past})
        recent, before = sum(age < 90 for age in ages), sum(90 <= age < 180 for age in ages)
        revenue = sum(value for (_, value), age in zip(past, ages, strict=True) if age < 365)
        rows.append((days, ages[0], ages[-1], sum(age < 365 for age in ages), revenue, recent, before))
        left.append(not any(day <= time < day + HORIZON for time, _ in orders))
    return OrderFacts(*np.array(rows, dtype=np.float64).T), np.array(left, dtype=np.float64)


@dataclass(frozen=True)
class Snapshots:
    """What was known on three days for fitting, and on two later days for testing."""

    fitting: OrderFacts
    fitting_left: Floats
    latest: OrderFacts
    testing: OrderFacts
    left: Floats


@pytest.fixture(scope="module")
def snapshots(order_histories: Histories) -> Snapshots:
    known = [snapshot(order_histories, datetime(2010, month, 1, tzinfo=UTC)) for month in (3, 4, 5)]
    later = [snapshot(order_histories, datetime(2010, month, 1, tzinfo=UTC)) for month in (8, 9)]
    return Snapshots(
        joined([facts for facts, _ in known]),
        np.concatenate([left for _, left in known]),
        known[-1][0],
        joined([facts for facts, _ in later]),
        np.concatenate([left for _, left in later]),
    )


def area_under_curve(scores: Floats, left: Floats) -> float:
    ranks, positives = rankdata(scores), left.sum()
    pairs = positives * (len(left) - positives)
    return float((ranks[left == 1].sum() - positives * (positives + 1) / 2) / pairs)


def calibration_error(predicted: Floats, left: Floats) -> float:
    """Expected calibration error over ten bins of equal width."""
    bins = np.minimum((predicted * 10).astype(int), 9)
    gaps = np.bincount(bins, weights=predicted - left, minlength=10)
    return float(np.abs(gaps).sum() / len(left))


def fitted_bgnbd(latest: OrderFacts) -> BgNbd:
    return fit_bgnbd(latest.repeat_orders, latest.first_to_last_days, latest.days_since_first)


def test_silence_of_a_wholesalers_customers_is_foreseen(snapshots: Snapshots) -> None:
    facts, left = snapshots.testing, snapshots.left
    bought_lately = facts.days_since_last < 90
    assert (len(left), round(100 * left.mean(), 1)) == (6435, 43.6)
    assert (bought_lately.sum(), round(100 * left[bought_lately].mean(), 1)) == (3924, 33.6)
    history = facts.repeat_orders, facts.first_to_last_days, facts.days_since_first
    p = fitted_bgnbd(snapshots.latest).probability_of_no_order(*history, 90.0)
    assert area_under_curve(p, left) == pytest.approx(0.724, abs=0.002)
    assert area_under_curve(p[bought_lately], left[bought_lately]) == pytest.approx(0.734, abs=0.002)


def test_the_fitted_rhythm_is_as_good_as_is_known_to_be_possible(snapshots: Snapshots) -> None:
    latest = snapshots.latest
    start = start_rhythm(latest.repeat_orders, latest.first_to_last_days, latest.days_since_first)
    rhythm = fit_rhythm(snapshots.fitting, snapshots.fitting_left == 1, 90.0, start=start)
    p, left = expit(rhythm.log_odds(snapshots.testing, 90.0)), snapshots.left
    lately = snapshots.testing.days_since_last < 90
    assert area_under_curve(p, left) >= 0.7405
    assert area_under_curve(p[lately], left[lately]) >= 0.7545
    assert np.mean((p - left) ** 2) <= 0.2045
    assert np.mean((p[lately] - left[lately]) ** 2) <= 0.1855
    assert calibration_error(p, left) <= 0.0265
    assert calibration_error(p[lately], left[lately]) <= 0.0335


def past_of(histories: Histories, months: tuple[int, ...]) -> Panel:
    """What was known of each customer when these months of 2010 began, and who was silent after."""
    days = [datetime(2010, month, 1, tzinfo=UTC) for month in months]
    parts = [snapshot(histories, day) for day in days]
    facts, left = joined([known for known, _ in parts]), np.concatenate([gone for _, gone in parts]) == 1
    count, nothing = len(left), np.zeros(len(left))
    care = {term.key: nothing for term in CARE_TERMS}
    return Panel(
        origins=tuple(days),
        account_id=np.concatenate([customers_of(histories, day) for day in days]),
        origin=np.repeat(np.arange(len(days)), [len(gone) for _, gone in parts]),
        inputs=Inputs(nothing, nothing, (), np.zeros((count, 0)), nothing, care, nothing),
        now=facts,
        before=facts,
        tenure_days=facts.days_since_first,
        days_to_renewal=np.full(count, np.inf),
        is_contract=np.zeros(count, dtype=np.bool_),
        left=left,
        segments=("",),
        segment=np.zeros(count, dtype=np.int64),
        revenue=facts.revenue_in_a_year,
    )


def customers_of(histories: Histories, day: datetime) -> npt.NDArray[np.int64]:
    """Who bought within a year before `day`, in the order of the snapshots."""
    known = ((name, [time for time, _ in orders if time < day]) for name, orders in histories.items())
    return np.array([int(float(name)) for name, past in known if past and (day - past[-1]).days < 365])


def test_the_backtest_finds_for_everybody_what_is_known_of_them(order_histories: Histories) -> None:
    experts = ScoringModel(Weights.from_experts(standard_terms({})))
    contenders = (*simple_rules(90.0), relearned(TESTED, "Experts' weights", experts, learned_rhythm))
    panel = past_of(order_histories, (3, 4, 5, 8, 9))
    found = report(roll(panel, contenders, horizon_days=90.0, most=12), contenders, 90.0)
    assert (found["rows"], [day[:10] for day in found["origins"]]) == (6435, ["2010-08-01", "2010-09-01"])
    told = {row["key"]: {name: figure[0] for name, figure in row["figures"].items()} for row in found["contenders"]}
    assert told["silence"]["auc"] == pytest.approx(0.665, abs=0.002)
    assert (told["rfm"]["auc"], told["rfm"]["brier"]) == pytest.approx((0.733, 0.210), abs=0.002)
    assert (told["bgnbd"]["auc"], told["bgnbd"]["brier"]) == pytest.approx((0.724, 0.215), abs=0.002)
    assert told[TESTED]["auc"] >= 0.7405
    assert told[TESTED]["brier"] <= 0.2045
    assert told[TESTED]["ece"] <= 0.0265
    lately = next(part for part in found["reliability"] if part["name"] == "Ordered within 90 days")
    assert lately["rows"] == 3924
    assert lately["figures"]["auc"][0] >= 0.7545
    assert lately["figures"]["brier"][0] <= 0.1855
    assert lately["figures"]["ece"][0] <= 0.033
    assert found["passed"]
