"""Displayed parts add up to the displayed total, at every level of a ledger."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from retention.scoring.rounding import rounded_parts

amounts = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(amounts)
def test_rounded_parts_add_up_to_the_rounded_total(values: list[float]) -> None:
    total = round(math.fsum(values))
    parts = rounded_parts(values, total)
    assert sum(parts) == total
    assert all(abs(part - value) < 1 + 1e-6 for part, value in zip(parts, values, strict=True))


@given(st.lists(amounts, min_size=1, max_size=6))
def test_parts_of_parts_add_up_to_what_is_displayed_of_their_part(groups: list[list[float]]) -> None:
    sums = [math.fsum(values) for values in groups]
    for values, total in zip(groups, rounded_parts(sums, round(math.fsum(sums))), strict=True):
        parts = rounded_parts(values, total)
        assert sum(parts) == total
        assert all(abs(part - value) < 1 + 1e-6 for part, value in zip(parts, values, strict=True))


def test_whole_values_stay_as_they_are() -> None:
    assert rounded_parts([3.0, -2.0, 0.0], 1) == [3, -2, 0]


def test_the_largest_remainder_is_rounded_up() -> None:
    assert rounded_parts([0.4, 0.3, 0.3], 1) == [1, 0, 0]


def test_nothing_cannot_be_rounded() -> None:
    assert rounded_parts([], 0) == []
