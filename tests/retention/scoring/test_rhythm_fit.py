"""Learning the rhythm: what is known to be true is found, and little data changes little."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit

from retention.scoring.panel_arrays import chosen, joined
from retention.scoring.rhythm import Floats, OrderFacts, Rhythm
from retention.scoring.rhythm_fit import fit_rhythm

TRUTH = Rhythm(
    coefficients={
        "constant": 0.5,
        "bgnbd": 0.8,
        "silence": 0.1,
        "silence_against_own_gap": 0.4,
        "orders_in_a_year": -0.2,
        "revenue_in_a_year": -0.3,
        "trend": -0.5,
        "single_order": 0.6,
    }
)


def accounts(number: int, seed: int) -> OrderFacts:
    dice = np.random.default_rng(seed)
    orders = 1.0 + dice.poisson(3.0, number).astype(np.float64)
    known = dice.uniform(1, 900, number)
    last = known * dice.uniform(0, 1, number)
    year: Floats = np.minimum(orders, 1.0 + dice.poisson(2.0, number))
    revenue = year * dice.lognormal(6, 1, number)
    recent, before = dice.poisson(1.0, number), dice.poisson(1.0, number)
    return OrderFacts(orders, known, last, year, revenue, recent.astype(float), before.astype(float))


def outcome(facts: OrderFacts, seed: int) -> npt.NDArray[np.bool_]:
    chance = expit(TRUTH.log_odds(facts, 90.0))
    return np.asarray(np.random.default_rng(seed).random(len(chance)) < chance)


def test_it_finds_the_rhythm_that_silence_was_made_from() -> None:
    facts = accounts(40_000, seed=1)
    fitted = fit_rhythm(facts, outcome(facts, seed=2), 90.0, start=Rhythm())
    for name, weight in TRUTH.coefficients.items():
        # The level is extrapolated to where every feature is 0, far from any account.
        assert fitted.coefficients[name] == pytest.approx(weight, abs=0.5 if name == "constant" else 0.1)
    others = accounts(5_000, seed=3)
    predicted, true = expit(fitted.log_odds(others, 90.0)), expit(TRUTH.log_odds(others, 90.0))
    assert np.abs(predicted - true).mean() < 0.01


def test_a_handful_of_accounts_hardly_moves_the_experts_rhythm() -> None:
    facts = accounts(30, seed=4)
    fitted = fit_rhythm(facts, outcome(facts, seed=5), 90.0, start=Rhythm())
    others = accounts(2_000, seed=6)
    before, after = expit(Rhythm().log_odds(others, 90.0)), expit(fitted.log_odds(others, 90.0))
    assert np.abs(before - after).mean() < 0.12


def test_a_feature_that_is_the_same_for_everybody_keeps_its_weight() -> None:
    facts = accounts(500, seed=7)
    constant = np.ones(500)
    flat = OrderFacts(
        facts.orders,
        facts.days_since_first,
        facts.days_since_last,
        facts.orders_in_a_year,
        100.0 * constant,
        facts.orders_in_90_days,
        facts.orders_in_90_days_before,
    )
    start = Rhythm(coefficients=TRUTH.coefficients)
    fitted = fit_rhythm(flat, outcome(flat, seed=8), 90.0, start=start)
    assert fitted.coefficients["revenue_in_a_year"] == TRUTH.coefficients["revenue_in_a_year"]


@pytest.mark.parametrize("silent", [np.zeros(10, dtype=np.bool_), np.ones(10, dtype=np.bool_)], ids=["none", "all"])
def test_it_says_that_there_is_nothing_to_learn(silent: npt.NDArray[np.bool_]) -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        fit_rhythm(accounts(10, seed=9), silent, 90.0, start=Rhythm())


def test_snapshots_are_joined_and_chosen_from_by_account() -> None:
    first, second = accounts(3, seed=10), accounts(2, seed=11)
    both = joined([first, second])
    assert len(both.orders) == 5
    again = chosen(both, np.array([False, False, False, True, True]))
    assert np.array_equal(again.days_since_last, second.days_since_last)
