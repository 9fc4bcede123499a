"""Four bands, told apart in one place."""

from __future__ import annotations

import numpy as np
import pytest

from retention.scoring.bands import BAND_WORDS, Band, band_of, bands_of


@pytest.mark.parametrize(
    ("risk", "band"),
    [
        (0.0, Band.LOW),
        (0.06, Band.LOW),
        (0.15, Band.WATCH),
        (0.27, Band.WATCH),
        (0.41, Band.AT_RISK),
        (0.60, Band.CRITICAL),
        (1.0, Band.CRITICAL),
    ],
)
def test_each_risk_has_one_band(risk: float, band: Band) -> None:
    assert band_of(risk) is band
    assert bands_of(np.array([risk])) == [band]


def test_every_band_has_its_own_word() -> None:
    assert len(set(BAND_WORDS.values())) == len(Band)


@pytest.mark.parametrize("risk", [-0.1, 1.1, float("nan")])
def test_what_is_no_risk_is_refused(risk: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        band_of(risk)
