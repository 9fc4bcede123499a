"""Do customers order less while their account manager is away? Arrays in, a ratio with its range out: no database.

The orders y of manager m's accounts on day d are taken as Poisson with mean

    E_md · exp(day_d + book_mb + θ_state)

E_md adds the own usual rates of the accounts that m looked after on the day. The effect of the day is what the
accounts of managers who were present show on the same day: season, weekday, holidays. The effect of the book b, a
stretch of twelve weeks of one manager, is what the same accounts show on the days around the absence: slow growth or
decline. What is left, θ, is the absence. Fitted as Poisson pseudo-maximum likelihood with both effects taken out by
alternating projections (Correia, Guimarães and Zylkin 2020).
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.int8]
Cells = npt.NDArray[np.bool_]

BOOK_DAYS = 84
AFTER_DAYS = 14
LEAST_ABSENCES = 5
LEAST_EXPECTED = 50.0
# A fall of so much must show, or nothing is said of a difference.
NOTICEABLE = 0.2
CONFIDENCE = 0.95
# Of a Poisson count of none, the mean that it would exceed in 97.5 of 100 cases.
MOST_BEHIND_NONE = 3.689
MOST_ROUNDS, MOST_SWEEPS, CLOSE = 60, 300, 1e-9


class State(enum.IntEnum):
    """How a manager's accounts are looked after on a day."""

    PRESENT = 0
    UNCOVERED = 1
    COVERED = 2
    AFTER = 3


class Verdict(enum.StrEnum):
    """What may be said."""

    TOO_FEW = "too_few"
    NO_DIFFERENCE = "no_difference"
    FEWER = "fewer"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Away:
    """One absence: whose (row of the panel), from which day to which (columns, both included), covered or not."""

    manager: int
    first: int
    last: int
    is_covered: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Orders, orders expected from the accounts' own rates, and accounts, each by manager and day (m, d)."""

    orders: Floats
    expected: Floats
    accounts: Floats
    absences: Sequence[Away]


@dataclass(frozen=True, slots=True)
class Effect:
    """Orders in some state, against what the same accounts would else have ordered; `ratio` with its 95 % range."""

    absences: int
    account_weeks: float
    orders: float
    expected: float
    low: float
    high: float

    @property
    def ratio(self) -> float | None:
        """Return orders over expected; None where nothing was expected."""
        return self.orders / self.expected if self.expected > 0 else None

    @property
    def a_week(self) -> float:
        """Return orders per account and week."""
        return self.orders / self.account_weeks if self.account_weeks else 0.0

    @property
    def usual_a_week(self) -> float:
        """Return what the same accounts would else have ordered per week."""
        return self.expected / self.account_weeks if self.account_weeks else 0.0

    @property
    def verdict(self) -> Verdict:
        """Return what may be said: nothing where a noticeable fall could hide in the range."""
        if self.absences < LEAST_ABSENCES or self.expected < LEAST_EXPECTED:
            return Verdict.TOO_FEW
        if self.high < 1:
            return Verdict.FEWER
        if self.low > 1:
            return Verdict.MORE
        return Verdict.TOO_FEW if self.low < 1 - NOTICEABLE else Verdict.NO_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Result:
    """The effect of being away, of the two ways of being away, of the fortnight after, and each absence by itself.

    `each` follows the panel's absences: account-weeks, orders, expected.
    """

    away: Effect
    uncovered: Effect
    covered: Effect
    after: Effect
    each: Sequence[tuple[float, float, float]]


def effect_of_absence(panel: Panel) -> Result:
    """Return what the panel tells of absences."""
    states = states_of(panel)
    apart = _fit(panel, states, (State.UNCOVERED, State.COVERED, State.AFTER))
    together = _fit(panel, np.where(states == State.COVERED, State.UNCOVERED, states), (State.UNCOVERED, State.AFTER))
    return Result(
        away=together.effect(State.UNCOVERED),
        uncovered=apart.effect(State.UNCOVERED),
        covered=apart.effect(State.COVERED),
        after=apart.effect(State.AFTER),
        each=[together.of(absence) for absence in panel.absences],
    )


