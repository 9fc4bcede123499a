"""Learning from the company's own history: what the plain features of the rhythm weigh.

Durations are in days, arrays one-dimensional float64 of one length. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from retention.scoring.rhythm import ContractBase, ContractFacts, Floats, OrderFacts, Rhythm, fit_bgnbd

# The precision of the belief that BG/NBD alone is right, per standard deviation of a feature. An account's monthly
# snapshots overlap, so that they say less than their number. On Online Retail II, the season after: AUC .741 and Brier
# .204 with any of 20 to 40; calibration (ECE) .027 with 20, .023 with 40, and .026 once friction is fitted on top.
RHYTHM_PENALTY: Final = 40.0
# Keeps the parameters of BG/NBD finite where nobody drops out, or hardly anybody ordered again.
BGNBD_PENALTY: Final = 5.0


def start_rhythm(x: Floats, t_x: Floats, watched: Floats) -> Rhythm:
    """BG/NBD of n accounts' order days and the usual gap between them; the plain features weigh nothing yet.

    x repeat order days, the last at t_x, seen until `watched`. Raises ValueError where nobody ordered again.
    """
    fitted = fit_bgnbd(x, t_x, watched, penalty=BGNBD_PENALTY)
    usual_gap = float(np.median(t_x[x > 0] / x[x > 0]))
    return Rhythm(fitted, usual_gap_days=max(usual_gap, 1.0))


def fit_rhythm(
    facts: OrderFacts,
    silent: npt.NDArray[np.bool_],
    horizon: float,
    *,
    start: Rhythm,
    offset: Floats | None = None,
    penalty: float = RHYTHM_PENALTY,
) -> Rhythm:
    """The rhythm whose log-odds explain best which of n accounts placed no order within the horizon (days).

    MAP of a logit on the rhythm's features, with a Gaussian prior at the coefficients of `start`. A feature that is
    the same for everybody keeps its coefficient. `offset` (n,) are log-odds of other origin, held. Raises ValueError
    where all were silent, or none.
    """
    features = start.features(facts, horizon)
    believed = {name: start.coefficients.get(name, 0.0) for name in features}
    return replace(start, coefficients=start.coefficients | _coefficients(features, believed, silent, offset, penalty))


def fit_contract(
    facts: ContractFacts,
    left: npt.NDArray[np.bool_],
    horizon: float,
    *,
    start: ContractBase,
    offset: Floats | None = None,
    penalty: float = RHYTHM_PENALTY,
) -> ContractBase:
    """The base rate that explains best which of n accounts under contract left within the horizon (days).

    MAP like `fit_rhythm`. Raises ValueError where all left, or none.
    """
    features = start.features(facts, horizon)
    return replace(start, **_coefficients(features, start.to_dict(), left, offset, penalty))


def _coefficients(
    features: dict[str, Floats],
    believed: dict[str, float],
    outcome: npt.NDArray[np.bool_],
    offset: Floats | None,
    penalty: float,
) -> dict[str, float]:
    """Fit all features that differ between accounts; the first is the constant."""
    left = outcome.astype(np.float64)
    if not 0.0 < left.mean() < 1.0:
        raise ValueError("Where all accounts left, or none did, there is nothing to learn.")
    level = next(iter(features))
    names = [name for name, values in features.items() if values.std() > 1e-9]
    raw = np.column_stack([features[name] for name in names]) if names else np.zeros((len(left), 0))
    means, spreads = raw.mean(axis=0), raw.std(axis=0)
    before = np.array([believed[name] for name in names])
    belief = np.concatenate([[believed[level] + before @ means], before * spreads])
    standard = np.column_stack([np.ones(len(left)), (raw - means) / spreads])
    found = _most_likely(standard, left, np.zeros(len(left)) if offset is None else offset, belief, penalty)
    after = found[1:] / spreads
    return dict(zip(names, after.tolist(), strict=True)) | {level: float(found[0] - after @ means)}


def _most_likely(features: Floats, left: Floats, offset: Floats, belief: Floats, penalty: float) -> Floats:
    def loss(weights: Floats) -> float:
        odds, away = offset + features @ weights, weights - belief
        return float(np.logaddexp(0.0, odds).sum() - left @ odds + penalty / 2 * (away @ away))

    def slope(weights: Floats) -> Floats:
        residual = np.asarray(expit(offset + features @ weights), dtype=np.float64) - left
        return features.T @ residual + penalty * (weights - belief)

    found = minimize(loss, belief, jac=slope, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x, dtype=np.float64)
