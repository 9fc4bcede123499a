"""BG/NBD against what was published, against simulation and against itself."""

from __future__ import annotations

import csv
import importlib.metadata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from retention.scoring.rhythm import (
    LARGEST_LOG_ODDS,
    BgNbd,
    ContractBase,
    ContractFacts,
    Floats,
    OrderFacts,
    Rhythm,
    fit_bgnbd,
)

COMPANY = BgNbd(r=0.8, alpha=50.0, a=0.5, b=3.0)

parameters = st.builds(
    BgNbd,
    r=st.floats(0.05, 20),
    alpha=st.floats(0.5, 500),
    a=st.floats(0.01, 10),
    b=st.floats(0.05, 30),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    repeats = draw(st.integers(0, 400))
    watched = draw(st.floats(0, 4000))
    last = draw(st.floats(0, 1)) * watched if repeats else 0.0
    return np.array([float(repeats)]), np.array([last]), np.array([watched])


def cdnow_sample() -> tuple[Floats, Floats, Floats]:
    """The published 1/10 sample, read from the package that carries it, without importing it."""
    package = importlib.metadata.distribution("lifetimes")
    path = package.locate_file("lifetimes/datasets/cdnow_customers_summary.csv")
    with open(str(path), newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = ("frequency", "recency", "T")
    x, t_x, watched = (np.array([float(row[name]) for row in rows]) for name in columns)
    return x, t_x, watched


def simulate(model: BgNbd, accounts: int, watched: float, further: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Repeat orders of accounts that follow the model, and their orders in `further` time."""
    random = np.random.default_rng(20260401)
    rows = []
    for _ in range(accounts):
        rate = random.gamma(model.r, 1 / model.alpha)
        leaving = random.beta(model.a, model.b)
        time, repeats, last, later = 0.0, 0, 0.0, 0
        while True:
            time += random.exponential(1 / rate)
            if time > watched + further:
                break
            if time <= watched:
                repeats, last = repeats + 1, time
            else:
                later += 1
            if random.random() < leaving:
                break
        rows.append((repeats, last, watched, later))
    x, t_x, watches, later_orders = np.array(rows, dtype=np.float64).T
    return x, t_x, watches, later_orders


def test_it_finds_the_published_parameters_of_the_cdnow_sample() -> None:
    x, t_x, watched = cdnow_sample()
    fitted = fit_bgnbd(x, t_x, watched)
    assert len(x) == 2357
    assert fitted.r == pytest.approx(0.243, abs=0.001)
    assert fitted.alpha == pytest.approx(4.414, abs=0.002)
    assert fitted.a == pytest.approx(0.793, abs=0.001)
    assert fitted.b == pytest.approx(2.426, abs=0.002)
    assert fitted.log_likelihood(x, t_x, watched).sum() == pytest.approx(-9582.4, abs=0.05)


def test_it_recovers_the_parameters_of_a_simulated_company() -> None:
    x, t_x, watched, _ = simulate(COMPANY, accounts=20_000, watched=900.0, further=0.0)
    fitted = fit_bgnbd(x, t_x, watched)
    assert fitted.r == pytest.approx(COMPANY.r, rel=0.06)
    assert fitted.alpha == pytest.approx(COMPANY.alpha, rel=0.08)
    drop_out = fitted.a / (fitted.a + fitted.b)
    assert drop_out == pytest.approx(COMPANY.a / (COMPANY.a + COMPANY.b), rel=0.06)


def test_the_closed_form_agrees_with_simulated_silence() -> None:
    x, t_x, watched, later = simulate(COMPANY, accounts=20_000, watched=400.0, further=90.0)
    predicted = COMPANY.probability_of_no_order(x, t_x, watched, 90.0)
    silent = later == 0
    for group in (x == 0, x == 1, (x > 1) & (x < 5), x >= 5):
        standard_error = 0.5 / np.sqrt(group.sum())
        assert abs(silent[group].mean() - predicted[group].mean()) < 4 * standard_error


@given(parameters, histories(), st.floats(1, 400))
def test_the_closed_form_is_dead_or_alive_and_silent(
    model: BgNbd, history: tuple[Floats, Floats, Floats], horizon: float
) -> None:
    x, t_x, watched = history
    alive = model.probability_alive(x, t_x, watched)
    silent = ((model.alpha + watched) / (model.alpha + watched + horizon)) ** (model.r + x)
    expected = (1 - alive) + alive * silent
    assert model.probability_of_no_order(x, t_x, watched, horizon) == pytest.approx(expected, abs=1e-9)


@given(parameters, histories())
def test_likelihood_and_log_odds_are_always_finite(model: BgNbd, history: tuple[Floats, Floats, Floats]) -> None:
    log_odds = model.log_odds_of_no_order(*history, 90.0)
    assert np.isfinite(model.log_likelihood(*history)).all()
    assert np.all(np.abs(log_odds) <= LARGEST_LOG_ODDS + 1e-6)


def test_the_gradient_is_that_of_the_likelihood() -> None:
    x, t_x, watched, _ = simulate(COMPANY, accounts=300, watched=400.0, further=0.0)
    here = np.log([0.5, 30.0, 0.7, 2.0])

    def total(logarithms: Floats) -> float:
        return float(BgNbd.from_logarithms(logarithms).log_likelihood(x, t_x, watched).sum())

    slope = BgNbd.from_logarithms(here).gradient(x, t_x, watched)
    assert slope == pytest.approx(approx_fprime(here, total, 1e-6), rel=1e-3, abs=1e-2)


def test_a_small_company_does_not_diverge_under_the_penalty() -> None:
    x, t_x, watched = np.array([3.0, 2.0]), np.array([300.0, 290.0]), np.array([301.0, 291.0])
    fitted = fit_bgnbd(x, t_x, watched, penalty=5.0)
    away = fitted.as_logarithms() - BgNbd().as_logarithms()
    assert np.all(np.abs(away) < 1.5)


def test_it_says_that_there_is_nothing_to_fit() -> None:
    with pytest.raises(ValueError, match="repeat order"):
        fit_bgnbd(np.zeros(3), np.zeros(3), np.ones(3))


def facts(
    orders: float, first: float, last: float, year: float = 4, recent: float = 1, before: float = 1
) -> OrderFacts:
    values = (orders, first, last, year, 1000.0 * year, recent, before)
    return OrderFacts(*(np.array([value], dtype=np.float64) for value in values))


def test_an_account_without_orders_has_the_rhythm_of_a_newcomer() -> None:
    rhythm = Rhythm()
    unknown = rhythm.log_odds(facts(0, 0, 0, 0, 0, 0), 90.0)
    first_order_today = rhythm.log_odds(facts(1, 0, 0), 90.0)
    assert unknown == pytest.approx(first_order_today)
    assert unknown[0] == pytest.approx(rhythm.newcomer_log_odds(90.0))


def test_silence_raises_the_log_odds_of_a_regular_buyer() -> None:
    rhythm = Rhythm()
    log_odds = [rhythm.log_odds(facts(20, 400 + s, s), 90.0)[0] for s in (5, 60, 180)]
    assert log_odds == sorted(log_odds)
    assert log_odds[-1] - log_odds[0] > 1


def test_coefficients_on_plain_features_shift_the_log_odds() -> None:
    plain = Rhythm()
    trending = Rhythm(coefficients=plain.coefficients | {"trend": -0.5})
    falling = facts(10, 400, 30, recent=1, before=5)
    difference = trending.log_odds(falling, 90.0) - plain.log_odds(falling, 90.0)
    assert difference == pytest.approx(0.5 * (np.log(6) - np.log(2)))


def test_a_rhythm_survives_storage() -> None:
    rhythm = Rhythm(COMPANY, {"bgnbd": 0.8, "trend": -0.2}, 33.0)
    assert Rhythm.from_dict(rhythm.to_dict()) == rhythm


def test_a_damaged_stored_rhythm_is_refused() -> None:
    with pytest.raises(TypeError, match="two tables"):
        Rhythm.from_dict({"bgnbd": 3, "coefficients": {}, "usual_gap_days": 4})


def test_contracts_are_riskier_when_young_and_near_renewal() -> None:
    contract = ContractBase()
    young, old = contract.log_odds(ContractFacts(np.array([30.0, 3000.0]), np.full(2, np.inf), np.zeros(2)), 90.0)
    near, far = contract.log_odds(ContractFacts(np.full(2, 400.0), np.array([20.0, 300.0]), np.zeros(2)), 90.0)
    assert young > old
    assert near == pytest.approx(far + contract.at_renewal)
