"""Why a risk moved between two moments, split exactly: incidents, behaviour, and the model.

The change of one model's risk is shared out by Aumann-Shapley, twice: along the straight path between the two moments'
contributions for the terms, and within a department's term along the straight path between its two loads and exposures
for its incidents. Both have closed forms, add up, and ask for no order of events. What changed within one incident's
part, its share and what it weighs, is split half and half over the two orders, as is the step to another model: old
features by the new weights, and new features by the old ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from retention.scoring.engine import Floats, Inputs, TermKind, Weights, department_key, score
from retention.scoring.ledger import secant

# Below this relative step the logarithm's series is more exact than its quotient.
SMALL_STEP: Final = 1e-5


class Cause(StrEnum):
    """Why a risk moved."""

    NEW = "new"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    DECAYED = "decayed"
    REGRADED = "regraded"
    REATTRIBUTED = "re_attributed"
    BEHAVIOUR = "behaviour"
    MODEL = "model"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class Parts:
    """m parts of departments in incidents at two moments; every array has shape (m,).

    `rows` and `departments` say which account and department a part belongs to. A part loads share x unit; the unit is
    severity x weight x decay, and 0 at a moment at which the incident was not on record.
    """

    rows: npt.NDArray[np.intp]
    departments: npt.NDArray[np.intp]
    share_before: Floats
    share_after: Floats
    unit_before: Floats
    unit_after: Floats

    def loads_before(self, shape: tuple[int, int]) -> Floats:
        """The loads of n accounts by D departments at the first moment. Shape (n, D)."""
        return self._summed(self.share_before * self.unit_before, shape)

    def loads_after(self, shape: tuple[int, int]) -> Floats:
        """The loads at the second moment. Shape (n, D)."""
        return self._summed(self.share_after * self.unit_after, shape)

    def _summed(self, loads: Floats, shape: tuple[int, int]) -> Floats:
        summed = np.zeros(shape)
        np.add.at(summed, (self.rows, self.departments), loads)
        return summed

    def by_share(self) -> Floats:
        """How much of each part's change of load is another share. Shape (m,)."""
        return (self.share_after - self.share_before) * (self.unit_after + self.unit_before) / 2.0

    def by_unit(self) -> Floats:
        """How much of it is another weight: new, resolved, decayed. Shape (m,)."""
        return (self.unit_after - self.unit_before) * (self.share_after + self.share_before) / 2.0


@dataclass(frozen=True, slots=True)
class Movement:
    """The change of n risks, split: the parts add up to `after` - `before` of each account.

    `terms` by key (n,) hold what is no friction; `exposure` (n, D) what the same friction weighs more or less because
    of fewer or more orders; `by_share` and `by_unit` (m,) what parts of incidents did; `model` (n,) another version.
    """

    before: Floats
    after: Floats
    terms: Mapping[str, Floats]
    exposure: Floats
    by_share: Floats
    by_unit: Floats
    model: Floats

    @property
    def change(self) -> Floats:
        """By how much the risks rose. Shape (n,)."""
        return self.after - self.before

    def total(self, parts: Parts) -> Floats:
        """What everything adds up to. Shape (n,)."""
        count = len(self.before)
        incidents = np.bincount(parts.rows, weights=self.by_share + self.by_unit, minlength=count)
        behaviour = np.sum(list(self.terms.values()), axis=0) if self.terms else np.zeros(count)
        return np.asarray(incidents + behaviour + self.exposure.sum(axis=1) + self.model, dtype=np.float64)

    def halved_with(self, other: Self) -> Movement:
        """The mean of the same movement as two models see it, and what the step between them does.

        `self` is by the old model, `other` by the new: the change is from the old one's before to the new one's after.
        """
        nothing = np.zeros_like(self.before)
        keys = dict.fromkeys([*self.terms, *other.terms])
        terms = {key: (self.terms.get(key, nothing) + other.terms.get(key, nothing)) / 2.0 for key in keys}
        step = ((other.before - self.before) + (other.after - self.after)) / 2.0
        return Movement(
            self.before,
            other.after,
            terms,
            (self.exposure + other.exposure) / 2.0,
            (self.by_share + other.by_share) / 2.0,
            (self.by_unit + other.by_unit) / 2.0,
            step,
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """The features of n accounts at two moments, as one model reads them; their loads are taken from the parts."""

    before: Inputs
    after: Inputs
    weights: Weights


def split(passage: Passage, parts: Parts) -> Movement:
    """Split the change of n risks under one model, exactly to rounding (1e-9)."""
    shape = passage.before.loads.shape
    loads_before, loads_after = parts.loads_before(shape), parts.loads_after(shape)
    before = score(_known(passage.before, loads_before, passage.weights), passage.weights)
    after = score(_known(passage.after, loads_after, passage.weights), passage.weights)
    moved = after.contributions - before.contributions
    slope = secant(before.z, moved.sum(axis=1))
    steps = _friction_slopes(passage, loads_before, loads_after) * slope[:, None, None]
    orders = passage.after.exposure - passage.before.exposure
    rates = steps[parts.rows, parts.departments, 0]
    return Movement(
        before.risk,
        after.risk,
        _other_terms(passage.weights, moved * slope[:, None]),
        steps[:, :, 1] * orders[:, None],
        rates * parts.by_share(),
        rates * parts.by_unit(),
        np.zeros_like(before.risk),
    )


def split_between_models(old: Passage, new: Passage, parts: Parts) -> Movement:
    """Split the change from the old model's risk at the first moment to the new model's at the second."""
    before = split(old, parts)
    return before.halved_with(before if new is old else split(new, parts))


def _known(inputs: Inputs, loads: Floats, weights: Weights) -> Inputs:
    """The inputs with these loads, without departments that the model had not heard of: it gave them no weight."""
    known = [place for place, slug in enumerate(inputs.departments) if department_key(slug) in weights.keys]
    return replace(inputs, departments=tuple(inputs.departments[place] for place in known), loads=loads[:, known])


def _other_terms(weights: Weights, points: Floats) -> dict[str, Floats]:
    return {
        term.key: points[:, place]
        for place, term in enumerate(weights.terms)
        if term.kind is not TermKind.FRICTION and np.any(points[:, place])
    }


def _friction_slopes(passage: Passage, loads_before: Floats, loads_after: Floats) -> Floats:
    """Log-odds per unit of load, and per unit of exposure, along the straight path. Shape (n, D, 2).

    A department's term is beta (ln(1 + E + A) - ln(1 + E)): the mean of 1 / (1 + E + A) along the path, and the
    difference of the two means.
    """
    means = dict(zip(passage.weights.keys, passage.weights.mean.tolist(), strict=True))
    beta = np.array([means.get(department_key(slug), 0.0) for slug in passage.before.departments], dtype=np.float64)
    start = 1.0 + np.maximum(passage.before.exposure, 0.0)[:, None]
    end = 1.0 + np.maximum(passage.after.exposure, 0.0)[:, None]
    per_load = mean_inverse(start + loads_before, end + loads_after)
    per_exposure = per_load - mean_inverse(start, end)
    return np.stack([per_load, per_exposure], axis=-1) * beta[None, :, None]


def mean_inverse(start: Floats, end: Floats) -> Floats:
    """The mean of 1/x from start to end, both positive: (ln end - ln start) / (end - start), in the limit 1 / start."""
    step = (end - start) / start
    small = np.abs(step) < SMALL_STEP
    safe = np.where(small, 1.0, step)
    ratio = np.where(small, 1.0 - step / 2.0 + step**2 / 3.0, np.log1p(safe) / safe)
    return np.asarray(ratio / start, dtype=np.float64)
