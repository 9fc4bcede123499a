"""How long each department's friction goes on weighing, by profile likelihood: what the data say, where they do.

The friction of one department is decayed faster or slower than the catalogue has it, and its weight and the level are
fitted again with everything else held. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from retention.scoring.causes_first import Causes
from retention.scoring.engine import Term, department_key, flattened
from retention.scoring.logit import CLOSE_ENOUGH, Floats, Sample
from retention.scoring.panel_arrays import Panel

FACTORS: Final = (0.5, 2.0)
# Half of the 95 % point of chi squared with one degree of freedom: less than that the data do not tell apart.
LEAST_GAIN: Final = 1.92
STEPS: Final = 6


@dataclass(frozen=True, slots=True)
class HalfLife:
    """The half-life that the data like best for a department's friction, as a factor on the catalogue's, and by how
    much they like it better: a difference of log likelihoods, months of one account counted once."""

    department: str
    factor: float
    gain: float


def profiled(panel: Panel, terms: tuple[Term, ...], causes: Causes) -> tuple[HalfLife, ...]:
    """The departments whose friction another half-life explains better than the catalogue's, beyond chance.

    `panel` holds the loads by factor; empty where it does not.
    """
    places = {terms[place].key: column for column, place in enumerate(causes.term.tolist()) if place >= 0}
    found = []
    for position, slug in enumerate(panel.inputs.departments):
        column = places[department_key(slug)]
        as_is = _best(causes, column, causes.sample.features[:, column])
        gains = {
            factor: causes.said.power * (as_is - _best(causes, column, _friction(panel, loads, position)))
            for factor, loads in panel.loads_by_factor.items()
        }
        factor = max(gains, key=gains.__getitem__, default=1.0)
        if gains.get(factor, 0.0) >= LEAST_GAIN:
            found.append(HalfLife(slug, factor, float(gains[factor])))
    return tuple(found)


def _friction(panel: Panel, loads: Floats, position: int) -> Floats:
    return flattened(loads[:, position : position + 1], panel.inputs.exposure)[:, 0]


def _best(causes: Causes, column: int, friction: Floats) -> float:
    """The least log loss with this friction of one department, by its weight (not below 0) and the level."""
    whole = causes.sample
    held = whole.log_odds(causes.mean) - whole.features[:, column] * causes.mean[column]
    sample = Sample(np.stack([np.ones_like(friction), friction], axis=1), whole.left, whole.cluster, held)
    weights = np.array([0.0, max(float(causes.mean[column]), 0.0)])
    for _ in range(STEPS):
        before = weights
        step = np.linalg.solve(sample.information(weights) + 1e-6 * np.eye(2), sample.gradient(weights))
        weights = np.maximum(weights - step, [-np.inf, 0.0])
        if np.abs(weights - before).max() < CLOSE_ENOUGH:
            break
    return sample.loss(weights)
