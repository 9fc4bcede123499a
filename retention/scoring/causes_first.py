"""Two steps of one estimate: causes first, against the rhythm before; then symptoms, with the causes held.

Otherwise the symptom takes the blame away from its cause. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from retention.scoring.engine import Prior, Term, TermKind, Weights, design_matrix, expert_prior
from retention.scoring.evidence import WEAKENED, Finding, Split, foresight, out_of_time, weigh
from retention.scoring.logit import (
    Belief,
    Floats,
    Integers,
    Sample,
    Testimony,
    crossed,
    most_likely,
    spread_on_bound,
    testimony,
)
from retention.scoring.panel_arrays import Panel, Truths

# How many times less sure than they say experts may turn out to be.
SCALES: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
NUISANCE_SD: Final = 1.0
NO_TERM: Final = -1
DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Learning:
    """n account-months as features of K terms, and what is believed of their weights."""

    terms: tuple[Term, ...]
    sample: Sample
    belief: Belief
    split: Split | None
    leavers: int

    @classmethod
    def of(cls, rows: Panel, terms: tuple[Term, ...], priors: Mapping[str, Prior], horizon_days: float) -> Learning:
        _, cluster = np.unique(rows.account_id, return_inverse=True)
        left = rows.left.astype(np.float64)
        sample = Sample(design_matrix(rows.inputs, terms), left, cluster.astype(np.int64), np.zeros(len(left)))
        days = np.array([moment.timestamp() / DAY for moment in rows.origins])[rows.origin]
        return cls(terms, sample, beliefs(terms, priors), out_of_time(days, left, horizon_days), rows.leavers)

    def with_baseline(self, rows: Panel) -> Learning:
        """The same rows by another rhythm and base rate."""
        return replace(self, sample=replace(self.sample, features=design_matrix(rows.inputs, self.terms)))

    def places(self, *kinds: TermKind) -> Integers:
        return np.flatnonzero([term.kind in kinds for term in self.terms])

    def causes(self, nuisance: Floats) -> Causes:
        """Fit friction and care against the rhythm before the window, as if there were no symptom.

        `nuisance` (n, L) is fitted along and forgotten.
        """
        places = self.places(TermKind.BASELINE, TermKind.FRICTION, TermKind.CARE)
        blamed = np.flatnonzero(np.isin(places, self.places(TermKind.FRICTION, TermKind.CARE)))
        sample = self.sample.of_columns(places).with_more(nuisance)
        belief = self.belief.of(places).with_more(nuisance.shape[1], NUISANCE_SD)
        said = testimony(sample, belief.weakened(WEAKENED), belief.mean)
        scale = prior_scale(said, belief, blamed)
        widened = belief.with_scale(blamed, scale)
        found = most_likely(sample, widened, said.power, np.maximum(said.weights, belief.lowest))
        gains = foresight(sample, belief, said.weights, self.split)
        held = np.full(sample.features.shape[1], NO_TERM)
        held[blamed] = places[blamed]
        return Causes(sample, widened, held, found, said, weigh(said, belief, gains, self.leavers), scale)

    def symptoms(self, causes: Causes) -> BothSteps:
        """Fit the baseline and the symptoms, the causes held."""
        places = self.places(TermKind.BASELINE, TermKind.SYMPTOM)
        sample = self.sample.of_columns(places).with_offset(causes.log_odds())
        belief = self.belief.of(places)
        said = testimony(sample, belief.weakened(WEAKENED), belief.mean)
        found = most_likely(sample, belief, said.power, said.weights)
        gains = foresight(sample, belief, said.weights, self.split)
        return BothSteps(self, causes, places, sample, belief, found, said, weigh(said, belief, gains, self.leavers))


@dataclass(frozen=True, slots=True)
class Causes:
    """The first step. Arrays are over its columns; `term` says which cause a column is, -1 for what is forgotten."""

    sample: Sample
    belief: Belief
    term: Integers
    mean: Floats
    said: Testimony
    finding: Finding
    prior_scale: float

    @property
    def held(self) -> Truths:
        return np.asarray(self.term != NO_TERM, dtype=np.bool_)

    def log_odds(self) -> Floats:
        """What friction and care give each row."""
        return np.asarray(self.sample.features[:, self.held] @ self.mean[self.held], dtype=np.float64)

    def free(self) -> Truths:
        """Which weights do not lie on their bound."""
        return np.asarray(self.mean > self.belief.lowest + 1e-9, dtype=np.bool_)

    def curvature(self) -> Floats:
        """Minus the second derivatives of the posterior's logarithm."""
        return self.said.power * self.sample.information(self.mean) + np.diag(self.belief.precision)

    def spread_on_bound(self) -> Floats:
        """How far the weights on their bound may lie from it."""
        bound = ~self.free()
        slope = self.said.power * self.sample.gradient(self.mean)
        slope += self.belief.precision * (self.mean - self.belief.mean)
        sd = 1.0 / np.sqrt(np.diag(self.curvature())[bound])
        return spread_on_bound(-np.maximum(slope[bound], 0.0) * sd**2, sd)


