"""Do customers order less while their manager is away? On simulated companies whose answer is known."""

import numpy as np
import pytest

from retention.scoring.absence import (
    AFTER_DAYS,
    Away,
    Effect,
    Floats,
    Panel,
    State,
    Verdict,
    effect_of_absence,
    states_of,
)

MANAGERS, DAYS = 8, 504
LENGTH = 12


def away_in_turn(random: np.random.Generator, covered: float = 0.5) -> list[Away]:
    """Every manager is away four or five times; the starts are drawn, so that seasons are met unevenly."""
    return [
        Away(manager, int(first), int(first) + LENGTH - 1, bool(random.random() < covered))
        for manager in range(MANAGERS)
        for first in np.arange(40, DAYS - 60, 100) + random.integers(0, 40)
    ]


def company(seed: int, *, uncovered: float = 1.0, covered: float = 1.0, after: float = 1.0, size: float = 4.0) -> Panel:
    """Simulate orders with weekdays, a season, books that grow or decline, and the given ratios while away."""
    random = np.random.default_rng(seed)
    absences = away_in_turn(random)
    days = np.arange(DAYS)
    season = (1 + 0.4 * np.sin(days / 58)) * np.where(days % 7 < 5, 1.3, 0.05)
    drift = np.exp(np.outer(random.normal(0, 0.4, MANAGERS), days / DAYS))
    expected = np.outer(random.uniform(0.5, 2.0, MANAGERS) * size, np.ones(DAYS))
    ratio = np.array([1.0, uncovered, covered, after])
    quiet = Panel(expected, expected, expected * 20, absences)
    orders = random.poisson(expected * season * drift * ratio[states_of(quiet)]).astype(np.float64)
    return Panel(orders, expected, expected * 20, absences)


def test_a_known_fall_is_found_where_nobody_covers() -> None:
    result = effect_of_absence(company(1, uncovered=0.7))
    assert result.uncovered.verdict == Verdict.FEWER
    assert result.uncovered.ratio == pytest.approx(0.7, abs=0.08)
    assert result.uncovered.low < 0.7 < result.uncovered.high
    assert result.covered.verdict == Verdict.NO_DIFFERENCE


def test_season_weekdays_and_slow_decline_are_not_taken_for_the_absence() -> None:
    panel = company(2)
    result = effect_of_absence(panel)
    raw = panel.orders[states_of(panel) == State.UNCOVERED].sum() / panel.expected[states_of(panel) == 1].sum()
    assert abs(raw - 1) > abs((result.uncovered.ratio or 0.0) - 1)
    assert result.away.verdict == Verdict.NO_DIFFERENCE


def test_without_an_effect_one_is_hardly_ever_seen() -> None:
    verdicts = [effect_of_absence(company(seed, size=2.0)).away.verdict for seed in range(40)]
    assert sum(verdict in (Verdict.FEWER, Verdict.MORE) for verdict in verdicts) <= 4


def test_the_range_holds_the_truth_about_as_often_as_it_says() -> None:
    found = [effect_of_absence(company(seed, uncovered=0.8, size=2.0)).uncovered for seed in range(40)]
    assert sum(one.low < 0.8 < one.high for one in found) >= 34


def test_what_is_ordered_later_shows_in_the_fortnight_after() -> None:
    result = effect_of_absence(company(3, uncovered=0.6, covered=0.6, after=1.3))
    assert result.after.ratio == pytest.approx(1.3, abs=0.1)
    assert result.after.verdict == Verdict.MORE


def test_few_absences_tell_nothing() -> None:
    panel = company(4, uncovered=0.5, covered=0.5)
    few = Panel(panel.orders, panel.expected, panel.accounts, panel.absences[:3])
    assert effect_of_absence(few).away.verdict == Verdict.TOO_FEW


def test_small_books_tell_nothing_rather_than_no_difference() -> None:
    assert effect_of_absence(company(5, size=0.1)).uncovered.verdict == Verdict.TOO_FEW


def test_customers_who_stop_altogether_are_seen() -> None:
    result = effect_of_absence(company(6, uncovered=0.0))
    assert result.uncovered.orders == 0
    assert result.uncovered.verdict == Verdict.FEWER


def test_the_absences_one_by_one_add_up_to_the_whole() -> None:
    result = effect_of_absence(company(7, uncovered=0.7))
    assert sum(orders for _, orders, _ in result.each) == result.away.orders
    assert sum(expected for *_, expected in result.each) == pytest.approx(result.away.expected)


def test_nothing_on_record_is_nothing_told() -> None:
    empty: Floats = np.zeros((0, 30))
    result = effect_of_absence(Panel(empty, empty, empty, []))
    assert result.away == Effect(0, 0.0, 0.0, 0.0, 0.0, np.inf)
    assert result.away.verdict == Verdict.TOO_FEW


def test_of_two_absences_at_once_the_covered_one_counts_and_a_new_one_ends_the_fortnight() -> None:
    zeros = np.zeros((1, 60))
    absences = [Away(0, 5, 9, False), Away(0, 8, 12, True), Away(0, 16, 18, False)]
    states = states_of(Panel(zeros, zeros, zeros, absences))[0]
    assert states[4:13].tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert states[13:19].tolist() == [3, 3, 3, 1, 1, 1]
    assert states[19 : 19 + AFTER_DAYS + 1].tolist() == [3] * AFTER_DAYS + [0]
