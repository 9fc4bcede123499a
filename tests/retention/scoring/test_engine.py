"""Log-odds add up, and risk rises with friction."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from retention.scoring.engine import (
    Evidence,
    Inputs,
    ScoringModel,
    TermKind,
    Weights,
    friction_term,
    score,
    standard_terms,
)
from retention.scoring.rhythm import Rhythm
from tests.retention.scoring.companies import DEPARTMENTS, companies, weights

EXPERTS = Weights.from_experts(standard_terms(DEPARTMENTS))


@given(companies(), weights())
def test_log_odds_are_the_sum_of_the_contributions(company: Inputs, model: Weights) -> None:
    scores = score(company, model)
    assert scores.contributions.sum(axis=1) == pytest.approx(scores.z, rel=1e-12, abs=1e-9)
    assert scores.z0 + scores.change == pytest.approx(scores.z, rel=1e-12, abs=1e-12)
    assert scores.risk == pytest.approx(expit(scores.z), abs=1e-12)


@given(companies(), weights(), st.integers(0, 2), st.floats(1e-6, 100))
def test_more_friction_never_lowers_the_risk(company: Inputs, model: Weights, department: int, more: float) -> None:
    worse = company.loads.copy()
    worse[:, department] += more
    before, after = score(company, model), score(company.with_loads(worse), model)
    assert np.all(after.z >= before.z)
    assert np.all(after.risk >= before.risk)


@given(companies(), st.integers(0, 2), st.floats(0.01, 100))
def test_more_friction_raises_the_log_odds_where_a_weight_is_positive(
    company: Inputs, department: int, more: float
) -> None:
    worse = company.loads.copy()
    worse[:, department] += more
    before, after = score(company, EXPERTS), score(company.with_loads(worse), EXPERTS)
    assert np.all(after.z > before.z)


@given(companies())
def test_the_same_friction_weighs_less_for_an_account_that_orders_more(company: Inputs) -> None:
    busier = replace(company, exposure=company.exposure + 10.0)
    assert np.all(score(busier, EXPERTS).z <= score(company, EXPERTS).z)


@given(companies(), weights())
def test_the_range_holds_the_risk(company: Inputs, model: Weights) -> None:
    scores = score(company, model)
    assert np.all(scores.low <= scores.risk)
    assert np.all(scores.risk <= scores.high)


@given(companies(), weights())
def test_an_account_is_scored_alone_as_among_others(company: Inputs, model: Weights) -> None:
    together = score(company, model)
    last = slice(len(company.exposure) - 1, None)
    alone = Inputs(
        company.rhythm_before[last],
        company.contract[last],
        company.departments,
        company.loads[last],
        company.exposure[last],
        {key: values[last] for key, values in company.care.items()},
        company.rhythm_since[last],
    )
    assert score(alone, model).z == pytest.approx(together.z[last], rel=1e-12, abs=1e-12)


def quiet_account() -> Inputs:
    zero = np.zeros(1)
    return Inputs(zero - 2.0, zero, tuple(DEPARTMENTS), np.zeros((1, 3)), zero, {}, zero)


def test_as_much_severe_friction_as_orders_makes_the_odds_fourfold() -> None:
    account = quiet_account()
    troubled = account.with_loads(np.array([[1.0, 0.0, 0.0]]))
    gained = score(troubled, EXPERTS).z - score(account, EXPERTS).z
    assert np.exp(gained) == pytest.approx(4.0)


def test_an_account_without_friction_stands_at_its_baseline() -> None:
    scores = score(quiet_account(), EXPERTS)
    assert scores.risk == pytest.approx(scores.baseline)


def test_a_department_that_the_model_does_not_know_is_named() -> None:
    account = replace(quiet_account(), departments=("shipping", "billing", "legal"))
    with pytest.raises(ValueError, match="no term for legal"):
        score(account, EXPERTS)


def test_a_feature_that_is_no_number_spoils_its_own_account_only() -> None:
    pair = Inputs(
        np.array([-2.0, -2.0]),
        np.zeros(2),
        tuple(DEPARTMENTS),
        np.zeros((2, 3)),
        np.zeros(2),
        {},
        np.array([np.nan, 0.5]),
    )
    scores = score(pair, EXPERTS)
    assert scores.are_finite.tolist() == [False, True]
    assert np.isfinite(scores.low[1])


def test_a_new_department_starts_from_the_experts_prior() -> None:
    legal = friction_term("legal", "Legal")
    extended = EXPERTS.extended_with([*EXPERTS.terms, legal])
    assert extended.keys == (*EXPERTS.keys, "department:legal")
    assert extended.mean[-1] == 2.0
    assert extended.evidence[-1] is Evidence.ASSUMED
    assert extended.covariance[-1, -1] == 1.0


def test_friction_priors_are_never_negative() -> None:
    friction = EXPERTS.columns(TermKind.FRICTION)
    assert len(friction) == len(DEPARTMENTS)
    assert np.all(EXPERTS.mean[friction] >= 0)


@given(weights())
def test_a_model_survives_storage_as_json(model: Weights) -> None:
    stored = ScoringModel(model, Rhythm(usual_gap_days=31.0), horizon_days=60.0)
    restored = ScoringModel.from_dict(json.loads(json.dumps(stored.to_dict())))
    assert restored.to_dict() == stored.to_dict()
    assert restored.weights.evidence == model.evidence
    assert np.array_equal(restored.weights.covariance, model.covariance)


def test_weights_whose_parts_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        replace(EXPERTS, mean=EXPERTS.mean[1:])
