"""The movement between two scores adds up exactly, whatever happened between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retention.scoring.engine import Inputs, Weights, score, standard_terms
from retention.scoring.movement import Movement, Parts, Passage, mean_inverse, split, split_between_models
from tests.retention.scoring.companies import DEPARTMENTS, KEYS, companies, weights

EXPERTS = Weights.from_experts(standard_terms(DEPARTMENTS))
shares = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))
units = st.one_of(st.just(0.0), st.floats(1e-12, 1e-6), st.floats(0, 20))


@st.composite
def passages(draw: st.DrawFn) -> tuple[Passage, Parts]:
    """Some accounts at two moments, with incidents between."""
    before, other = draw(companies()), draw(companies())
    count = len(before.exposure)
    places = np.arange(count) % len(other.exposure)
    after = Inputs(
        other.rhythm_before[places],
        other.contract[places],
        other.departments,
        other.loads[places],
        other.exposure[places],
        {key: values[places] for key, values in other.care.items()},
        other.rhythm_since[places],
    )
    part = st.tuples(st.integers(0, count - 1), st.integers(0, 2), shares, shares, units, units)
    return Passage(before, after, draw(weights())), parts_of(draw(st.lists(part, max_size=12)))


def parts_of(rows: list[tuple[int, int, float, float, float, float]]) -> Parts:
    columns = np.array(rows, dtype=np.float64).reshape(-1, 6).T
    return Parts(columns[0].astype(np.intp), columns[1].astype(np.intp), *columns[2:])


def risks(passage: Passage, parts: Parts) -> tuple[np.ndarray[tuple[int]], np.ndarray[tuple[int]]]:
    """The two risks, by the engine alone."""
    shape = passage.before.loads.shape
    before = passage.before.with_loads(parts.loads_before(shape))
    after = passage.after.with_loads(parts.loads_after(shape))
    return score(before, passage.weights).risk, score(after, passage.weights).risk


def assert_adds_up(movement: Movement, parts: Parts) -> None:
    assert movement.total(parts) == pytest.approx(movement.change, abs=1e-9)


@given(passages())
def test_the_parts_of_a_movement_add_up_to_the_change(case: tuple[Passage, Parts]) -> None:
    passage, parts = case
    movement = split(passage, parts)
    before, after = risks(passage, parts)
    assert movement.before == pytest.approx(before, abs=1e-12)
    assert movement.after == pytest.approx(after, abs=1e-12)
    assert_adds_up(movement, parts)


@given(passages(), weights(), st.floats(-2, 2))
def test_a_movement_between_models_adds_up_too(
    case: tuple[Passage, Parts], newer: Weights, otherwise_read: float
) -> None:
    old, parts = case
    new = Passage(
        replace(old.before, rhythm_before=old.before.rhythm_before + otherwise_read),
        replace(old.after, rhythm_before=old.after.rhythm_before + otherwise_read),
        newer,
    )
    movement = split_between_models(old, new, parts)
    assert movement.before == pytest.approx(risks(old, parts)[0], abs=1e-12)
    assert movement.after == pytest.approx(risks(new, parts)[1], abs=1e-12)
    assert_adds_up(movement, parts)


@given(passages())
def test_going_back_undoes_going_there(case: tuple[Passage, Parts]) -> None:
    passage, parts = case
    back = Passage(passage.after, passage.before, passage.weights)
    undone = Parts(
        parts.rows, parts.departments, parts.share_after, parts.share_before, parts.unit_after, parts.unit_before
    )
    there, again = split(passage, parts), split(back, undone)
    assert again.by_unit == pytest.approx(-there.by_unit, abs=1e-9)
    assert again.by_share == pytest.approx(-there.by_share, abs=1e-9)
    assert again.exposure == pytest.approx(-there.exposure, abs=1e-9)


@given(passages())
def test_the_order_in_which_incidents_are_told_does_not_matter(case: tuple[Passage, Parts]) -> None:
    passage, parts = case
    turned = Parts(*(getattr(parts, name)[::-1] for name in Parts.__slots__))
    assert split(passage, turned).by_unit[::-1] == pytest.approx(split(passage, parts).by_unit, abs=1e-9)


@given(passages())
def test_the_same_model_twice_takes_no_step(case: tuple[Passage, Parts]) -> None:
    passage, parts = case
    movement = split_between_models(passage, passage, parts)
    assert movement.model == pytest.approx(np.zeros_like(movement.model), abs=1e-15)


@given(st.floats(1, 100), st.floats(1, 100))
@example(1.0, 1.0)
@example(50.0, 50.0 + 1e-9)
@example(3.0, 3.0 * (1 + 1e-5))
def test_the_mean_of_an_inverse_lies_between_its_ends(start: float, end: float) -> None:
    mean = mean_inverse(np.array([start]), np.array([end]))[0]
    slack = 1e-12
    assert min(1 / start, 1 / end) - slack <= mean <= max(1 / start, 1 / end) + slack
    if abs(end - start) > 1e-3:
        assert mean == pytest.approx((np.log(end) - np.log(start)) / (end - start), rel=1e-9)


def calm() -> Inputs:
    return Inputs(np.full(1, -2.0), np.zeros(1), tuple(DEPARTMENTS), np.zeros((1, 3)), np.ones(1), {}, np.zeros(1))


def test_two_incidents_that_add_the_same_get_the_same() -> None:
    parts = parts_of([(0, 0, 1.0, 1.0, 0.0, 2.0), (0, 0, 1.0, 1.0, 0.0, 2.0), (0, 1, 1.0, 1.0, 3.0, 1.0)])
    movement = split(Passage(calm(), calm(), EXPERTS), parts)
    assert movement.by_unit[0] == movement.by_unit[1] > 0 > movement.by_unit[2]
    assert not movement.by_share.any()


def test_a_share_that_moves_takes_from_one_department_and_gives_to_the_other() -> None:
    parts = parts_of([(0, 0, 1.0, 0.25, 2.0, 2.0), (0, 1, 0.0, 0.75, 2.0, 2.0)])
    movement = split(Passage(calm(), calm(), EXPERTS), parts)
    assert movement.by_share[0] < 0 < movement.by_share[1]
    assert not movement.by_unit.any()


def test_more_orders_alone_make_the_same_friction_weigh_less() -> None:
    parts = parts_of([(0, 0, 1.0, 1.0, 2.0, 2.0)])
    movement = split(Passage(calm(), replace(calm(), exposure=np.full(1, 9.0)), EXPERTS), parts)
    assert movement.exposure[0, 0] < 0
    assert movement.exposure[0, 0] == pytest.approx(movement.change[0], abs=1e-12)


def test_a_department_that_the_old_model_had_not_heard_of_moves_by_the_new_one_alone() -> None:
    unheard = [term for term in EXPERTS.terms if term.key != KEYS[2]]
    parts = parts_of([(0, 2, 1.0, 1.0, 0.0, 2.0)])
    old = Passage(calm(), calm(), Weights.from_experts(unheard))
    assert not split(old, parts).change.any()
    movement = split_between_models(old, Passage(calm(), calm(), EXPERTS), parts)
    assert movement.by_unit[0] > 0
    assert_adds_up(movement, parts)
