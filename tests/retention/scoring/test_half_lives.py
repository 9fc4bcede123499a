"""Half-lives that the catalogue has wrong are found, with their range, and right ones are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from retention.scoring.fit import fit
from retention.scoring.half_lives import FACTORS, HalfLife, Profile, Verdict
from tests.retention.scoring.simulated import Company, decayed_otherwise, simulate

# Friction that is forgotten with a half-life of 60 days; the third department's says nothing.
COMPANY = Company((3.0, 6.0, 0.0), accounts=4_000, months=24, level=-4.6, contracts=1.0, an_order=0.2, horizon_months=1)


def said(company: Company, *, catalogue: tuple[float, ...]) -> dict[str, HalfLife]:
    """What a fit says where the catalogue's half-lives are so many times the true ones, by department."""
    wanted = sorted({times * factor for times in catalogue for factor in (1.0, *FACTORS)})
    loads = decayed_otherwise(company, wanted)
    by_factor = {
        factor: np.stack([loads[times * factor][:, place] for place, times in enumerate(catalogue)], axis=1)
        for factor in (1.0, *FACTORS)
    }
    panel = simulate(company).panel
    inputs = panel.inputs.with_loads(by_factor.pop(1.0))
    report = fit(replace(panel, inputs=inputs, loads_by_factor=by_factor), start=company.model()).report
    return {found.department: found for found in report.half_lives}


@pytest.mark.parametrize(("seed", "times"), [(1, 0.4), (2, 2.5)])
def test_a_half_life_that_the_catalogue_has_wrong_is_found_with_its_range(seed: int, times: float) -> None:
    found = said(replace(COMPANY, seed=seed), catalogue=(1.0, times, 1.0))
    wrong, right = found["d1"], found["d0"]
    assert wrong.verdict is Verdict.SUPPORTED
    assert wrong.low is not None
    assert wrong.high is not None
    assert wrong.low < 1.0 / times < wrong.high
    assert wrong.factor == pytest.approx(1.0 / times, rel=0.2)
    assert wrong.gain > 10.0
    assert right.verdict is Verdict.AGREES


def test_noise_changes_no_half_life() -> None:
    company = replace(COMPANY, effects=(0.0, 0.0, 0.0), accounts=1_500, level=-3.6)
    for seed in range(3):
        found = said(replace(company, seed=seed), catalogue=(1.0, 1.0, 1.0))
        assert {one.verdict for one in found.values()} <= {Verdict.SILENT, Verdict.AGREES}


def test_a_long_horizon_makes_no_memory_seem_longer_than_it_is() -> None:
    """Friction that is still to come within it would: who meets it often goes on to meet it."""
    company = replace(COMPANY, effects=(0.0, 3.0, 5.0), accounts=1_500, level=-5.0, contracts=0.5, horizon_months=3)
    for seed in range(3):
        found = said(replace(company, seed=seed), catalogue=(1.0, 1.0, 1.0))
        assert found["d2"].verdict is Verdict.AGREES


def test_without_other_loads_nothing_is_said() -> None:
    company = replace(COMPANY, accounts=800)
    assert fit(simulate(company).panel, start=company.model()).report.half_lives == ()


def parabola(best: float, width: float) -> Profile:
    """The likelihoods of a parabola in the logarithm of the factor, with this standard error."""
    return Profile.of({f: -((np.log(f) - np.log(best)) ** 2) / (2.0 * width**2) for f in (1.0, *FACTORS)})


def test_of_a_parabola_the_profile_tells_the_top_and_the_interval_exactly() -> None:
    profile = parabola(1.8, 0.2)
    assert profile.best == pytest.approx(1.8)
    assert profile.top == pytest.approx(0.0, abs=1e-9)
    assert (profile.low, profile.high) == pytest.approx((1.8 * np.exp(-1.96 * 0.2), 1.8 * np.exp(1.96 * 0.2)), rel=1e-3)
    assert profile.is_off_one


def test_an_interval_that_goes_beyond_what_was_tried_has_no_end_there() -> None:
    wide = parabola(1.2, 2.0)
    assert (wide.low, wide.high, wide.is_off_one) == (None, None, False)
    at_the_edge = parabola(6.0, 0.4)
    assert at_the_edge.best == max(FACTORS)
    assert at_the_edge.high is None
    assert at_the_edge.is_off_one
    assert at_the_edge.told("shipping", 0.1).verdict is Verdict.OPEN


def test_friction_that_weighs_nothing_has_a_flat_profile() -> None:
    assert Profile.of(dict.fromkeys((1.0, *FACTORS), -3.0)).is_flat
