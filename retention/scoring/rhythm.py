"""What the order history alone says about leaving, before anybody asks why.

All durations are in days, all arrays are one-dimensional float64 of one length (one entry per
account). Nothing here reads a clock: whoever calls says how long ago things happened.
"""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, field, fields
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, logit

Floats = npt.NDArray[np.float64]

# Beyond nine log-odds (one in eight thousand) an order history cannot tell accounts apart any more,
# and an infinite baseline would swallow every cause that is added to it.
LARGEST_LOG_ODDS = 9.0

DAYS_IN_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class BgNbd:
    """The four parameters of BG/NBD (Fader, Hardie and Lee 2005).

    Orders come at a Poisson rate that is Gamma(r, alpha) across accounts, alpha in units of time;
    after each order an account drops out with a chance that is Beta(a, b) across accounts.
    """

    r: float = 0.9
    alpha: float = 60.0
    a: float = 0.2
    b: float = 6.0

    def as_logarithms(self) -> Floats:
        return np.log([self.r, self.alpha, self.a, self.b])

    @classmethod
    def from_logarithms(cls, logarithms: Floats) -> Self:
        return cls(*(float(value) for value in np.exp(logarithms)))

    def log_likelihood(self, x: Floats, t_x: Floats, watched: Floats) -> Floats:
        """Log likelihood of each account: x repeat orders, the last at t_x, seen until `watched`.

        Time runs from the first order, in the unit of alpha. Shape (n,). Source: Fader, Hardie and
        Lee (2005), equation 6, in the logarithmic form of their spreadsheet note.
        """
        alive, dead = self._log_branches(x, t_x, watched)
        return self._log_constant(x) + np.logaddexp(alive, dead)

    def probability_alive(self, x: Floats, t_x: Floats, watched: Floats) -> Floats:
        """The chance that an account has not dropped out by then. Shape (n,)."""
        alive, dead = self._log_branches(x, t_x, watched)
        return np.asarray(expit(alive - dead), dtype=np.float64)

    def probability_of_no_order(self, x: Floats, t_x: Floats, watched: Floats, horizon: float) -> Floats:
        """The chance of no order in (watched, watched + horizon], in closed form. Shape (n,).

        Dead, or alive and silent: the rate of a living account is Gamma(r + x, alpha + watched).
        """
        return 1.0 - self._probability_of_an_order(x, t_x, watched, horizon)

    def log_odds_of_no_order(self, x: Floats, t_x: Floats, watched: Floats, horizon: float) -> Floats:
        """The log-odds of no order in (watched, watched + horizon], clipped to what a history can tell."""
        order = self._probability_of_an_order(x, t_x, watched, horizon)
        smallest = expit(-LARGEST_LOG_ODDS)
        return -np.asarray(logit(np.clip(order, smallest, 1.0 - smallest)), dtype=np.float64)

    def _probability_of_an_order(self, x: Floats, t_x: Floats, watched: Floats, horizon: float) -> Floats:
        silent = (self.r + x) * -np.log1p(horizon / (self.alpha + watched))
        return self.probability_alive(x, t_x, watched) * -np.expm1(silent)

    def _log_branches(self, x: Floats, t_x: Floats, watched: Floats) -> tuple[Floats, Floats]:
        alive = -(self.r + x) * np.log(self.alpha + watched)
        # Nobody drops out without having ordered again; the guard only keeps the logarithm defined.
        repeats = np.maximum(x, 1.0)
        dead = np.log(self.a) - np.log(self.b + repeats - 1.0)
        dead = dead - (self.r + x) * np.log(self.alpha + t_x)
        return alive, np.where(x > 0, dead, -np.inf)

    def _log_constant(self, x: Floats) -> Floats:
        purchases = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha)
        dropouts = gammaln(self.a + self.b) + gammaln(self.b + x)
        dropouts = dropouts - gammaln(self.b) - gammaln(self.a + self.b + x)
        return np.asarray(purchases + dropouts, dtype=np.float64)

    def gradient(self, x: Floats, t_x: Floats, watched: Floats) -> Floats:
        """The gradient of the summed log likelihood in the logarithms of r, alpha, a, b. (4,)."""
        alive, dead = self._log_branches(x, t_x, watched)
        died = np.asarray(expit(dead - alive), dtype=np.float64)
        until = (1 - died) * np.log(self.alpha + watched) + died * np.log(self.alpha + t_x)
        per_time = (1 - died) / (self.alpha + watched) + died / (self.alpha + t_x)
        both = digamma(self.a + self.b) - digamma(self.a + self.b + x)
        r = digamma(self.r + x) - digamma(self.r) + np.log(self.alpha) - until
        alpha = self.r / self.alpha - (self.r + x) * per_time
        a = both + died / self.a
        b = both + digamma(self.b + x) - digamma(self.b)
        b = b - died / (self.b + np.maximum(x, 1.0) - 1.0)
        sums = np.array([r.sum(), alpha.sum(), a.sum(), b.sum()])
        return np.asarray(sums * np.exp(self.as_logarithms()), dtype=np.float64)


