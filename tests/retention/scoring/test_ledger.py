"""The ledger adds up, whatever the account; what-if rescoring changes nothing by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit

from retention.scoring.engine import (
    Evidence,
    Floats,
    Inputs,
    TermKind,
    Weights,
    score,
    score_features,
    standard_terms,
)
from retention.scoring.ledger import (
    LineKind,
    build_ledger,
    secant,
    shares_of_points,
    without_loads,
    without_terms,
)
from tests.retention.scoring.companies import DEPARTMENTS, KEYS, companies, weights

EXPERTS = Weights.from_experts(standard_terms(DEPARTMENTS))
CHARGED = (LineKind.DEPARTMENT, LineKind.CARE)


@given(st.floats(-600, 600), st.floats(-600, 600))
@example(0.0, 0.0)
@example(2.0, 1e-13)
@example(-3.0, 2e-3)
@example(-3.0, 1.999e-3)
@example(-40.0, 80.0)
@example(600.0, -600.0)
def test_the_secant_times_the_change_is_the_change_of_risk(z0: float, change: float) -> None:
    start, step = np.array([z0]), np.array([change])
    gained = secant(start, step) * step
    assert gained == pytest.approx(expit(start + step) - expit(start), abs=1e-12)


@given(st.floats(-20, 20), st.floats(-1e-9, 1e-9))
def test_the_secant_becomes_the_slope_where_the_change_vanishes(z: float, change: float) -> None:
    risk = expit(np.array([z]))
    assert secant(np.array([z]), np.array([change])) == pytest.approx(risk * (1 - risk), rel=1e-6)


@given(companies(), weights())
def test_baseline_departments_care_and_the_rest_add_up_to_the_risk(company: Inputs, model: Weights) -> None:
    scores = score(company, model)
    ledger = build_ledger(scores, model)
    assert ledger.risk == pytest.approx(scores.risk, abs=1e-9)
    parts = ledger.baseline + ledger.charged_points.sum(axis=1) + ledger.not_attributed
    assert parts == pytest.approx(scores.risk, abs=1e-9)


@given(companies(), weights(), st.floats(0, 1e7))
def test_the_lines_of_an_account_add_up_in_points_and_money(company: Inputs, model: Weights, revenue: float) -> None:
    scores = score(company, model)
    lines = build_ledger(scores, model).lines(0, revenue)
    assert sum(line.points for line in lines) == pytest.approx(scores.risk[0], abs=1e-9)
    money = sum(line.money for line in lines)
    assert money == pytest.approx(scores.risk[0] * revenue, abs=1e-9 * max(revenue, 1.0))


@given(companies(), weights())
def test_a_term_without_evidence_charges_nobody_and_says_why(company: Inputs, model: Weights) -> None:
    evidence = dict(zip(model.keys, model.evidence, strict=True))
    for line in build_ledger(score(company, model), model).lines(0, 1.0)[1:]:
        uncharged = line.key == "rhythm_since" or evidence[line.key] is Evidence.NO_EVIDENCE
        assert (line.kind is LineKind.NOT_ATTRIBUTED) == uncharged
        assert bool(line.reason) == uncharged


@given(companies(), weights(), st.permutations(range(11)))
def test_the_order_of_the_terms_does_not_matter(company: Inputs, model: Weights, order: list[int]) -> None:
    shuffled = Weights(
        tuple(model.terms[k] for k in order),
        model.mean[order],
        model.covariance[np.ix_(order, order)],
        tuple(model.evidence[k] for k in order),
    )
    points = build_ledger(score(company, model), model).points[:, order]
    again = build_ledger(score(company, shuffled), shuffled).points
    assert again == pytest.approx(points, abs=1e-9)


@given(st.lists(st.floats(0, 3), min_size=11, max_size=11))
def test_two_terms_that_add_the_same_get_the_same(values: list[float]) -> None:
    features = np.array([values])
    shipping, billing = (EXPERTS.keys.index(key) for key in KEYS[:2])
    features[0, billing] = features[0, shipping]
    ledger = build_ledger(score_features(features, EXPERTS), EXPERTS)
    assert ledger.points[0, shipping] == pytest.approx(ledger.points[0, billing], abs=1e-15)


@given(companies(), weights(), st.lists(st.tuples(st.integers(0, 2), st.floats(0, 5))))
def test_the_points_of_incidents_add_up_to_their_departments(
    company: Inputs, model: Weights, incidents: list[tuple[int, float]]
) -> None:
    departments = np.array([d for d, _ in incidents], dtype=np.intp)
    parts = np.array([part for _, part in incidents], dtype=np.float64)
    rows = np.zeros(len(incidents), dtype=np.intp)
    loads: Floats = np.zeros_like(company.loads)
    np.add.at(loads, (rows, departments), parts)
    charged = replace(model, evidence=(Evidence.ASSUMED,) * len(model.terms))
    ledger = build_ledger(score(company.with_loads(loads), charged), charged)
    points = ledger.department_points(KEYS)
    shares = shares_of_points(points, loads, rows, departments, parts)
    by_department = np.bincount(departments, weights=shares, minlength=len(DEPARTMENTS))
    assert by_department == pytest.approx(points[0], abs=1e-9)


@given(companies(), weights())
def test_what_if_of_nothing_changes_nothing(company: Inputs, model: Weights) -> None:
    scores = score(company, model)
    assert np.all(without_terms(scores, model, []).saved == 0.0)
    assert np.all(without_loads(company, model, np.zeros_like(company.loads)).saved == 0.0)


@given(companies(), weights())
def test_what_if_without_a_departments_friction_is_what_if_without_its_term(company: Inputs, model: Weights) -> None:
    removed = np.zeros_like(company.loads)
    removed[:, 1] = company.loads[:, 1]
    by_loads = without_loads(company, model, removed)
    by_term = without_terms(score(company, model), model, [KEYS[1]])
    assert by_loads.after == pytest.approx(by_term.after, abs=1e-9)


@given(companies(), weights())
def test_without_any_cause_or_symptom_the_baseline_is_left(company: Inputs, model: Weights) -> None:
    scores = score(company, model)
    causes = [term.key for term in model.terms if term.kind is not TermKind.BASELINE]
    assert without_terms(scores, model, causes).after == pytest.approx(scores.baseline, abs=1e-9)


def test_what_is_kept_in_money_is_rescored_and_not_scaled() -> None:
    account = Inputs(
        np.array([-1.0]),
        np.zeros(1),
        tuple(DEPARTMENTS),
        np.array([[2.0, 1.0, 0.0]]),
        np.zeros(1),
        {},
        np.zeros(1),
    )
    whole = without_loads(account, EXPERTS, account.loads)
    first = without_loads(account, EXPERTS, np.array([[2.0, 0.0, 0.0]]))
    second = without_loads(account, EXPERTS, np.array([[0.0, 1.0, 0.0]]))
    revenue = np.array([100_000.0])
    together = first.money_kept(revenue) + second.money_kept(revenue)
    assert whole.after == pytest.approx(expit(-1.0))
    assert abs(whole.money_kept(revenue) - together)[0] > 1_000


def test_what_if_without_an_unknown_term_is_refused() -> None:
    account = Inputs(np.zeros(1), np.zeros(1), tuple(DEPARTMENTS), np.zeros((1, 3)), np.zeros(1), {}, np.zeros(1))
    with pytest.raises(KeyError, match="department:moon"):
        without_terms(score(account, EXPERTS), EXPERTS, ["department:moon"])


@pytest.mark.parametrize(("since", "words"), [(1.5, "Falling order rhythm"), (-1.5, "Recovering order rhythm")])
def test_a_symptom_is_called_what_it_is(since: float, words: str) -> None:
    account = Inputs(
        np.zeros(1),
        np.zeros(1),
        tuple(DEPARTMENTS),
        np.zeros((1, 3)),
        np.zeros(1),
        {},
        np.array([since]),
    )
    _, symptom = build_ledger(score(account, EXPERTS), EXPERTS).lines(0, 1.0)
    assert symptom.label == words
    assert symptom.reason == f"{words.lower()}: a symptom, cause unknown"