@dataclass(frozen=True, slots=True)
class BothSteps:
    """Both steps; arrays are over the columns of the second, `places` are theirs among all terms."""

    learning: Learning
    causes: Causes
    places: Integers
    sample: Sample
    belief: Belief
    mean: Floats
    said: Testimony
    finding: Finding

    def weights(self) -> Weights:
        terms, held = self.learning.terms, self.causes.held
        mean = np.zeros(len(terms))
        mean[self.causes.term[held]] = self.causes.mean[held]
        mean[self.places] = self.mean
        evidence = tuple(finding.evidence[at] for finding, at in self.findings())
        return Weights(terms, mean, self._covariance(), evidence)

    def findings(self) -> list[tuple[Finding, int]]:
        """For each term the finding that is about it, and where it stands in that."""
        where = {int(place): (self.finding, at) for at, place in enumerate(self.places)}
        where |= {int(term): (self.causes.finding, at) for at, term in enumerate(self.causes.term)}
        return [where[place] for place in range(len(self.learning.terms))]

    def _covariance(self) -> Floats:
        """The sandwich of both steps, accounts as witnesses: what the second inherits from the first is in it.

        Weights on their bound are as uncertain as a normal that is cut off at it.
        """
        causes, free = self.causes, self.causes.free()
        late = self.said.power * self.sample.information(self.mean) + np.diag(self.belief.precision)
        mixed = self.said.power * self.sample.information(self.mean, causes.sample.features) * causes.held
        early = causes.curvature()[np.ix_(free, free)]
        slopes = np.block([[early, np.zeros((len(early), len(late)))], [mixed[:, free], late]])
        first = causes.said.power * causes.sample.witness(causes.mean)[:, free]
        meat = crossed(np.hstack([first, self.said.power * self.sample.witness(self.mean)]))
        meat += np.diag(np.concatenate([causes.belief.precision[free], self.belief.precision]))
        inverse = np.linalg.inv(slopes)
        return self._in_order(inverse @ meat @ inverse.T)

    def _in_order(self, stacked: Floats) -> Floats:
        """Put the covariance of both steps' free weights in the order of the terms."""
        causes, free = self.causes, self.causes.free()
        places = np.concatenate([causes.term[free], self.places])
        kept = places != NO_TERM
        covariance = np.zeros((len(self.learning.terms),) * 2)
        covariance[np.ix_(places[kept], places[kept])] = stacked[np.ix_(kept, kept)]
        bound = causes.term[~free]
        covariance[bound, bound] = causes.spread_on_bound() ** 2
        return covariance


def beliefs(terms: tuple[Term, ...], priors: Mapping[str, Prior]) -> Belief:
    """What experts believe of each term's weight; friction never keeps customers."""
    known = [expert_prior(term, priors) for term in terms]
    return Belief(
        np.array([prior.mean for prior in known]),
        np.array([prior.sd**-2.0 for prior in known]),
        np.array([0.0 if term.kind is TermKind.FRICTION else -np.inf for term in terms]),
    )


def prior_scale(said: Testimony, belief: Belief, places: Integers) -> float:
    """How many times wider experts' beliefs of these weights have to be, for what the data say to be likely.

    The scale of the highest marginal likelihood, were the data's word normal: experts that the data contradict are
    believed less, all of them alike.
    """
    away = (said.weights - belief.mean)[places]
    noise = said.covariance[np.ix_(places, places)]

    def surprise(scale: float) -> float:
        spread = noise + np.diag(scale**2 / belief.precision[places])
        return float(np.linalg.slogdet(spread)[1] + away @ np.linalg.solve(spread, away))

    return min(SCALES, key=surprise) if len(places) else 1.0
