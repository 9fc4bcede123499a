"""Rolling origins: nobody knows the future, everybody is asked the same, and the rules are those that were set."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from retention.scoring import boosting, comparisons
from retention.scoring.backtest import (
    ACTIVE,
    TESTED,
    NothingToTest,
    compare,
    known_by,
    may_be_called_a_probability,
    may_replace,
    report,
    roll,
)
from retention.scoring.comparisons import Contender, Predict, as_stored, learned_rhythm, relearned, simple_rules
from retention.scoring.engine import ScoringModel, Weights, standard_terms
from retention.scoring.metrics import Figure, Floats
from retention.scoring.panel_arrays import Panel
from tests.retention.scoring.past import past

HORIZON = 90.0
EXPERTS = ScoringModel(Weights.from_experts(standard_terms({"shipping": "Shipping", "billing": "Billing"})))


def everybody() -> tuple[Contender, ...]:
    tested = relearned(TESTED, "Model 2, candidate", EXPERTS, learned_rhythm)
    return (*simple_rules(HORIZON), as_stored(ACTIVE, "Model 1, active", EXPERTS), tested)


def spy(told: list[tuple[Panel, Panel]]) -> Contender:
    """A contender that remembers what it was taught and asked."""

    def learn(known: Panel) -> Predict:
        def predict(asked: Panel) -> Floats:
            told.append((known, asked))
            return np.full(len(asked), 0.1)

        return predict

    return Contender(TESTED, "Spy", learn)


def test_nobody_is_taught_what_was_not_known_by_then() -> None:
    told: list[tuple[Panel, Panel]] = []
    roll(past(), [spy(told)], horizon_days=HORIZON, most=12)
    assert len(told) == 5
    for known, asked in told:
        (day,) = {asked.origins[number] for number in asked.origin.tolist()}
        latest = max(known.origins[number] for number in known.origin.tolist())
        assert latest + datetime.timedelta(days=HORIZON) <= day


def test_changing_the_future_changes_no_answer() -> None:
    panel = past()
    turned = replace(panel, left=np.where(panel.origin >= 4, ~panel.left, panel.left))
    before, after = (roll(one, everybody(), horizon_days=HORIZON, most=12) for one in (panel, turned))
    assert before.origins == after.origins
    ended_later = before.asked.origin <= 6
    for key, said in before.risks.items():
        np.testing.assert_array_equal(said[ended_later], after.risks[key][ended_later])


def test_outcomes_that_are_known_do_change_answers() -> None:
    panel = past()
    turned = replace(panel, left=np.where(panel.origin < 2, ~panel.left, panel.left))
    before, after = (roll(one, everybody(), horizon_days=HORIZON, most=12) for one in (panel, turned))
    for key in ("silence", "rfm", TESTED):
        assert np.abs(before.risks[key] - after.risks[key]).max() > 0.05


def test_only_the_last_days_are_asked_about_where_few_are_wanted() -> None:
    answers = roll(past(), everybody(), horizon_days=HORIZON, most=2)
    assert answers.origins == [6, 7]
    assert {len(said) for said in answers.risks.values()} == {len(answers.asked)}


def test_a_short_history_is_refused_with_what_it_lacks() -> None:
    with pytest.raises(NothingToTest, match="at least 30 that left"):
        roll(past(months=3), everybody(), horizon_days=HORIZON, most=12)
    with pytest.raises(NothingToTest, match="at least 30 that left"):
        roll(replace(past(), left=np.zeros(2400, dtype=np.bool_)), everybody(), horizon_days=HORIZON, most=12)


def test_what_was_known_is_what_lies_a_horizon_back() -> None:
    panel = past()
    assert set(known_by(panel, 7, HORIZON).origin.tolist()) == {0, 1, 2, 3, 4}
    assert len(known_by(panel, 2, HORIZON)) == 0


def test_the_report_is_json_and_says_the_same_of_everybody() -> None:
    answers = roll(past(), everybody(), horizon_days=HORIZON, most=12)
    found = report(answers, everybody(), HORIZON)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [row["key"] for row in found["contenders"]] == ["silence", "rfm", "bgnbd", ACTIVE, TESTED]
    assert found["auc"] == found["contenders"][-1]["figures"]["auc"][0]
    assert sum(part["rows"] for part in found["drift"]) == found["rows"] == len(answers.asked)
    names = [part["name"] for part in found["reliability"]]
    assert names[:2] == ["Under contract", "Buys by order"]
    assert names[-2:] == ["Without a segment", "Retail"]
    assert sum(one["accounts"] for one in found["calibration"]) == found["rows"]
    assert {miss["left"] for miss in found["misses"]} == {True, False}


def test_simple_rules_find_what_is_there_to_find() -> None:
    answers = roll(past(accounts=800), everybody(), horizon_days=HORIZON, most=12)
    rows = {row["key"]: row["figures"] for row in report(answers, everybody(), HORIZON)["contenders"]}
    for key in ("silence", "rfm"):
        assert rows[key]["auc"][0] > 0.6
        assert rows[key]["ece"][0] < 0.05


def test_contracts_and_orders_are_learned_apart() -> None:
    panel = past(accounts=600)
    panel = replace(panel, left=np.where(panel.is_contract, panel.origin % 2 == 0, panel.left))
    said = simple_rules(HORIZON)[2].learn(panel)(panel)
    assert said[panel.is_contract] == pytest.approx(0.5, abs=0.01)
    assert said[~panel.is_contract].std() > 0.02


def test_a_kind_that_was_never_seen_is_given_the_usual_rate() -> None:
    panel = past()
    orders = panel.chosen(~panel.is_contract)
    for contender in simple_rules(HORIZON):
        said = contender.learn(orders)(panel.chosen(panel.is_contract))
        assert said == pytest.approx(orders.left.mean(), abs=0.01)


def test_the_logit_is_the_one_whose_slope_is_zero() -> None:
    dice = np.random.default_rng(2)
    features = dice.normal(size=(4000, 2)) * [1.0, 30.0]
    left = dice.random(4000) < expit(-1.0 + 0.8 * features[:, 0])
    said = comparisons.logit_of(features, left)(features)
    assert said.mean() == pytest.approx(left.mean())
    assert np.corrcoef(said, expit(-1.0 + 0.8 * features[:, 0]))[0, 1] > 0.98


def test_one_sort_of_outcome_teaches_its_rate_alone() -> None:
    features = np.ones((9, 2))
    assert comparisons.logit_of(features, np.zeros(9, dtype=np.bool_))(features) == pytest.approx(0.05)


@pytest.mark.skipif(not boosting.is_installed(), reason="needs scikit-learn: pip install -r requirements-boosting.txt")
def test_boosting_learns_from_everything_and_gives_the_same_answers_again() -> None:
    panel = past(accounts=200)
    first, again = (comparisons.BOOSTING.learn(panel)(panel) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first[panel.left].mean() > first[~panel.left].mean() + 0.03


def test_boosting_says_what_is_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "MODULE", "no_such_module.ensemble")
    panel = past()
    with pytest.raises(boosting.BoostingMissing, match=r"pip install -r requirements-boosting.txt"):
        comparisons.BOOSTING.learn(panel)


def test_the_rhythm_is_learned_anew_and_the_weights_are_kept() -> None:
    panel = past(contracts=0.0)
    model = learned_rhythm(panel, EXPERTS)
    assert model.rhythm != EXPERTS.rhythm
    assert model.weights is EXPERTS.weights
    nobody_left = replace(panel, left=np.zeros(len(panel), dtype=np.bool_))
    assert learned_rhythm(nobody_left, EXPERTS) is EXPERTS


@pytest.mark.parametrize(
    ("origins", "leavers", "ece", "words"),
    [
        (1, 500, 0.01, "1 past day"),
        (6, 199, 0.01, "199 accounts left"),
        (6, 500, 0.051, "missed what happened"),
        (6, 500, float("nan"), "missed what happened"),
    ],
)
def test_an_index_stays_an_index_for_each_reason(origins: int, leavers: int, ece: float, words: str) -> None:
    rule = may_be_called_a_probability(origins, leavers, ece)
    assert not rule.holds
    assert words in rule.why


def test_an_index_becomes_a_probability_exactly_at_the_rule() -> None:
    assert may_be_called_a_probability(2, 200, 0.05).holds


def test_a_candidate_must_be_better_and_no_worse_calibrated() -> None:
    better, maybe = Figure(0.01, 0.002, 0.02), Figure(0.01, -0.002, 0.02)
    assert may_replace(better, 0.02, 0.02).holds
    assert "worse calibrated" in may_replace(better, 0.021, 0.02).why
    assert "Not surely better" in may_replace(maybe, 0.01, 0.02).why


def test_a_model_that_knows_more_replaces_one_that_knows_nothing() -> None:
    panel = past(accounts=600)
    rate = Contender(ACTIVE, "The rate", lambda known: lambda asked: np.full(len(asked), known.left.mean()))
    tested = replace(simple_rules(HORIZON)[1], key=TESTED)
    answers = roll(panel, [rate, tested], horizon_days=HORIZON, most=12)
    found = compare(answers)
    assert found["log_loss_gain"][1] > 0
    backwards = compare(replace(answers, risks={ACTIVE: answers.risks[TESTED], TESTED: answers.risks[ACTIVE]}))
    assert not backwards["may_replace"]
