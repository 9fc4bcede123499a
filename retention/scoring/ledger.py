"""Whose points they are: a risk split exactly into baseline, departments, care and the rest.

Aumann-Shapley on the straight path from the baseline's log-odds z0 to z: term k with contribution
c_k gets c_k (p - p0) / (z - z0), in the limit c_k p (1 - p). Two figures are kept apart: a
*share* adds up to the risk; *without it* is the risk rescored, and does not add up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from retention.scoring.engine import (
    Evidence,
    Floats,
    Inputs,
    Scores,
    Term,
    TermKind,
    Weights,
    score,
)

SYMPTOM_REASON: Final = "falling order rhythm: a symptom, cause unknown"
RECOVERING: Final = "Recovering order rhythm"
RECOVERING_REASON: Final = "recovering order rhythm: a symptom, cause unknown"
NO_EVIDENCE_REASON: Final = "enough data, and no evidence that this makes accounts leave"
NEAR_ZERO: Final = 1e-3


class LineKind(StrEnum):
    BASELINE = "baseline"
    DEPARTMENT = "department"
    CARE = "care"
    NOT_ATTRIBUTED = "not_attributed"


def secant(z0: Floats, change: Floats) -> Floats:
    """(sigmoid(z0 + change) - sigmoid(z0)) / change, also where change is 0 or huge. Shape (n,).

    Written as sinh(d/2) / (d/2) / (4 cosh(z/2) cosh(z0/2)), in logarithms: the plain quotient
    loses all digits where the change is small, and the hyperbolic one overflows where it is not.
    """
    half = np.abs(change) / 2.0
    small = half < NEAR_ZERO
    safe = np.where(small, 1.0, half)
    log_ratio = safe + np.log(-np.expm1(-2.0 * safe)) - np.log(2.0 * safe)
    series = np.log1p(half**2 / 6.0 + half**4 / 120.0)
    log_sinhc = np.where(small, series, log_ratio)
    log_cosines = _log_cosh((z0 + change) / 2.0) + _log_cosh(z0 / 2.0)
    return np.asarray(np.exp(log_sinhc - log_cosines - np.log(4.0)), dtype=np.float64)


def _log_cosh(value: Floats) -> Floats:
    size = np.abs(value)
    return np.asarray(size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of an account's ledger: points of risk (0.27 is 27 points) and money a year.

    `department` is the slug of who answers for it, if anyone; `reason` says why nobody does.
    """

    key: str
    label: str
    kind: LineKind
    points: float
    money: float
    department: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, str | float]:
        return {**asdict(self), "kind": self.kind.value}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledgers of n accounts: `baseline` (n,) and `points` (n, K), 0 for baseline terms.

    `charged` (K,) says which terms somebody answers for; the points of the others are not
    attributed.
    """

    terms: tuple[Term, ...]
    baseline: Floats
    points: Floats
    charged: npt.NDArray[np.bool_]
    reasons: tuple[str, ...]

    @property
    def risk(self) -> Floats:
        """What the lines add up to. Shape (n,)."""
        return np.asarray(self.baseline + self.points.sum(axis=1), dtype=np.float64)

    @property
    def charged_points(self) -> Floats:
        """`points` with 0 where nobody is charged. Shape (n, K)."""
        return np.where(self.charged, self.points, 0.0)

    @property
    def not_attributed(self) -> Floats:
        """The points that nobody answers for. Shape (n,)."""
        return np.asarray(np.where(self.charged, 0.0, self.points).sum(axis=1), dtype=np.float64)

    def department_points(self, keys: Collection[str]) -> Floats:
        """The points charged to the departments whose term keys these are. Shape (n, D)."""
        positions = {term.key: position for position, term in enumerate(self.terms)}
        places = [positions[key] for key in keys]
        return np.where(self.charged[places], self.points[:, places], 0.0)

    def lines(self, row: int, annual_revenue: float) -> list[LedgerLine]:
        """The ledger of one account, baseline first; lines without points are left out."""
        points = self.points[row].tolist()
        return _lines(self.terms, self.reasons, float(self.baseline[row]), points, annual_revenue)


def stored_lines(weights: Weights, baseline: float, points: Sequence[float], annual_revenue: float) -> list[LedgerLine]:
    """The ledger of one account from points that were kept, by the weights that made them."""
    return _lines(weights.terms, _reasons(weights), baseline, points, annual_revenue)


def _lines(
    terms: Sequence[Term], reasons: Sequence[str], baseline: float, points: Sequence[float], revenue: float
) -> list[LedgerLine]:
    start = LedgerLine("baseline", "Baseline, no friction", LineKind.BASELINE, baseline, baseline * revenue)
    told = zip(terms, reasons, points, strict=True)
    return [start, *(_line(term, reason, added, revenue) for term, reason, added in told if added)]


def _line(term: Term, reason: str, points: float, revenue: float) -> LedgerLine:
    label = term.label
    if term.kind is TermKind.SYMPTOM and points < 0.0:
        label, reason = RECOVERING, RECOVERING_REASON
    return LedgerLine(term.key, label, _line_kind(term, reason), points, points * revenue, term.department, reason)


def _line_kind(term: Term, reason: str) -> LineKind:
    if reason:
        return LineKind.NOT_ATTRIBUTED
    return LineKind.CARE if term.kind is TermKind.CARE else LineKind.DEPARTMENT


def not_attributed_reason(term: Term, evidence: Evidence) -> str:
    """Why nobody answers for the points of a term; empty where somebody does."""
    if term.kind is TermKind.SYMPTOM:
        return SYMPTOM_REASON
    return NO_EVIDENCE_REASON if evidence is Evidence.NO_EVIDENCE else ""


def _reasons(weights: Weights) -> tuple[str, ...]:
    pairs = zip(weights.terms, weights.evidence, strict=True)
    return tuple(not_attributed_reason(term, evidence) for term, evidence in pairs)


def build_ledger(scores: Scores, weights: Weights) -> Ledger:
    """Split the risk of n accounts; the lines add up to it to rounding (1e-9)."""
    reasons = _reasons(weights)
    # Adding zero turns the -0.0 of a negative weight without a feature into 0.0.
    points = scores.contributions * secant(scores.z0, scores.change)[:, None] + 0.0
    points[:, weights.columns(TermKind.BASELINE)] = 0.0
    charged = np.array([not reason for reason in reasons], dtype=np.bool_)
    return Ledger(weights.terms, scores.baseline, points, charged, reasons)


def shares_of_points(
    points: Floats,
    loads: Floats,
    rows: npt.NDArray[np.intp],
    departments: npt.NDArray[np.intp],
    parts: Floats,
) -> Floats:
    """The points of m parts of departments' loads (single incidents, or types). Shape (m,).

    `points` and `loads` are (n, D); part i is `parts[i]` of `loads[rows[i], departments[i]]`, and
    gets the same part of that department's points.
    """
    whole = loads[rows, departments]
    ratio = np.divide(parts, whole, out=np.zeros_like(parts), where=whole > 0.0)
    return points[rows, departments] * ratio


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Risks of n accounts as they are and as the model would see them without something.

    Model-based, not proven causal; `saved` of several things does not add up.
    """

    before: Floats
    after: Floats

    @property
    def saved(self) -> Floats:
        return self.before - self.after

    def money_kept(self, annual_revenue: Floats) -> Floats:
        return self.saved * annual_revenue


def without_terms(scores: Scores, weights: Weights, keys: Collection[str]) -> WhatIf:
    """Rescore n accounts with whole terms gone; raises KeyError for a term unknown to the model."""
    unknown = set(keys) - set(weights.keys)
    if unknown:
        raise KeyError(f"The model has no term {', '.join(sorted(unknown))}.")
    gone = [position for position, key in enumerate(weights.keys) if key in keys]
    after = scores.z - scores.contributions[:, gone].sum(axis=1)
    return WhatIf(scores.risk, np.asarray(expit(after), dtype=np.float64))


def without_loads(inputs: Inputs, weights: Weights, removed: Floats) -> WhatIf:
    """Rescore n accounts with parts of their friction gone; `removed` is (n, D), like the loads."""
    before = score(inputs, weights)
    # Rounding must not leave a trace of friction below nothing.
    left = np.maximum(inputs.loads - removed, 0.0)
    after = score(inputs.with_loads(left), weights)
    return WhatIf(before.risk, after.risk)
