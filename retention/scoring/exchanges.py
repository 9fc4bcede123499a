"""Other friction of one department in a fit that stands: what changes, without fitting everything again.

Features have shape (n, K), one row per account-month. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.special import expit

from retention.scoring.logit import Belief, Floats, Sample, most_likely

STEPS: Final = 8
CLOSE_ENOUGH: Final = 1e-4
# Keeps a weight finite where its friction says nothing, and believes nothing of it.
WEAK_PRECISION: Final = 1e-6
OFF_BOUND: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Ground:
    """A fit of all causes, from which the friction of one department can be exchanged for other friction.

    The other weights give way as the curvature of the fit says, so that only the weight of the new friction and the
    level are searched for: two readings of the rows instead of a fit for each half-life. `bent` (n,) is the second
    derivative of each row's loss, `curvature` (K, K) that of the posterior.
    """

    sample: Sample
    belief: Belief
    power: float
    mean: Floats
    bent: Floats
    curvature: Floats

    @classmethod
    def of(cls, sample: Sample, belief: Belief, power: float, start: Floats) -> Self:
        mean = most_likely(sample, belief, power, start)
        p = expit(sample.log_odds(mean))
        curvature = power * sample.information(mean) + np.diag(belief.precision)
        return cls(sample, belief, power, mean, p * (1.0 - p), curvature)

    def exchanges(self, column: int, frictions: Floats) -> list[Exchange]:
        """For each friction (n, F) in place of a column, the likeliest weights; the first is the column as it is."""
        free = self.mean > self.belief.lowest + OFF_BOUND
        free[column] = False
        others, own = self.sample.features[:, free], float(self.mean[column])
        mixed = self.power * (others.T @ (self.bent[:, None] * frictions))
        yielded = np.linalg.solve(self.curvature[np.ix_(free, free)], mixed)
        alone = frictions - others @ yielded
        held = self.sample.log_odds(self.mean) - own * alone[:, 0]
        found = []
        for place in range(frictions.shape[1]):
            weight, loss = _searched(held, alone[:, place], self.sample.left, own)
            weights = self.mean.copy()
            weights[free] += own * yielded[:, 0] - weight * yielded[:, place]
            weights[column] = weight
            found.append(Exchange(weights, self._likelihood(weights, loss, column)))
        return found

    def _likelihood(self, weights: Floats, loss: float, column: int) -> float:
        """With what is believed of the other weights; of the one in question nothing is."""
        surprise = self.belief.precision * (weights - self.belief.mean) ** 2
        return -float(self.power * loss + (surprise.sum() - surprise[column]) / 2.0)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The weights (K,) that belong to other friction of one department, and their log likelihood, rows of one account
    counted once."""

    weights: Floats
    likelihood: float


def _searched(held: Floats, friction: Floats, left: Floats, start: float) -> tuple[float, float]:
    """The weight of friction, not below 0, and the level with the least log loss; and that loss."""
    level, weight = 0.0, start
    for _ in range(STEPS):
        p = expit(held + level + weight * friction)
        residuals, bent = p - left, p * (1.0 - p)
        crossed = float(bent @ friction)
        curvature = np.array([[bent.sum(), crossed], [crossed, bent @ friction**2]]) + WEAK_PRECISION * np.eye(2)
        step = np.linalg.solve(curvature, [residuals.sum(), friction @ residuals])
        if weight - step[1] <= 0.0:
            # On the bound only the level is left to search for.
            step = np.array([residuals.sum() / curvature[0, 0], weight])
        level, weight = level - float(step[0]), weight - float(step[1])
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    odds = held + level + weight * friction
    return weight, float(np.logaddexp(0.0, odds).sum() - left @ odds)
