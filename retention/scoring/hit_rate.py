"""Did people's overrides foresee what happened better than the computed risk did? Counted pair by pair."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Below this many decided pairs the interval spans most of what there is.
LEAST_PAIRS: Final = 30
INTERVAL_Z: Final = 1.96
EVEN: Final = 0.5


class Verdict(StrEnum):
    TOO_FEW = "too_few"
    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no_difference"


@dataclass(frozen=True, slots=True)
class HitRate:
    """How often the override came closer to what happened than the computed risk; `low` and `high` are 95 %.

    `overrides` counts all that were held against what happened, `closer` and `further` those that differ in it. Brier
    scores are the mean squared distances, of the override and of the computed risk; smaller is better.
    """

    overrides: int
    left: int
    closer: int
    further: int
    low: float
    high: float
    brier: float
    brier_computed: float

    @property
    def decided(self) -> int:
        """How many pairs have a winner."""
        return self.closer + self.further

    @property
    def rate(self) -> float | None:
        """The share of decided pairs that the override won; None where there is none."""
        return self.closer / self.decided if self.decided else None

    @property
    def verdict(self) -> Verdict:
        """What may be said of it."""
        if self.decided < LEAST_PAIRS:
            return Verdict.TOO_FEW
        if self.low > EVEN:
            return Verdict.BETTER
        return Verdict.WORSE if self.high < EVEN else Verdict.NO_DIFFERENCE


def hit_rate(overridden: Floats, computed: Floats, left: npt.NDArray[np.bool_]) -> HitRate:
    """Hold n overrides and the n risks computed when they were made against who left within the horizon."""
    happened = left.astype(np.float64)
    own, theirs = np.abs(overridden - happened), np.abs(computed - happened)
    closer, further = int((own < theirs).sum()), int((own > theirs).sum())
    low, high = wilson_interval(closer, closer + further)
    return HitRate(
        len(left),
        int(left.sum()),
        closer,
        further,
        low,
        high,
        float(np.mean(own**2)) if len(left) else math.nan,
        float(np.mean(theirs**2)) if len(left) else math.nan,
    )


def wilson_interval(hits: int, tries: int) -> tuple[float, float]:
    """The 95 % interval of a rate by Wilson (1927): within 0 and 1 however few the tries; all of it for none."""
    if not tries:
        return 0.0, 1.0
    rate, square = hits / tries, INTERVAL_Z**2
    centre = (rate + square / (2 * tries)) / (1 + square / tries)
    half = INTERVAL_Z / (1 + square / tries) * math.sqrt(rate * (1 - rate) / tries + square / (4 * tries**2))
    return max(centre - half, 0.0), min(centre + half, 1.0)
