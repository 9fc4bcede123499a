"""How good predictions were: each figure against a slow and obvious reference, on random predictions with ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.scoring import metrics
from retention.scoring.metrics import Bools, Customers, Floats, Ranked, measure

SCIKIT_LEARN = "needs scikit-learn, which is optional: pip install -r requirements-boosting.txt"
ATTEMPTS = 4_000


@st.composite
def predictions(draw: st.DrawFn) -> tuple[Floats, Bools]:
    """Up to 40 predictions, some of them equal, and at least one who left and one who stayed."""
    risks = st.one_of(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.floats(0.0, 1.0))
    risk = np.array(draw(st.lists(risks, min_size=2, max_size=40)))
    left = np.array(draw(st.lists(st.booleans(), min_size=len(risk), max_size=len(risk))))
    left[:2] = draw(st.permutations([True, False]))
    return risk, left


def ids(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(count, dtype=np.int64)


def obvious_auc(risk: Floats, left: Bools) -> float:
    pairs = list(itertools.product(risk[left], risk[~left]))
    return float(sum((gone > stayed) + (gone == stayed) / 2 for gone, stayed in pairs) / len(pairs))


def obvious_average_precision(risk: Floats, left: Bools) -> float:
    total, before = 0.0, 0.0
    for threshold in sorted(set(risk.tolist()), reverse=True):
        chosen = risk >= threshold
        recall = left[chosen].sum() / left.sum()
        total += (recall - before) * left[chosen].mean()
        before = recall
    return total


def obvious_lift(risk: Floats, left: Bools) -> float:
    """Ten copies of each row make a tenth a whole number; ties are drawn by lot, which gives each an equal part."""
    top, found, ranked = len(risk), 0.0, sorted(set(risk.tolist()), reverse=True)
    for level in ranked:
        tied = risk == level
        taken = min(10 * int(tied.sum()), top)
        found += taken * left[tied].mean()
        top -= taken
    return float(found / len(risk) / left.mean())


def obvious_calibration_error(risk: Floats, left: Bools) -> float:
    number = [min(int(one * 10), 9) for one in risk]
    gaps = [
        abs(
            sum(float(r) - float(happened) for r, happened, bin_ in zip(risk, left, number, strict=True) if bin_ == one)
        )
        for one in range(10)
    ]
    return sum(gaps) / len(risk)


@given(predictions())
def test_each_figure_is_what_its_definition_says(made: tuple[Floats, Bools]) -> None:
    risk, left = made
    found = {name: figure.value for name, figure in measure(risk, left, ids(len(risk)), draws=2).items()}
    assert found["auc"] == pytest.approx(obvious_auc(risk, left))
    assert found["pr_auc"] == pytest.approx(obvious_average_precision(risk, left))
    assert found["lift"] == pytest.approx(obvious_lift(risk, left))
    assert found["ece"] == pytest.approx(obvious_calibration_error(risk, left), abs=1e-12)
    assert found["brier"] == pytest.approx(sum((r - y) ** 2 for r, y in zip(risk, left, strict=True)) / len(risk))
    sure = [min(max(float(r), 1e-9), 1 - 1e-9) for r in risk]
    losses = [-math.log(r if y else 1 - r) for r, y in zip(sure, left, strict=True)]
    assert found["log_loss"] == pytest.approx(sum(losses) / len(risk))


@given(predictions())
def test_figures_are_those_of_scikit_learn(made: tuple[Floats, Bools]) -> None:
    theirs = pytest.importorskip("sklearn.metrics", reason=SCIKIT_LEARN)
    risk, left = made
    found = {name: figure.value for name, figure in measure(risk, left, ids(len(risk)), draws=2).items()}
    assert found["auc"] == pytest.approx(theirs.roc_auc_score(left, risk))
    assert found["pr_auc"] == pytest.approx(theirs.average_precision_score(left, risk))
    assert found["brier"] == pytest.approx(theirs.brier_score_loss(left, risk))
    sure = np.clip(risk, 1e-9, 1 - 1e-9)
    assert found["log_loss"] == pytest.approx(theirs.log_loss(left, sure))


@given(predictions(), st.data())
def test_a_weight_counts_a_row_as_often_as_copying_it_would(made: tuple[Floats, Bools], data: st.DataObject) -> None:
    risk, left = made
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(risk), max_size=len(risk))))
    weight[:2] = np.maximum(weight[:2], 1)
    copied = Ranked.of(np.repeat(risk, weight), np.repeat(left, weight))
    expected = copied.figures(np.ones(int(weight.sum())))
    assert Ranked.of(risk, left).figures(weight.astype(np.float64)) == pytest.approx(expected)


def test_intervals_are_those_of_copying_drawn_customers_row_by_row() -> None:
    dice = np.random.default_rng(3)
    account = np.repeat(ids(60), 3)
    risk, left = dice.random(180), dice.random(180) < 0.4
    customers = Customers.of(account)
    rows_of = [np.flatnonzero(account == one) for one in range(60)]
    copied = []
    for weight in customers.draws(50, seed=1):
        rows = np.concatenate([np.repeat(rows_of[one], int(times)) for one, times in enumerate(weight)])
        copied.append([figure.value for figure in measure(risk[rows], left[rows], ids(len(rows)), draws=1).values()])
    figures = measure(risk, left, account, draws=50, seed=1)
    for column, figure in enumerate(figures.values()):
        assert (figure.low, figure.high) == pytest.approx(np.percentile(np.array(copied)[:, column], [2.5, 97.5]))


def test_the_interval_of_a_rate_is_as_wide_as_theory_says() -> None:
    dice = np.random.default_rng(5)
    left = dice.random(ATTEMPTS) < 0.3
    brier = measure(np.zeros(ATTEMPTS), left, ids(ATTEMPTS), draws=400)["brier"]
    half = 1.96 * math.sqrt(0.3 * 0.7 / ATTEMPTS)
    assert brier.high - brier.value == pytest.approx(half, rel=0.2)
    assert brier.value - brier.low == pytest.approx(half, rel=0.2)


def test_months_of_one_account_are_no_independent_witnesses() -> None:
    dice = np.random.default_rng(7)
    left, risk = dice.random(300) < 0.3, np.full(300, 0.3)
    alone = measure(risk, left, ids(300))["brier"]
    repeated = measure(np.repeat(risk, 12), np.repeat(left, 12), np.repeat(ids(300), 12))["brier"]
    assert repeated.high - repeated.low == pytest.approx(alone.high - alone.low)


def test_where_nobody_left_ranking_has_no_figure() -> None:
    figures = measure(np.array([0.2, 0.4]), np.array([False, False]), ids(2))
    assert figures["auc"].to_list() == [None, None, None]
    assert figures["brier"].value == pytest.approx(0.1)


def test_without_a_prediction_there_is_nothing_to_measure() -> None:
    with pytest.raises(ValueError, match="nothing to measure"):
        measure(np.array([]), np.array([], dtype=np.bool_), ids(0))


def test_calibration_bins_hold_everybody_once_and_say_what_happened() -> None:
    dice = np.random.default_rng(11)
    risk = np.round(dice.random(ATTEMPTS) ** 2, 2)
    left = dice.random(ATTEMPTS) < risk
    bins = metrics.calibration(risk, left, ids(ATTEMPTS))
    assert sum(one.accounts for one in bins) == ATTEMPTS
    assert sum(one.happened * one.accounts for one in bins) == pytest.approx(left.sum())
    assert [one.said for one in bins] == sorted(one.said for one in bins)
    assert sum(one.low <= one.said <= one.high for one in bins) >= len(bins) - 2


@given(predictions())
def test_equal_predictions_share_a_bin(made: tuple[Floats, Bools]) -> None:
    risk, left = made
    constant = metrics.calibration(np.full(len(risk), 0.3), left, ids(len(risk)), draws=3)
    (only,) = constant
    assert (only.said, only.happened) == pytest.approx((0.3, left.mean()))


def test_the_better_of_two_is_told_by_pairs() -> None:
    dice = np.random.default_rng(13)
    truth = dice.random(ATTEMPTS)
    left = dice.random(ATTEMPTS) < truth
    gain = metrics.better_by(truth, np.full(ATTEMPTS, 0.5), left, ids(ATTEMPTS))
    assert 0 < gain.low < gain.value < gain.high
    nothing = metrics.better_by(truth, truth, left, ids(ATTEMPTS))
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 0.0)


def test_parts_without_rows_are_left_out_and_the_others_stand_for_themselves() -> None:
    risk, left = np.array([0.1, 0.9, 0.5, 0.4]), np.array([False, True, True, False])
    members = {"Retail": np.array([True, True, False, False]), "Nobody": np.zeros(4, dtype=np.bool_)}
    (part,) = metrics.parts(risk, left, ids(4), members, draws=5)
    assert (part.name, part.rows, part.leavers, part.said, part.happened) == ("Retail", 2, 1, 0.5, 0.5)
    assert part.figures["auc"].value == 1.0


def test_misses_name_each_account_once_worst_first() -> None:
    risk = np.array([0.9, 0.02, 0.01, 0.3, 0.95, 0.8])
    left = np.array([True, True, True, True, False, False])
    account = np.array([1, 2, 2, 3, 4, 4], dtype=np.int64)
    misses = metrics.worst_misses(risk, left, account, 2)
    assert [(miss.row, miss.left) for miss in misses] == [(2, True), (3, True), (4, False)]
