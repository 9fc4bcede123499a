"""What the data alone say of each weight, before anybody is blamed: intervals, and foresight out of time.

Nothing here knows a database or a clock. Arrays over weights have shape (K,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from retention.scoring.engine import Evidence
from retention.scoring.logit import Belief, Floats, Sample, Testimony, testimony

INTERVAL_Z: Final = 1.959964
# The data speak for themselves where beliefs count as if they were this many times less sure.
WEAKENED: Final = 20.0
# Below this many accounts that left, the priors speak.
LEAST_LEAVERS: Final = 200
# Data whose standard error is so small a part of the experts' standard deviation know better than they do.
FAR_NARROWER: Final = 0.5
TEST_SHARE: Final = 0.3
LEAST_TEST_LEAVERS: Final = 30
LEVEL_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What the data alone say of each weight: value, 95 % interval, how much it improves the log loss of later months
    (per account-month, NaN where there are too few of them), and what follows."""

    weights: Floats
    low: Floats
    high: Floats
    foresight: Floats
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows a model learns from, and which later ones it is tried on."""

    early: npt.NDArray[np.bool_]
    late: npt.NDArray[np.bool_]


def out_of_time(origin_days: Floats, left: Floats, horizon_days: float) -> Split | None:
    """Split rows so that the last part of the leaving is foreseen from months whose horizon had passed by then.

    `origin_days` (n,) says when each row was seen. None where too few left on either side.
    """
    days = np.unique(origin_days)
    for first_late in days[::-1].tolist():
        late = origin_days >= first_late
        if left[late].sum() >= TEST_SHARE * left.sum():
            early = origin_days + horizon_days <= first_late
            enough = min(left[early].sum(), left[late].sum()) >= LEAST_TEST_LEAVERS
            return Split(early, late) if enough else None
    return None


def foresight(sample: Sample, belief: Belief, start: Floats, split: Split | None) -> Floats:
    """By how much each weight, learned early, improves the log loss of late rows, against the same fit without it.

    The fit without a weight is taken from the curvature of the fit with it. NaN where nothing can be tried.
    """
    if split is None:
        return np.full(len(start), np.nan)
    early, late = sample.chosen(split.early), sample.chosen(split.late)
    said = testimony(early, belief.weakened(WEAKENED), start)
    without = said.weights[:, None] - said.inverse * (said.weights / np.diag(said.inverse))[None, :]
    tried = np.hstack([said.weights[:, None], without])
    losses = losses_at_own_level(late.offset[:, None] + late.features @ tried, late.left)
    return np.asarray(losses[1:] - losses[0], dtype=np.float64)


def losses_at_own_level(odds: Floats, left: Floats) -> Floats:
    """The mean log loss of each column of log-odds (n, T) once its level is right: times differ in how many leave, and
    that speaks for no cause."""
    level = np.zeros(odds.shape[1])
    for _ in range(LEVEL_STEPS):
        p = np.asarray(expit(odds + level), dtype=np.float64)
        level = level - (p.sum(axis=0) - left.sum()) / np.maximum((p * (1.0 - p)).sum(axis=0), 1e-9)
    odds = odds + level
    return np.asarray((np.logaddexp(0.0, odds).sum(axis=0) - left @ odds) / len(left), dtype=np.float64)


def weigh(said: Testimony, belief: Belief, gains: Floats, leavers: int) -> Finding:
    """Judge each weight.

    Supported: the 95 % interval lies off zero, on the side where the weight may lie, and later months are foreseen
    better with it. No evidence: the interval holds zero, and not what experts believe, or it is far narrower than their
    belief. Assumed: everything else, and everything where too few left: the data do not tell, or later months do not
    confirm them.
    """
    errors, sd = said.standard_errors(), 1.0 / np.sqrt(belief.precision)
    low, high = said.weights - INTERVAL_Z * errors, said.weights + INTERVAL_Z * errors
    off_zero = (low > 0.0) | ((high < 0.0) & (belief.lowest < 0.0))
    tells = (low > belief.mean) | (high < belief.mean) | (errors < FAR_NARROWER * sd)
    supported = off_zero & (np.nan_to_num(gains, nan=-1.0) > 0.0)
    verdicts = np.where(supported, 2, np.where(~off_zero & tells, 0, 1))
    if leavers < LEAST_LEAVERS:
        verdicts = np.ones_like(verdicts)
    names = (Evidence.NO_EVIDENCE, Evidence.ASSUMED, Evidence.SUPPORTED)
    return Finding(said.weights, low, high, gains, tuple(names[verdict] for verdict in verdicts.tolist()))
