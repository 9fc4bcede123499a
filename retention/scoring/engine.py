"""From friction, care and rhythm to a risk with a range: log-odds that add up.

Arrays have one row per account: n accounts, K terms, D departments. Nothing here knows a database
or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from retention.scoring.rhythm import ContractBase, Rhythm

Floats = npt.NDArray[np.float64]

# Eight of ten accounts lie within the displayed range, if the weights' uncertainty is right.
RANGE_Z: Final = 1.2816


class TermKind(StrEnum):
    BASELINE = "baseline"
    FRICTION = "friction"
    CARE = "care"
    SYMPTOM = "rhythm_since"


class Evidence(StrEnum):
    ASSUMED = "assumed"
    SUPPORTED = "supported"
    NO_EVIDENCE = "no_evidence"


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of the log-odds. `department` is the slug of who answers for it, if anyone."""

    key: str
    kind: TermKind
    label: str
    department: str = ""


@dataclass(frozen=True, slots=True)
class Prior:
    """What experts believe of one weight before data: mean and standard deviation, in log-odds."""

    mean: float
    sd: float


# As much weighted friction as there are orders (a rate of one) makes the odds of leaving fourfold.
FRICTION_PRIOR: Final = Prior(2.0, 1.0)
INTERCEPT: Final = Term("intercept", TermKind.BASELINE, "Level of this company")
RHYTHM_BEFORE: Final = Term("rhythm_before", TermKind.BASELINE, "Order rhythm before")
CONTRACT: Final = Term("contract", TermKind.BASELINE, "Tenure and renewal of the contract")
CONTRACT_LEVEL: Final = Term("contract_level", TermKind.BASELINE, "Level of contracts")
RHYTHM_SINCE: Final = Term("rhythm_since", TermKind.SYMPTOM, "Falling order rhythm")
CARE_TERMS: Final = (
    Term("care:contact_overdue", TermKind.CARE, "Contact overdue"),
    Term("care:innovation_gap", TermKind.CARE, "No new innovation in use", "product_development"),
    Term("care:broken_promises", TermKind.CARE, "Broken promises", "product_development"),
    Term("care:breadth", TermKind.CARE, "Breadth of services", "sales"),
)

EXPERT_PRIORS: Final[Mapping[str, Prior]] = {
    "intercept": Prior(0.0, 0.3),
    "rhythm_before": Prior(1.0, 0.15),
    "contract": Prior(1.0, 0.15),
    "contract_level": Prior(0.0, 0.3),
    "rhythm_since": Prior(1.0, 0.25),
    "care:contact_overdue": Prior(0.3, 0.15),
    "care:innovation_gap": Prior(0.2, 0.1),
    "care:broken_promises": Prior(0.4, 0.2),
    "care:breadth": Prior(-0.25, 0.12),
}

# Segments differ from the whole company by so much: in level, and in how far their rhythm is believed.
SEGMENT_LEVEL_PRIOR: Final = Prior(0.0, 0.5)
SEGMENT_RHYTHM_PRIOR: Final = Prior(0.0, 0.15)
SEGMENT: Final = "segment:"
SEGMENT_RHYTHM: Final = "segment_rhythm:"
# Near the usual baseline, so that a segment's level and its slope say different things.
USUAL_LOG_ODDS: Final = -2.0


def department_key(slug: str) -> str:
    """The key of a department's friction term."""
    return f"department:{slug}"


def friction_term(slug: str, name: str) -> Term:
    """The friction term of one department."""
    return Term(department_key(slug), TermKind.FRICTION, name, slug)


def segment_terms(name: str) -> tuple[Term, Term]:
    """What a segment adds to the baseline: its own level, and how far its rhythm is believed."""
    level = Term(f"{SEGMENT}{name}", TermKind.BASELINE, f"Level of {name}")
    return level, Term(f"{SEGMENT_RHYTHM}{name}", TermKind.BASELINE, f"Rhythm of {name}")


def segments_of(terms: Iterable[Term]) -> tuple[str, ...]:
    """The segments that have terms of their own."""
    return tuple(term.key.removeprefix(SEGMENT) for term in terms if term.key.startswith(SEGMENT))


def standard_terms(departments: Mapping[str, str]) -> tuple[Term, ...]:
    """All terms of a model, in order; `departments` gives the name of each slug."""
    friction = (friction_term(slug, name) for slug, name in departments.items())
    return (INTERCEPT, RHYTHM_BEFORE, CONTRACT, *friction, *CARE_TERMS, RHYTHM_SINCE)


