"""Weights that explain best who left: a logit with beliefs and bounds, and how sure it may be of them.

Features have shape (n, K), one row per account-month; `left` (n,) is 0 or 1; `offset` (n,) is added to the log-odds and
not fitted. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NEWTON_STEPS: Final = 25
LEAST_STEP: Final = 1e-7
LONGEST_STEP: Final = 2.0
CLOSE_ENOUGH: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows to learn from; `cluster` (n,) numbers the accounts, whose rows are no independent witnesses."""

    features: Floats
    left: Floats
    cluster: Integers
    offset: Floats

    def chosen(self, which: npt.NDArray[np.bool_]) -> Sample:
        """The rows of a mask."""
        return Sample(self.features[which], self.left[which], self.cluster[which], self.offset[which])

    def of_columns(self, places: Integers) -> Sample:
        """Some of the features."""
        return Sample(np.ascontiguousarray(self.features[:, places]), self.left, self.cluster, self.offset)

    def with_more(self, features: Floats) -> Sample:
        """The same rows with further features."""
        return Sample(np.hstack([self.features, features]), self.left, self.cluster, self.offset)

    def with_offset(self, offset: Floats) -> Sample:
        """The same rows with other log-odds to begin with."""
        return Sample(self.features, self.left, self.cluster, offset)

    def log_odds(self, weights: Floats) -> Floats:
        return self.offset + self.features @ weights

    def loss(self, weights: Floats) -> float:
        """The sum of the log losses."""
        odds = self.log_odds(weights)
        return float(np.logaddexp(0.0, odds).sum() - self.left @ odds)

    def gradient(self, weights: Floats) -> Floats:
        """The first derivatives of the loss, (K,)."""
        return self.features.T @ self._residuals(weights)

    def information(self, weights: Floats, others: Floats | None = None) -> Floats:
        """The matrix of second derivatives of the loss, (K, K); with other features (n, L), the mixed ones (K, L)."""
        p = expit(self.log_odds(weights))
        second = self.features if others is None else others
        return np.asarray(self.features.T @ ((p * (1.0 - p))[:, None] * second), dtype=np.float64)

    def witness(self, weights: Floats) -> Floats:
        """The sum of each account's gradients: shape (accounts, K)."""
        residuals = self._residuals(weights)
        count = int(self.cluster.max()) + 1
        columns = [np.bincount(self.cluster, column * residuals, count) for column in self.features.T]
        return np.stack(columns, axis=1)

    def _residuals(self, weights: Floats) -> Floats:
        return np.asarray(expit(self.log_odds(weights)) - self.left, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of K weights before data: means, precisions (1 / variance), and from where on they may lie."""

    mean: Floats
    precision: Floats
    lowest: Floats

    def weakened(self, factor: float) -> Belief:
        """The same beliefs with `factor` times the standard deviation."""
        return Belief(self.mean, self.precision / factor**2, self.lowest)

    def of(self, places: Integers) -> Belief:
        """What is believed of some of the weights."""
        return Belief(self.mean[places], self.precision[places], self.lowest[places])

    def with_more(self, count: int, sd: float) -> Belief:
        """The same beliefs and, of further weights, that they are about 0."""
        mean = np.concatenate([self.mean, np.zeros(count)])
        precision = np.concatenate([self.precision, np.full(count, sd**-2.0)])
        return Belief(mean, precision, np.concatenate([self.lowest, np.full(count, -np.inf)]))

    def with_scale(self, places: Integers, scale: float) -> Belief:
        """The same beliefs with `scale` times the standard deviation of the weights at these places."""
        precision = self.precision.copy()
        precision[places] /= scale**2
        return Belief(self.mean, precision, self.lowest)


def most_likely(sample: Sample, belief: Belief, power: float, start: Floats) -> Floats:
    """The weights of the highest posterior, none below its bound; the data count with the power given. (K,).

    Newton's method, each step by bounded L-BFGS on the second-order picture of the posterior: some five readings of
    the rows instead of a hundred.
    """
    weights = np.maximum(start, belief.lowest)
    for _ in range(NEWTON_STEPS):
        slope = power * sample.gradient(weights) + belief.precision * (weights - belief.mean)
        curvature = power * sample.information(weights) + np.diag(belief.precision)
        step = _bounded_step(curvature, slope, belief.lowest - weights)
        weights = weights + step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), LEAST_STEP))
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    return weights


def _bounded_step(curvature: Floats, slope: Floats, lowest: Floats) -> Floats:
    """The step (K,), nowhere below `lowest`, to the least of a parabola with this slope and curvature (K, K)."""
    scale = 1.0 / np.sqrt(np.diag(curvature))
    curved, sloped = curvature * np.outer(scale, scale), slope * scale

    def height_and_slope(step: Floats) -> tuple[float, Floats]:
        bent = curved @ step
        return float(sloped @ step + step @ bent / 2.0), np.asarray(sloped + bent, dtype=np.float64)

    bounds = [(low if np.isfinite(low) else None, None) for low in (lowest / scale).tolist()]
    found = minimize(
        height_and_slope,
        np.zeros_like(slope),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30},
    )
    return np.maximum(np.asarray(found.x, dtype=np.float64) * scale, lowest)


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the data alone say: weights without bounds, their covariance with accounts as witnesses, and the inverse
    of the information (what the covariance were, did an account's months know nothing of each other). `power` is how
    much of the rows' weight is left after that."""

    weights: Floats
    covariance: Floats
    inverse: Floats
    power: float

    def standard_errors(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))


def testimony(sample: Sample, weak: Belief, start: Floats) -> Testimony:
    """Hear the data alone, by Newton's method; `weak` only keeps weights finite that the data say nothing of."""
    weights = start.copy()
    for _ in range(NEWTON_STEPS):
        gradient = sample.gradient(weights) + weak.precision * (weights - weak.mean)
        step = np.linalg.solve(sample.information(weights) + np.diag(weak.precision), gradient)
        weights = weights - step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), LEAST_STEP))
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    inverse: Floats = np.linalg.inv(sample.information(weights) + np.diag(weak.precision)).astype(np.float64)
    meat = crossed(sample.witness(weights))
    covariance = inverse @ (meat + np.diag(weak.precision)) @ inverse
    return Testimony(weights, covariance, inverse, _power(inverse, meat, sample.information(weights)))


def crossed(witness: Floats) -> Floats:
    """The covariance of the accounts' summed gradients, with the usual correction for few accounts."""
    accounts = np.count_nonzero(np.any(witness != 0.0, axis=1))
    return np.asarray(witness.T @ witness * (accounts / max(accounts - 1.0, 1.0)), dtype=np.float64)


def _power(inverse: Floats, meat: Floats, information: Floats) -> float:
    """How much of the rows' weight is left when months of one account repeat each other; 1 where they do not."""
    inflation = float(np.trace(inverse @ meat)) / max(float(np.trace(inverse @ information)), 1e-9)
    return min(1.0, 1.0 / max(inflation, 1e-9))


def spread_on_bound(mode: Floats, sd: Floats) -> Floats:
    """The root mean square of weights whose likeliest value is the bound 0: normal around `mode` (not above 0) with
    standard deviation `sd`, cut off below 0. One entry per weight."""
    depth = -mode / sd
    hazard = np.exp(norm.logpdf(depth) - norm.logsf(depth))
    return np.asarray(sd * np.sqrt(np.maximum(1.0 + depth**2 - depth * hazard, 0.0)), dtype=np.float64)
