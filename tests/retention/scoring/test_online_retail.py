"""BG/NBD on a real wholesaler: the figures that the method is known to reach there."""

from __future__ import annotations

import csv
import lzma
import os
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from retention.scoring.rhythm import Floats, OrderFacts, fit_bgnbd

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("HOLDFAST_DATA", ROOT.parent / "shared" / "data"))
RETAIL = DATA / "online_retail_ii_2009-2010.csv.xz"
HORIZON = timedelta(days=90)

pytestmark = pytest.mark.skipif(
    not RETAIL.exists(),
    reason=f"Online Retail II is not at {RETAIL}; HOLDFAST_DATA names its folder",
)

Histories = dict[str, list[datetime]]


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
    """The times of each customer's product orders, in order."""
    orders: dict[tuple[str, str], datetime] = {}
    with lzma.open(RETAIL, "rt", newline="") as lines:
        for line in filter(is_product_line, csv.DictReader(lines)):
            key = line["Customer ID"], line["Invoice"]
            orders.setdefault(key, datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC))
    histories: Histories = defaultdict(list)
    for (customer, _), when in sorted(orders.items(), key=lambda item: item[1]):
        histories[customer].append(when)
    return histories


def snapshot(histories: Histories, day: datetime) -> tuple[OrderFacts, Floats]:
    """Facts of who bought within a year before `day`, and who placed no order in 90 days after."""
    rows, left = [], []
    for times in histories.values():
        ages = [(day - time).total_seconds() / 86400 for time in times if time < day]
        if not ages or ages[-1] > 365:
            continue
        days = len({time.date() for time in times if time < day})
        recent, before = sum(a <= 90 for a in ages), sum(90 < a <= 180 for a in ages)
        rows.append((days, ages[0], ages[-1], len(ages), 0.0, recent, before))
        left.append(not any(day <= time < day + HORIZON for time in times))
    return OrderFacts(*np.array(rows, dtype=np.float64).T), np.array(left, dtype=np.float64)


def area_under_curve(scores: Floats, left: Floats) -> float:
    ranks, positives = rankdata(scores), left.sum()
    pairs = positives * (len(left) - positives)
    return float((ranks[left == 1].sum() - positives * (positives + 1) / 2) / pairs)


def test_silence_of_a_wholesalers_customers_is_foreseen(order_histories: Histories) -> None:
    known, _ = snapshot(order_histories, datetime(2010, 5, 1, tzinfo=UTC))
    model = fit_bgnbd(known.repeat_orders, known.first_to_last_days, known.days_since_first)
    predicted, left, fresh = [], [], []
    for day in (datetime(2010, 8, 1, tzinfo=UTC), datetime(2010, 9, 1, tzinfo=UTC)):
        facts, outcome = snapshot(order_histories, day)
        history = facts.repeat_orders, facts.first_to_last_days, facts.days_since_first
        predicted.append(model.probability_of_no_order(*history, 90.0))
        left.append(outcome)
        fresh.append(facts.days_since_last <= 90)
    p, y, bought_lately = np.concatenate(predicted), np.concatenate(left), np.concatenate(fresh)
    assert (len(y), round(100 * y.mean(), 1)) == (6435, 43.6)
    assert (bought_lately.sum(), round(100 * y[bought_lately].mean(), 1)) == (3924, 33.6)
    assert area_under_curve(p, y) == pytest.approx(0.724, abs=0.002)
    assert area_under_curve(p[bought_lately], y[bought_lately]) == pytest.approx(0.734, abs=0.002)