def expert_prior(term: Term, priors: Mapping[str, Prior]) -> Prior:
    """The belief that a term starts from: as configured, else ours."""
    if term.key.startswith(SEGMENT):
        return SEGMENT_LEVEL_PRIOR
    if term.key.startswith(SEGMENT_RHYTHM):
        return SEGMENT_RHYTHM_PRIOR
    return priors.get(term.key) or EXPERT_PRIORS.get(term.key, FRICTION_PRIOR)


@dataclass(frozen=True, slots=True)
class Weights:
    """The posterior of the K weights: `mean` (K,), `covariance` (K, K), evidence of each."""

    terms: tuple[Term, ...]
    mean: Floats
    covariance: Floats
    evidence: tuple[Evidence, ...]

    def __post_init__(self) -> None:
        count = len(self.terms)
        shapes = (self.mean.shape, self.covariance.shape, len(self.evidence))
        if shapes != ((count,), (count, count), count):
            raise ValueError(f"{count} terms do not fit weights of the shapes {shapes}.")

    @classmethod
    def from_experts(cls, terms: Iterable[Term], priors: Mapping[str, Prior] = MappingProxyType({})) -> Self:
        """The weights of a company without history: the priors alone, all of them assumed.

        `priors` by term key replace the built-in ones.
        """
        kept = tuple(terms)
        beliefs = [expert_prior(term, priors) for term in kept]
        mean = np.array([belief.mean for belief in beliefs], dtype=np.float64)
        variance = np.array([belief.sd**2 for belief in beliefs], dtype=np.float64)
        return cls(kept, mean, np.diag(variance), (Evidence.ASSUMED,) * len(kept))

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(term.key for term in self.terms)

    def standard_deviations(self) -> Floats:
        return np.sqrt(np.diag(self.covariance))

    def columns(self, *kinds: TermKind) -> npt.NDArray[np.intp]:
        """Where the terms of these kinds stand."""
        return np.flatnonzero([term.kind in kinds for term in self.terms])

    def extended_with(self, terms: Iterable[Term], priors: Mapping[str, Prior] = MappingProxyType({})) -> Weights:
        """These weights and, for terms they do not know yet, the experts' prior."""
        new = [term for term in terms if term.key not in self.keys]
        added = Weights.from_experts(new, priors)
        known, total = len(self.terms), len(self.terms) + len(new)
        covariance = np.zeros((total, total))
        covariance[:known, :known] = self.covariance
        covariance[known:, known:] = added.covariance
        return Weights(
            self.terms + added.terms,
            np.concatenate([self.mean, added.mean]),
            covariance,
            self.evidence + added.evidence,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and strings, fit for JSON."""
        return {
            "terms": [{**asdict(term), "kind": term.kind.value} for term in self.terms],
            "mean": self.mean.tolist(),
            "covariance": self.covariance.tolist(),
            "evidence": [evidence.value for evidence in self.evidence],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_dict` wrote; raises KeyError or ValueError on anything else."""
        terms = tuple(Term(**{**t, "kind": TermKind(t["kind"])}) for t in stored["terms"])
        covariance = np.array(stored["covariance"], dtype=np.float64)
        return cls(
            terms,
            np.array(stored["mean"], dtype=np.float64),
            covariance.reshape(len(terms), len(terms)),
            tuple(Evidence(evidence) for evidence in stored["evidence"]),
        )


@dataclass(frozen=True, slots=True)
class ScoringModel:
    """Everything that turns features into a risk, within `horizon_days`.

    `window_days` is how far back friction is asked for; rhythm before it is part of the baseline.
    """

    weights: Weights
    rhythm: Rhythm = field(default_factory=Rhythm)
    contract: ContractBase = field(default_factory=ContractBase)
    horizon_days: float = 90.0
    window_days: float = 180.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "weights": self.weights.to_dict(),
            "rhythm": self.rhythm.to_dict(),
            "contract": self.contract.to_dict(),
            "horizon_days": self.horizon_days,
            "window_days": self.window_days,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            Weights.from_dict(stored["weights"]),
            Rhythm.from_dict(stored["rhythm"]),
            ContractBase(**stored["contract"]),
            float(stored["horizon_days"]),
            float(stored["window_days"]),
        )


