"""Random accounts, models and loads for the property tests of the pure core."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from retention.scoring.engine import CARE_TERMS, Evidence, Inputs, Weights, standard_terms

DEPARTMENTS = {"shipping": "Shipping", "billing": "Billing", "warranty": "Warranty"}
KEYS = tuple(f"department:{slug}" for slug in DEPARTMENTS)

log_odds = st.floats(-9, 9)
loads = st.one_of(st.just(0.0), st.floats(1e-12, 1e-6), st.floats(0, 50))


def column(draw: st.DrawFn, values: st.SearchStrategy[float], n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=np.float64)


@st.composite
def companies(draw: st.DrawFn) -> Inputs:
    n = draw(st.integers(1, 6))
    friction = column(draw, loads, n * len(DEPARTMENTS)).reshape(n, len(DEPARTMENTS))
    return Inputs(
        rhythm_before=column(draw, log_odds, n),
        contract=column(draw, log_odds, n),
        departments=tuple(DEPARTMENTS),
        loads=friction,
        exposure=column(draw, st.floats(0, 200), n),
        care={term.key: column(draw, st.floats(-3, 3), n) for term in CARE_TERMS},
        rhythm_since=column(draw, st.floats(-18, 18), n),
    )


@st.composite
def weights(draw: st.DrawFn) -> Weights:
    experts = Weights.from_experts(standard_terms(DEPARTMENTS))
    mean = column(draw, st.floats(0, 8), len(experts.terms))
    evidence = draw(st.lists(st.sampled_from(Evidence), min_size=len(experts.terms), max_size=len(experts.terms)))
    return Weights(experts.terms, mean, experts.covariance, tuple(evidence))
