"""How long each department's friction goes on weighing, by profile likelihood: what the data say, where they do.

The friction of one department is decayed faster or slower than the catalogue has it, and everything else is fitted
again. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np

from retention.scoring.causes_first import DAY, Causes
from retention.scoring.engine import Term, department_key, flattened
from retention.scoring.evidence import WEAKENED, Split, losses_at_own_level, out_of_time
from retention.scoring.exchanges import Ground
from retention.scoring.logit import Floats, Sample, testimony
from retention.scoring.panel_arrays import Panel, Truths

# Three steps to each side: from a quarter of the catalogue's half-life to four times it.
FACTORS: Final = tuple(4.0 ** (step / 3.0) for step in (-3, -2, -1, 1, 2, 3))
AS_IS: Final = 1.0
# Half of the 95 % point of chi squared with one degree of freedom: less than that the data do not tell apart.
LEAST_GAIN: Final = 1.920729
LEAST_HEIGHT: Final = 1e-6
LEAST_ORIGINS: Final = 2
LEAST_TO_PROFILE: Final = 50


class Verdict(Enum):
    """What follows from what the data say of half-lives."""

    SILENT = "the data do not tell"
    AGREES = "the catalogue’s are within the range"
    SUPPORTED = "others foresee better, later months too"
    OPEN = "others explain better, but no end of the range is in sight"
    UNCONFIRMED = "others explain better, but later months are not foreseen better"


@dataclass(frozen=True, slots=True)
class HalfLife:
    """What the data say of a department's half-lives, as a factor on the catalogue's.

    `factor` is the likeliest, `low` and `high` its 95 % interval by the likelihood ratio, None where that goes beyond
    what was tried; `gain` by how much the log likelihood is better than with the catalogue's, months of one account
    counted once; `foresight` by how much the log loss of later months is, per account-month, where early months choose
    (None where the interval holds 1, or there are too few later months).
    """

    department: str
    factor: float
    low: float | None
    high: float | None
    gain: float
    foresight: float | None

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read back a stored report; of one that knew no intervals, nothing follows."""
        known: dict[str, Any] = {field.name: stored.get(field.name) for field in fields(cls)}
        return cls(**known)

    @property
    def verdict(self) -> Verdict:
        if self.low is None and self.high is None:
            return Verdict.SILENT
        if (self.low is None or self.low <= AS_IS) and (self.high is None or self.high >= AS_IS):
            return Verdict.AGREES
        if self.low is None or self.high is None:
            return Verdict.OPEN
        foreseen = self.foresight is not None and self.foresight >= 0.0
        return Verdict.SUPPORTED if foreseen else Verdict.UNCONFIRMED


@dataclass(frozen=True, slots=True)
class Profile:
    """Log likelihoods at some factors, both (m,), factors ascending; `best` and `top` are the likeliest factor, between
    those tried, and its likelihood."""

    factors: Floats
    likelihoods: Floats
    best: float
    top: float

    @classmethod
    def of(cls, likelihoods: Mapping[float, float]) -> Self:
        factors = np.array(sorted(likelihoods))
        heights = np.array([likelihoods[factor] for factor in factors.tolist()])
        return cls(factors, heights, *_vertex(np.log(factors), heights))

    @property
    def is_flat(self) -> bool:
        """Whether the friction weighs nothing, however long it lasts."""
        return bool(np.ptp(self.likelihoods) < LEAST_HEIGHT)

    @property
    def low(self) -> float | None:
        """The lower end of the 95 % interval; None where it lies below all that was tried."""
        return self._end(self.factors[::-1], self.likelihoods[::-1], -1.0)

    @property
    def high(self) -> float | None:
        """The upper end of the 95 % interval; None where it lies above all that was tried."""
        return self._end(self.factors, self.likelihoods, 1.0)

    @property
    def is_off_one(self) -> bool:
        """Whether the interval does not hold the catalogue's own half-life."""
        low, high = self.low, self.high
        return (low is not None and low > AS_IS) or (high is not None and high < AS_IS)

    def told(self, department: str, foresight: float | None) -> HalfLife:
        gain = self.top - float(self.likelihoods[self.factors == AS_IS][0])
        return HalfLife(department, self.best, self.low, self.high, gain, foresight)

    def _end(self, factors: Floats, likelihoods: Floats, side: float) -> float | None:
        """Walk outwards to where the likelihood has fallen by as much as chance may do; its root falls about evenly."""
        inner, root = np.log(self.best), 0.0
        for factor, height in zip(np.log(factors).tolist(), likelihoods.tolist(), strict=True):
            if (factor - np.log(self.best)) * side <= 0.0:
                continue
            fallen = max(self.top - height, 0.0) ** 0.5
            if fallen >= LEAST_GAIN**0.5:
                part = (LEAST_GAIN**0.5 - root) / (fallen - root)
                return float(np.exp(inner + part * (factor - inner)))
            inner, root = factor, fallen
        return None


