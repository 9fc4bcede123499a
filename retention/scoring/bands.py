"""The four bands of risk, in one place: their thresholds and their words."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt


class Band(StrEnum):
    LOW = "low"
    WATCH = "watch"
    AT_RISK = "at_risk"
    CRITICAL = "critical"


BAND_WORDS: Final = {
    Band.LOW: "Low",
    Band.WATCH: "Watch",
    Band.AT_RISK: "At risk",
    Band.CRITICAL: "Critical",
}

# The lower end of each band; a risk that stands exactly on one belongs to the higher band.
BAND_STARTS: Final = {
    Band.LOW: 0.0,
    Band.WATCH: 0.15,
    Band.AT_RISK: 0.30,
    Band.CRITICAL: 0.60,
}

_BANDS: Final = tuple(BAND_STARTS)
_STARTS: Final = np.array([start for start in BAND_STARTS.values() if start > 0.0])


def band_numbers(risks: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """0 for low to 3 for critical, for risks in [0, 1]; any shape."""
    return np.searchsorted(_STARTS, risks, side="right").astype(np.int64)


def bands_of(risks: npt.NDArray[np.float64]) -> list[Band]:
    """The band of each of n risks."""
    return [_BANDS[number] for number in band_numbers(risks)]


def band_of(risk: float) -> Band:
    """The band of one risk in [0, 1]; raises ValueError outside of it."""
    if not 0.0 <= risk <= 1.0:
        raise ValueError(f"A risk lies between 0 and 1, not at {risk}.")
    return _BANDS[int(np.searchsorted(_STARTS, risk, side="right"))]