def fit_bgnbd(
    x: Floats,
    t_x: Floats,
    watched: Floats,
    *,
    start: BgNbd | None = None,
    penalty: float = 0.0,
) -> BgNbd:
    """The BG/NBD parameters that explain the repeat orders of n accounts best.

    x, t_x, watched as in `BgNbd.log_likelihood`. `penalty` pulls the logarithms of the parameters
    towards `start` (a Gaussian prior with that precision), so that a small company does not
    diverge. Raises ValueError where there is nothing to fit.
    """
    if not len(x) or not np.any(x > 0):
        raise ValueError("BG/NBD needs at least one account with a repeat order.")
    centre = (start or BgNbd()).as_logarithms()

    def loss(logarithms: Floats) -> float:
        away = logarithms - centre
        total = BgNbd.from_logarithms(logarithms).log_likelihood(x, t_x, watched).sum()
        return float(penalty / 2 * (away @ away) - total) / len(x)

    def slope(logarithms: Floats) -> Floats:
        gradient = BgNbd.from_logarithms(logarithms).gradient(x, t_x, watched)
        return (penalty * (logarithms - centre) - gradient) / len(x)

    found = minimize(
        loss,
        centre,
        jac=slope,
        method="L-BFGS-B",
        bounds=[(value - 12.0, value + 12.0) for value in centre.tolist()],
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    )
    return BgNbd.from_logarithms(np.asarray(found.x, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is known at one moment of the orders of n accounts; each field has shape (n,).

    `orders` counts the days with an order, ever. `days_since_first` and `days_since_last` are 0
    where there is none.
    """

    orders: Floats
    days_since_first: Floats
    days_since_last: Floats
    orders_in_a_year: Floats
    revenue_in_a_year: Floats
    orders_in_90_days: Floats
    orders_in_90_days_before: Floats

    @property
    def repeat_orders(self) -> Floats:
        return np.maximum(self.orders - 1.0, 0.0)

    @property
    def first_to_last_days(self) -> Floats:
        return np.maximum(self.days_since_first - self.days_since_last, 0.0)

    def followed_by(self, other: OrderFacts) -> OrderFacts:
        """Return the facts of these n accounts and then those of others."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return OrderFacts(*(np.concatenate(pair) for pair in pairs))

    @property
    def has_ordered(self) -> npt.NDArray[np.bool_]:
        return self.orders > 0


def plain_features(facts: OrderFacts, usual_gap_days: float) -> dict[str, Floats]:
    """The readable facts beside BG/NBD: recency, gaps, frequency, money, trend. Shapes (n,).

    An account without a gap of its own is held against `usual_gap_days`.
    """
    repeats = facts.repeat_orders
    # One gap of the population is mixed in: after a single repeat the own gap is hardly known.
    own_gap = (facts.first_to_last_days + usual_gap_days) / (repeats + 1.0)
    silence = np.log1p(facts.days_since_last)
    trend = np.log1p(facts.orders_in_90_days) - np.log1p(facts.orders_in_90_days_before)
    return {
        "silence": silence,
        "silence_against_own_gap": silence - np.log1p(own_gap),
        "orders_in_a_year": np.log1p(facts.orders_in_a_year),
        "revenue_in_a_year": np.log1p(np.maximum(facts.revenue_in_a_year, 0.0)),
        # A newcomer's first 90 days are no rise against the 90 before.
        "trend": np.where(facts.days_since_first >= 180.0, trend, 0.0),
        "single_order": (repeats == 0).astype(np.float64),
    }


def expert_coefficients() -> dict[str, float]:
    """What we believe of the plain features before any history was seen: BG/NBD speaks alone."""
    names = ("silence", "silence_against_own_gap", "orders_in_a_year", "revenue_in_a_year", "trend", "single_order")
    return {"bgnbd": 1.0, "constant": 0.0} | dict.fromkeys(names, 0.0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The log-odds that order history gives: BG/NBD and coefficients on the plain features."""

    bgnbd: BgNbd = field(default_factory=BgNbd)
    coefficients: dict[str, float] = field(default_factory=expert_coefficients)
    usual_gap_days: float = 45.0

    def features(self, facts: OrderFacts, horizon: float) -> dict[str, Floats]:
        """Every feature that a coefficient may weigh, by name. Shapes (n,)."""
        known = facts.repeat_orders, facts.first_to_last_days, facts.days_since_first
        return {
            "constant": np.ones_like(facts.orders),
            "bgnbd": self.bgnbd.log_odds_of_no_order(*known, horizon),
            **plain_features(facts, self.usual_gap_days),
        }

    def log_odds(self, facts: OrderFacts, horizon: float) -> Floats:
        """The log-odds of no order within the horizon (days), clipped. Shape (n,).

        An account that has not ordered yet counts as if it had placed its first order now: the
        population's rhythm speaks for it until it has one of its own.
        """
        features = self.features(facts, horizon)
        total = np.zeros_like(facts.orders)
        for name, coefficient in self.coefficients.items():
            total = total + coefficient * features[name]
        total = np.where(facts.has_ordered, total, self.newcomer_log_odds(horizon))
        return np.clip(total, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)

    def newcomer_log_odds(self, horizon: float) -> float:
        """The log-odds that an account places no further order after its first one, just now."""
        return _newcomer_log_odds(self.bgnbd, horizon)

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, object]) -> Self:
        """Read back what `to_dict` wrote; raises KeyError or TypeError on anything else."""
        bgnbd, coefficients, gap = (
            stored["bgnbd"],
            stored["coefficients"],
            stored["usual_gap_days"],
        )
        if not isinstance(bgnbd, dict) or not isinstance(coefficients, dict):
            raise TypeError("A stored rhythm holds two tables: bgnbd and coefficients.")
        return cls(BgNbd(**bgnbd), dict(coefficients), float(str(gap)))


@functools.lru_cache(maxsize=16)
def _newcomer_log_odds(bgnbd: BgNbd, horizon: float) -> float:
    nothing = np.zeros(1)
    return float(bgnbd.log_odds_of_no_order(nothing, nothing, nothing, horizon)[0])


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """What the base rate of n accounts under contract is made of; each field has shape (n,).

    `days_to_renewal` is infinite where no end is agreed; `orders_in_a_year` are those of the year before the friction
    window.
    """

    tenure_days: Floats
    days_to_renewal: Floats
    orders_in_a_year: Floats


@dataclass(frozen=True, slots=True)
class ContractBase:
    """The base log-odds of accounts under contract: by tenure, and by how near renewal is.

    `usual` is the log-odds in the middle of a young contract (about one in thirty a quarter),
    `per_tenure` is taken off per doubling of tenure in years, `at_renewal` is added in full where
    the contract ends within the horizon, and fades over twice that time before. `per_activity` is
    added per logarithm of 1 + the orders in a year: experts say nothing of it, data may.
    """

    usual: float = -3.4
    per_tenure: float = -0.3
    at_renewal: float = 1.5
    per_activity: float = 0.0

    @staticmethod
    def features(facts: ContractFacts, horizon: float) -> dict[str, Floats]:
        """What each coefficient weighs, by its name. Shapes (n,)."""
        return {
            "usual": np.ones_like(facts.tenure_days),
            "per_tenure": np.log2(1.0 + np.maximum(facts.tenure_days, 0.0) / DAYS_IN_A_YEAR),
            "at_renewal": np.clip(2.0 - facts.days_to_renewal / horizon, 0.0, 1.0),
            "per_activity": np.log1p(facts.orders_in_a_year),
        }

    def log_odds(self, facts: ContractFacts, horizon: float) -> Floats:
        """Base log-odds, clipped. Shape (n,)."""
        features = self.features(facts, horizon)
        total = sum((getattr(self, name) * values for name, values in features.items()), np.zeros(1))
        return np.clip(total, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)

    def to_dict(self) -> dict[str, float]:
        return asdict(self)
