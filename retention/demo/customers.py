"""The demo company's customers as they are before anything happens to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retention.demo import words
from retention.demo.formula import CONFOUNDED_BY_ACTIVITY, DEPARTMENTS
from retention.demo.plan import Floats, Integers, Plan
from retention.demo.staff import ACCOUNT_MANAGERS, DESK

SEGMENTS = ("Wholesale", "Retail", "Enterprise", "Public sector")
SHARES = (0.34, 0.24, 0.18, 0.24)
# By segment: chance of a contract, orders a month, pounds an order, days between contacts.
CONTRACTS = np.array([0.10, 0.0, 0.85, 0.65])
RATES = np.array([1.6, 1.2, 0.8, 0.7])
ORDER_VALUES = np.array([1_500.0, 520.0, 3_400.0, 1_250.0])
CADENCES = np.array([45, 60, 28, 45])
# How much a customer's friction differs from the department's usual, as the sd of its logarithm.
SPREAD = 1.25


@dataclass(frozen=True, slots=True)
class Customers:
    """n customers; arrays have shape (n,) but `proneness`, which has (n, departments).

    `joined` and `renewal` are day numbers; `renewal` is some day on which the contract ended and began anew, NaN
    without a contract. `since` counts the days before `joined` that the customer was ours already.
    """

    names: list[str]
    countries: list[str]
    cities: list[str]
    segment: Integers
    joined: Integers
    since: Integers
    renewal: Floats
    rate: Floats
    order_value: Floats
    cadence: Integers
    manager: Integers
    desk: Integers
    proneness: Floats

    def __len__(self) -> int:
        return len(self.names)

    @property
    def has_contract(self) -> npt.NDArray[np.bool_]:
        """Return who buys under contract. Shape (n,)."""
        return ~np.isnan(self.renewal)

    def days_to_renewal(self, day: float) -> Floats:
        """Return the days until each contract ends next, infinite without one. Shape (n,)."""
        return np.where(self.has_contract, np.mod(self.renewal - day, 365.0), np.inf)

    def number(self, account: int) -> str:
        """Return the customer's number in our books."""
        return f"C{10_001 + account}"


def recruit(plan: Plan) -> Customers:
    """Return the customers of a plan."""
    random = plan.stream("customers")
    n = plan.accounts
    segment = random.choice(len(SEGMENTS), n, p=SHARES)
    countries = random.choice(list(words.PLACES), n, p=_country_shares()).tolist()
    joined = np.where(random.random(n) < 0.78, 0, random.integers(0, round(plan.days * 0.8), n))
    has_contract = random.random(n) < CONTRACTS[segment]
    rate = RATES[segment] * random.gamma(4.0, 0.25, n)
    return Customers(
        names=words.companies(n, countries, (segment == SEGMENTS.index("Public sector")).tolist(), random),
        countries=countries,
        cities=[words.pick(random, words.PLACES[country][1]) for country in countries],
        segment=segment,
        joined=joined,
        since=np.where(joined == 0, random.integers(60, 4_500, n), 0),
        renewal=np.where(has_contract, random.integers(0, 365, n), np.nan),
        rate=np.clip(rate, np.where(has_contract, 0.25, 0.6), 7.0),
        order_value=ORDER_VALUES[segment] * random.lognormal(0.0, 0.7, n),
        cadence=CADENCES[segment],
        manager=random.integers(0, ACCOUNT_MANAGERS, n),
        desk=random.integers(0, DESK, n),
        proneness=_proneness(random, n, rate),
    )


def _country_shares() -> Floats:
    return np.array([share for share, _ in words.PLACES.values()])


def _proneness(random: np.random.Generator, n: int, rate: Floats) -> Floats:
    """Return how much more of each department's friction a customer meets than usual, 1 on average over customers."""
    table = random.lognormal(-(SPREAD**2) / 2, SPREAD, (n, len(DEPARTMENTS)))
    column = DEPARTMENTS.index(CONFOUNDED_BY_ACTIVITY)
    # Busy customers call more often still than their orders explain.
    busy = rate**2
    table[:, column] *= busy / busy.mean()
    return np.asarray(table, dtype=np.float64)
