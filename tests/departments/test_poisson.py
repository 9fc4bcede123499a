"""Whether a rate fell: never claimed where chance could have done it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import binom

from departments.cure.poisson import compare


def test_a_clear_fall_is_said_with_its_interval() -> None:
    found = compare(before=60, exposure_before=1000, after=15, exposure_after=1000)
    assert (found.ratio, found.verdict) == (0.25, "fell")
    assert found.low is not None
    assert found.high is not None
    assert 0.1 < found.low < 0.25 < found.high < 0.5


def test_a_few_less_is_too_few_to_tell() -> None:
    assert compare(before=3, exposure_before=500, after=0, exposure_after=500).verdict == "too_few"


def test_as_often_as_before_is_said_only_where_a_fall_by_a_fifth_would_have_shown() -> None:
    assert compare(before=20, exposure_before=500, after=20, exposure_after=500).verdict == "too_few"
    assert compare(before=900, exposure_before=500, after=900, exposure_after=500).verdict == "did_not_fall"


def test_more_orders_explain_more_incidents() -> None:
    assert compare(before=100, exposure_before=1000, after=150, exposure_after=5000).verdict == "fell"


@pytest.mark.parametrize(("before", "after", "orders"), [(0, 0, 100), (5, 5, 0)])
def test_nothing_is_known_without_incidents_or_orders(before: int, after: int, orders: int) -> None:
    found = compare(before=before, exposure_before=orders, after=after, exposure_after=100)
    assert (found.ratio, found.low, found.high, found.verdict) == (None, None, None, "too_few")


def test_none_before_has_no_upper_end() -> None:
    found = compare(before=0, exposure_before=100, after=4, exposure_after=100)
    assert (found.ratio, found.high) == (None, None)
    assert found.low is not None
    assert found.low > 0


@given(some.integers(1, 300), some.integers(0, 300), some.integers(1, 5000), some.integers(1, 5000))
def test_the_ends_of_the_interval_are_where_the_conditional_test_just_rejects(
    before: int, after: int, exposure_before: int, exposure_after: int
) -> None:
    found = compare(before=before, exposure_before=exposure_before, after=after, exposure_after=exposure_after)
    assert found.high is not None
    share = found.high * exposure_after / (exposure_before + found.high * exposure_after)
    assert math.isclose(float(binom.cdf(after, before + after, share)), 0.025, rel_tol=1e-3)


def test_a_rate_that_stayed_the_same_is_seldom_said_to_have_fallen() -> None:
    random = np.random.default_rng(5)
    pairs = random.poisson(8.0, size=(2_000, 2))
    claims = [
        compare(before=int(b), exposure_before=400, after=int(a), exposure_after=400).verdict == "fell"
        for b, a in pairs
    ]
    assert np.mean(claims) <= 0.025