def _vertex(places: Floats, heights: Floats) -> tuple[float, float]:
    """The top of the parabola through the highest point and its neighbours; at an end, that end."""
    at = int(heights.argmax())
    if at in (0, len(heights) - 1):
        return float(np.exp(places[at])), float(heights[at])
    bend, slope, level = np.polyfit(places[at - 1 : at + 2] - places[at], heights[at - 1 : at + 2] - heights[at], 2)
    if bend > -LEAST_HEIGHT:
        return float(np.exp(places[at])), float(heights[at])
    step = -slope / (2.0 * bend)
    return float(np.exp(places[at] + step)), float(heights[at] + level - slope**2 / (4.0 * bend))


def soon(panel: Panel) -> tuple[Truths, Truths]:
    """Which rows tell when an account left, and which of these left before the next origin.

    Over a whole horizon friction that is still to come counts along, and who meets it often goes on to meet it: the
    longer the memory, the better it foresees that. So of an account under contract counts whether it was gone by the
    next origin; of one that buys by order, whether it fell silent, asked of those who had ordered since the last.
    """
    step = min(later - earlier for earlier, later in pairwise(panel.origins))
    by_order = ~panel.is_contract & (panel.now.days_since_last < step / timedelta(days=1))
    key = panel.account_id * len(panel.origins) + panel.origin
    is_last = panel.origin == len(panel.origins) - 1
    stayed = np.isin(key + 1, key) & ~is_last
    under_contract = panel.is_contract & ~is_last
    return by_order | under_contract, panel.left & (~panel.is_contract | ~stayed)


def profiled(panel: Panel, terms: tuple[Term, ...], causes: Causes, horizon_days: float) -> tuple[HalfLife, ...]:
    """What the data say of the half-lives of each department whose friction weighs anything.

    `panel` holds the loads by factor; nothing is found where it does not, or where too few left.
    """
    if not panel.loads_by_factor or len(panel.origins) < LEAST_ORIGINS:
        return ()
    which, left = soon(panel)
    if left[which].sum() < LEAST_TO_PROFILE:
        return ()
    sample = replace(causes.sample, left=left.astype(np.float64)).chosen(which)
    said = testimony(sample, causes.belief.weakened(WEAKENED), causes.mean)
    days = np.array([moment.timestamp() / DAY for moment in panel.origins])[panel.origin[which]]
    trial = Trial(sample, causes, said.power, out_of_time(days, sample.left, horizon_days))
    found = []
    for position, slug in enumerate(panel.inputs.departments):
        column = next(
            at for at, place in enumerate(causes.term) if place >= 0 and terms[place].key == department_key(slug)
        )
        frictions = [sample.features[:, column]]
        frictions += [_friction(panel, loads, position)[which] for loads in panel.loads_by_factor.values()]
        one = trial.of(slug, column, (AS_IS, *panel.loads_by_factor), np.stack(frictions, axis=1))
        found += [one] if one else []
    return tuple(found)


def _friction(panel: Panel, loads: Floats, position: int) -> Floats:
    return flattened(loads[:, position : position + 1], panel.inputs.exposure)[:, 0]


class Trial:
    """The rows that half-lives are tried on, and the fits on all of them and on the early ones."""

    def __init__(self, sample: Sample, causes: Causes, power: float, split: Split | None) -> None:
        self.sample, self.split = sample, split
        self.whole = Ground.of(sample, causes.belief, power, np.maximum(causes.mean, causes.belief.lowest))

    @cached_property
    def early(self) -> Ground | None:
        if self.split is None:
            return None
        return Ground.of(self.sample.chosen(self.split.early), self.whole.belief, self.whole.power, self.whole.mean)

    def of(self, department: str, column: int, factors: tuple[float, ...], frictions: Floats) -> HalfLife | None:
        """What is said of a department's half-lives; `frictions` (n, F) are by factor, the first as it is."""
        exchanges = self.whole.exchanges(column, frictions)
        profile = Profile.of({factor: one.likelihood for factor, one in zip(factors, exchanges, strict=True)})
        if profile.is_flat:
            return None
        return profile.told(department, self._foreseen(profile, column, factors, frictions))

    def _foreseen(self, profile: Profile, column: int, factors: tuple[float, ...], frictions: Floats) -> float | None:
        """By how much later months are foreseen better with the factor that early months like best, of those on the
        side of 1 where the profile has its best; None where nothing is to be confirmed, or nothing can be."""
        if self.split is None or self.early is None or not profile.is_off_one:
            return None
        learned = self.early.exchanges(column, frictions[self.split.early])
        on_side = [at for at, factor in enumerate(factors) if (factor - AS_IS) * (profile.best - AS_IS) > 0.0]
        chosen = max(on_side, key=lambda at: learned[at].likelihood)
        late = self.sample.chosen(self.split.late)
        odds = [_log_odds_with(late, learned[at].weights, column, frictions[self.split.late, at]) for at in (0, chosen)]
        as_is, otherwise = losses_at_own_level(np.stack(odds, axis=1), late.left).tolist()
        return float(as_is - otherwise)


def _log_odds_with(sample: Sample, weights: Floats, column: int, friction: Floats) -> Floats:
    """The log-odds of a sample with other friction in one column."""
    changed = friction - sample.features[:, column]
    return np.asarray(sample.log_odds(weights) + changed * weights[column], dtype=np.float64)
