"""Why customers of the demo company leave: the formula, written down, that decides it.

Once a month every customer makes up its mind. The log-odds that it decides to go are

    log-odds = level of its segment
             − 0.25 · log2(1 + years as a customer)
             − 0.80 · log(orders a month)                        customers who buy more, leave less
             + 1.4 where the contract ends within 90 days
             + Σ_d β_d · log1p(A_d / (1 + E))                    friction of each department d
             + 0.40 · log1p(how far contact is overdue, in cadences)
             + 0.50 · log1p(years since it last adopted an innovation, at most 3)
             + 0.50 · log1p(promises of ours that are broken)
             − 0.45 · log1p(services it holds)

A_d adds weight × severity × decay over the incidents that the department caused: no decay while an incident is open,
half after every half-life from its resolution; weights and half-lives are the catalogue's. E is the number of orders,
half after every `ORDER_HALF_LIFE_DAYS`. So the same trouble weighs less for a customer with many good orders, as it
should, and counts of incidents alone mislead: whoever buys more meets more trouble and stays longer. A promise is
broken while its day has passed and nothing is delivered; one kept late is forgotten by half in
`PROMISE_HALF_LIFE_DAYS`.

`EFFECTS` holds β. Marketing and legal cause friction like everybody else and have no effect whatever, so that a
good system does not accuse them. The phone system's friction grows fastest with the number of orders, so that its
raw count points the wrong way although its effect is real.

Having decided, a customer orders less and less (a symptom) and is gone 25 to 110 days later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from retention.demo.plan import Floats

ORDER_HALF_LIFE_DAYS = 90.0
PROMISE_HALF_LIFE_DAYS = 180.0

EFFECTS: Mapping[str, float] = MappingProxyType(
    {
        "shipping": 5.5,
        "phone_system": 3.5,
        "customer_service": 3.0,
        "billing": 4.0,
        "legal": 0.0,
        "manufacturing": 3.5,
        "procurement": 1.0,
        "design_engineering": 1.2,
        "warranty": 3.0,
        "marketing": 0.0,
        "corporate": 1.2,
        "sales": 1.2,
        "operations": 5.5,
        "product_development": 4.0,
    }
)
DEPARTMENTS = tuple(EFFECTS)
WITHOUT_EFFECT = tuple(slug for slug, effect in EFFECTS.items() if effect == 0)
CONFOUNDED_BY_ACTIVITY = "phone_system"

LEVELS: Mapping[str, float] = MappingProxyType(
    {"Wholesale": -4.75, "Retail": -4.8, "Enterprise": -5.4, "Public sector": -5.3}
)
PER_TENURE = -0.25
PER_ACTIVITY = -0.8
NEAR_RENEWAL = 1.4
CARE: Mapping[str, float] = MappingProxyType(
    {"contact_overdue": 0.40, "innovation_gap": 0.50, "broken_promises": 0.50, "breadth": -0.45}
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What n customers see at one moment; every array has shape (n,) but `friction`, which has (n, departments)."""

    level: Floats
    years: Floats
    orders_a_month: Floats
    days_to_renewal: Floats
    friction: Floats
    exposure: Floats
    overdue: Floats
    innovation_years: Floats
    broken_promises: Floats
    services: Floats


@dataclass(frozen=True, slots=True)
class Reasons:
    """The addends of the log-odds: `baseline` (n,), `departments` (n, departments), `care` (n, care terms)."""

    baseline: Floats
    departments: Floats
    care: Floats

    @property
    def log_odds(self) -> Floats:
        """Return the log-odds of deciding to leave this month. Shape (n,)."""
        total = self.baseline + self.departments.sum(axis=1) + self.care.sum(axis=1)
        return np.asarray(total, dtype=np.float64)


def decay(days: Floats, half_life_days: Floats | float) -> Floats:
    """Return what is left of something after so many days; nothing is lost of what lies ahead or is still open."""
    return np.asarray(0.5 ** (np.maximum(days, 0.0) / half_life_days), dtype=np.float64)


def reasons(situation: Situation) -> Reasons:
    """Return why each of n customers would leave, as the formula has it."""
    rates = situation.friction / (1.0 + situation.exposure)[:, None]
    care = {
        "contact_overdue": np.log1p(situation.overdue),
        "innovation_gap": np.log1p(np.clip(situation.innovation_years, 0.0, 3.0)),
        "broken_promises": np.log1p(situation.broken_promises),
        "breadth": np.log1p(situation.services),
    }
    return Reasons(
        baseline=_baseline(situation),
        departments=np.log1p(rates) * np.array(list(EFFECTS.values())),
        care=np.stack([weight * care[name] for name, weight in CARE.items()], axis=1),
    )


def _baseline(situation: Situation) -> Floats:
    return np.asarray(
        situation.level
        + PER_TENURE * np.log2(1.0 + situation.years)
        + PER_ACTIVITY * np.log(situation.orders_a_month)
        + NEAR_RENEWAL * (situation.days_to_renewal <= 90.0),
        dtype=np.float64,
    )