@dataclass(frozen=True, slots=True)
class Inputs:
    """The features of n accounts at one moment.

    `rhythm_before` and `contract` are log-odds, each 0 for accounts of the other sort. `loads`
    (n, D) is, per department of `departments`, the sum of share x weight x severity x decay;
    `exposure` the decayed number of orders; `care` one array per care term, by key, 0 where
    nothing is known; `rhythm_since` the change of the rhythm's log-odds since the window began;
    `segments` 1 for the accounts of each segment that the model has terms of, else 0.
    """

    rhythm_before: Floats
    contract: Floats
    departments: tuple[str, ...]
    loads: Floats
    exposure: Floats
    care: Mapping[str, Floats]
    rhythm_since: Floats
    segments: Mapping[str, Floats] = field(default_factory=dict)

    def with_loads(self, loads: Floats) -> Inputs:
        """The same accounts with other friction."""
        return replace(self, loads=loads)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of n accounts: log-odds, risks, the 80 % range, contributions (n, K)."""

    z: Floats
    z0: Floats
    change: Floats
    risk: Floats
    baseline: Floats
    low: Floats
    high: Floats
    contributions: Floats

    @property
    def are_finite(self) -> npt.NDArray[np.bool_]:
        """Which accounts' features were all numbers. Shape (n,)."""
        return np.isfinite(self.z)


def flattened(loads: Floats, exposure: Floats) -> Floats:
    """g(A / (1 + E)): friction per order, with diminishing returns. Shape of `loads` (n, D)."""
    rate = np.maximum(loads, 0.0) / (1.0 + np.maximum(exposure, 0.0))[:, None]
    return np.asarray(np.log1p(rate), dtype=np.float64)


def design_matrix(inputs: Inputs, terms: tuple[Term, ...]) -> Floats:
    """The features f (n, K) that the weights multiply.

    Raises ValueError where a department with friction has no term.
    """
    known = {term.key for term in terms}
    missing = [slug for slug in inputs.departments if department_key(slug) not in known]
    if missing:
        raise ValueError(f"The model has no term for {', '.join(missing)}.")
    friction = flattened(inputs.loads, inputs.exposure)
    baseline = inputs.rhythm_before + inputs.contract - USUAL_LOG_ODDS
    columns: dict[str, Floats] = {
        INTERCEPT.key: np.ones_like(inputs.rhythm_before),
        RHYTHM_BEFORE.key: inputs.rhythm_before,
        CONTRACT.key: inputs.contract,
        CONTRACT_LEVEL.key: (inputs.contract != 0.0).astype(np.float64),
        RHYTHM_SINCE.key: inputs.rhythm_since,
        **{department_key(slug): friction[:, d] for d, slug in enumerate(inputs.departments)},
        **inputs.care,
        **{f"{SEGMENT}{name}": member for name, member in inputs.segments.items()},
        **{f"{SEGMENT_RHYTHM}{name}": member * baseline for name, member in inputs.segments.items()},
    }
    # A term's numbers lie side by side: they are filled in, and later written, term by term.
    features = np.zeros((len(terms), len(inputs.rhythm_before)))
    for position, term in enumerate(terms):
        if term.key in columns:
            features[position] = columns[term.key]
    return features.T


def score(inputs: Inputs, weights: Weights) -> Scores:
    """Score n accounts; memory is O(n K), so callers choose n (some ten thousand).

    Raises ValueError where a department with friction has no term. A feature that is not a finite number makes the
    scores of its account so, and of no other: `Scores.are_finite` tells.
    """
    return score_features(design_matrix(inputs, weights.terms), weights)


def score_features(features: Floats, weights: Weights) -> Scores:
    """Score n accounts whose features (n, K) are already laid out along the weights' terms."""
    contributions = features * weights.mean
    is_base = np.zeros(len(weights.terms), dtype=np.bool_)
    is_base[weights.columns(TermKind.BASELINE)] = True
    z0 = features @ np.where(is_base, weights.mean, 0.0)
    # Summed on its own and not as z - z0: the ledger divides by it.
    change = features @ np.where(is_base, 0.0, weights.mean)
    z = z0 + change
    variance = np.einsum("ij,ij->i", features @ weights.covariance, features)
    spread = RANGE_Z * np.sqrt(np.maximum(variance, 0.0))
    risk, baseline, low, high = (expit(odds) for odds in (z, z0, z - spread, z + spread))
    return Scores(z, z0, change, risk, baseline, low, high, contributions)
