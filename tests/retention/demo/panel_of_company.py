"""The demo company's past as a panel, from its written truth: every incident at the department that caused it."""

from __future__ import annotations

import datetime

import numpy as np
import numpy.typing as npt

from retention.demo.company import Company
from retention.demo.customers import SEGMENTS
from retention.demo.formula import CARE, DEPARTMENTS, EFFECTS, ORDER_HALF_LIFE_DAYS, decay
from retention.demo.troubles import HALF_LIVES, WEIGHTS
from retention.scoring.engine import Inputs
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import OrderFacts

HORIZON = 90
WINDOW = 180
Floats = npt.NDArray[np.float64]


def panel_of(company: Company) -> tuple[Panel, Floats]:
    """The panel, and each row's true friction in log-odds (n, departments)."""
    days = list(range(company.plan.days - HORIZON, 60, -30))[::-1]
    months = [_month(company, days, number) for number in range(len(days))]
    return Panel.joined([panel for panel, _ in months]), np.concatenate([terms for _, terms in months])


def _month(company: Company, days: list[int], number: int) -> tuple[Panel, Floats]:
    day, customers, course = days[number], company.customers, company.course
    n = len(customers)
    now, loads, exposure = _orders(company, day), _loads(company, day), _exposure(company, day)
    later = (course.orders.day >= day) & (course.orders.day < day + HORIZON)
    buys = np.bincount(course.orders.account[later], minlength=n) > 0
    gone = np.nan_to_num(course.left, nan=np.inf)
    here = (customers.joined < day) & (gone > day)
    here &= customers.has_contract | ((now.orders > 0) & (now.days_since_last < 365))
    inputs = Inputs(np.zeros(n), np.zeros(n), DEPARTMENTS, loads, exposure, _care(company, day), np.zeros(n))
    panel = Panel(
        origins=tuple(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=at) for at in days),
        account_id=np.arange(n),
        origin=np.full(n, number),
        inputs=inputs,
        now=now,
        before=_orders(company, day - WINDOW),
        tenure_days=np.maximum(day - customers.joined + customers.since, 0).astype(np.float64),
        days_to_renewal=customers.days_to_renewal(day),
        is_contract=customers.has_contract,
        left=(gone <= day + HORIZON) | (~customers.has_contract & ~buys),
        segments=SEGMENTS,
        segment=customers.segment,
        revenue=customers.order_value * customers.rate * 12,
    )
    terms = np.log1p(loads / (1.0 + exposure)[:, None]) * np.array(list(EFFECTS.values()))
    return panel.chosen(here), terms[here]


def _orders(company: Company, day: int) -> OrderFacts:
    orders, n = company.course.orders, len(company.customers)
    past = orders.day < day
    account, age = orders.account[past], day - orders.day[past]
    first, last = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(first, account, age)
    np.minimum.at(last, account, age)

    def count(since: float, until: float) -> Floats:
        within = (age >= since) & (age < until)
        return np.bincount(account[within], minlength=n).astype(np.float64)

    year = count(0, 365)
    return OrderFacts(
        count(0, np.inf),
        first,
        np.where(np.isinf(last), 0.0, last),
        year,
        year * company.customers.order_value,
        count(0, 90),
        count(90, 180),
    )


def _loads(company: Company, day: int) -> Floats:
    events, n = company.course.events, len(company.customers)
    known = events.day < day
    trouble = events.trouble[known]
    left = WEIGHTS[trouble] * events.severity[known] * decay(day - events.resolved[known], HALF_LIVES[trouble])
    place = events.account[known] * len(DEPARTMENTS) + events.department[known]
    return np.bincount(place, left, n * len(DEPARTMENTS)).reshape(n, -1).astype(np.float64)


def _exposure(company: Company, day: int) -> Floats:
    orders = company.course.orders
    past = orders.day < day
    weights = decay(day - orders.day[past], ORDER_HALF_LIFE_DAYS)
    return np.bincount(orders.account[past], weights, len(company.customers)).astype(np.float64)


def _care(company: Company, day: int) -> dict[str, Floats]:
    customers, care = company.customers, company.care
    terms = (
        np.log1p(care.overdue(day, customers)),
        np.log1p(np.clip(care.innovation_years(day, customers.joined - customers.since), 0.0, 3.0)),
        np.log1p(care.broken_promises(day)),
        np.log1p(care.services_on(day)),
    )
    return {f"care:{name}": values for name, values in zip(CARE, terms, strict=True)}