def states_of(panel: Panel) -> States:
    """Return the state of each manager on each day (m, d); of two absences at once the covered one counts."""
    states = np.zeros(panel.orders.shape, dtype=np.int8)
    for absence in panel.absences:
        states[absence.manager, absence.last + 1 : absence.last + 1 + AFTER_DAYS] = State.AFTER
    for absence in sorted(panel.absences, key=lambda one: one.is_covered):
        state = State.COVERED if absence.is_covered else State.UNCOVERED
        states[absence.manager, absence.first : absence.last + 1] = state
    return states


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A fit: what was expected in each cell had nobody been away, and θ with its standard error, by state."""

    panel: Panel
    states: States
    usual: Floats
    theta: dict[int, tuple[float, float]]

    def effect(self, state: State) -> Effect:
        cells = (self.usual > 0) & (self.states == state)
        count = sum(bool(cells[one.manager, one.first : one.last + 1 + AFTER_DAYS].any()) for one in self._of(state))
        orders, expected = float(self.panel.orders[cells].sum()), float(self.usual[cells].sum())
        weeks = float(self.panel.accounts[self.states == state].sum() / 7)
        if state not in self.theta:
            return Effect(count, weeks, orders, expected, 0.0, MOST_BEHIND_NONE / expected if expected else np.inf)
        theta, error = self.theta[state]
        wide = error * float(stdtrit(max(count - 1, 1), 0.5 + CONFIDENCE / 2))
        return Effect(count, weeks, orders, expected, float(np.exp(theta - wide)), float(np.exp(theta + wide)))

    def _of(self, state: State) -> list[Away]:
        """Return the absences that put cells into the state."""
        absences = self.panel.absences
        return [one for one in absences if state in (State.AFTER, self.states[one.manager, one.first])]

    def of(self, absence: Away) -> tuple[float, float, float]:
        days = np.s_[absence.manager, absence.first : absence.last + 1]
        counted = self.usual[days] > 0
        weeks = float(self.panel.accounts[days].sum() / 7)
        return weeks, float(self.panel.orders[days][counted].sum()), float(self.usual[days].sum())


def _fit(panel: Panel, states: States, wanted: Sequence[State]) -> _Fitted:
    present = [state for state in wanted if panel.orders[states == state].sum() > 0]
    # A state in which nobody ordered at all has no finite effect: it is held against the accounts' own rates alone.
    silent = np.isin(states, [state for state in wanted if state not in present])
    used = _informative(panel, silent)
    usual = np.where(silent, panel.expected, 0.0)
    if not present or not used.any():
        return _Fitted(panel, states, usual, {})
    design = np.array([(states == state) & used for state in present], dtype=np.float64)
    theta, linear, projected = _iterate(panel, used, design)
    mean = np.where(used, np.exp(linear), 0.0)
    errors = _standard_errors(panel.orders, mean, projected, used)
    usual = usual + mean * np.exp(-np.tensordot(theta, design, axes=1))
    pairs = zip(theta.tolist(), errors.tolist(), strict=True)
    return _Fitted(panel, states, usual, dict(zip(map(int, present), pairs, strict=True)))


def _informative(panel: Panel, silent: Cells) -> Cells:
    """Return the cells that say something: a day or a book without any order would have an effect of minus infinity."""
    used: Cells = (panel.expected > 0) & ~silent
    while True:
        orders = np.where(used, panel.orders, 0.0)
        kept = used & (orders.sum(axis=0) > 0) & (_by_book(orders) > 0)
        if (kept == used).all():
            return used
        used = kept


def _by_book(values: Floats) -> Floats:
    """Sum over each manager's books, written to each of their cells."""
    managers, days = values.shape
    starts = np.arange(0, days, BOOK_DAYS)
    lengths = np.diff(np.append(starts, days))
    return np.repeat(np.add.reduceat(values, starts, axis=1), lengths, axis=1).reshape(managers, days)


def _iterate(panel: Panel, used: Cells, design: Floats) -> tuple[Floats, Floats, Floats]:
    """Return θ (k,), the linear predictor (m, d) and the design with both effects taken out (k, m, d)."""
    offset = np.log(np.where(used, panel.expected, 1.0))
    scale = panel.orders[used].sum() / panel.expected[used].sum()
    linear, theta = offset + np.log(scale), np.zeros(len(design))
    for _ in range(MOST_ROUNDS):
        mean = np.where(used, np.exp(np.clip(linear, -30, 30)), 0.0)
        working = np.where(used, linear - offset + (panel.orders - mean) / np.where(used, mean, 1.0), 0.0)
        projected = _without_effects(np.concatenate([working[None], design]), mean)
        left, columns = projected[0], projected[1:]
        normal = np.einsum("iab,jab,ab->ij", columns, columns, mean)
        theta = np.linalg.lstsq(normal, np.einsum("iab,ab,ab->i", columns, left, mean), rcond=None)[0]
        rest = left - np.tensordot(theta, columns, axes=1)
        before, linear = linear, offset + working - rest
        if np.abs(linear - before)[used].max() < CLOSE**0.5:
            break
    return theta, linear, projected[1:]


def _without_effects(values: Floats, weights: Floats) -> Floats:
    """Take weighted means over days and over books out of each layer (k, m, d), in turn until nothing moves."""
    by_day = np.maximum(weights.sum(axis=0), 1e-300)
    by_book = np.maximum(_by_book(weights), 1e-300)
    for _ in range(MOST_SWEEPS):
        before = values
        values = values - (values * weights).sum(axis=1, keepdims=True) / by_day
        values = np.stack([layer - _by_book(layer * weights) / by_book for layer in values])
        if np.abs((values - before) * (weights > 0)).max() < CLOSE:
            break
    return values


def _standard_errors(orders: Floats, mean: Floats, columns: Floats, used: Cells) -> Floats:
    """Return the larger of the errors that books as clusters give and those of an overdispersed Poisson (k,)."""
    bread = np.linalg.pinv(np.einsum("iab,jab,ab->ij", columns, columns, mean))
    starts = np.arange(0, orders.shape[1], BOOK_DAYS)
    scores = np.add.reduceat(columns * np.where(used, orders - mean, 0.0), starts, axis=2)
    scores = scores.reshape(len(columns), -1)
    clusters = max(int((scores != 0).any(axis=0).sum()), 2)
    sandwich = bread @ (scores @ scores.T) @ bread * clusters / (clusters - 1)
    free = max(int(used.sum()) - used.shape[1] - scores.shape[1] - len(columns), 1)
    dispersion = float((np.square(orders - mean)[used] / np.maximum(mean[used], 1e-12)).sum()) / free
    plain = bread * max(dispersion, 1.0)
    return np.asarray(np.sqrt(np.maximum(np.diag(sandwich), np.diag(plain))), dtype=np.float64)
