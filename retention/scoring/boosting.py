"""Gradient boosting by scikit-learn, which is optional: only the comparison in backtests asks for it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MODULE = "sklearn.ensemble"
THREADS = "threadpoolctl"
REQUIREMENTS = "requirements-boosting.txt"


class BoostingMissing(Exception):  # noqa: N818 - it reads as what it says
    """Raised where scikit-learn is not installed."""


def is_installed() -> bool:
    """Whether scikit-learn can be asked."""
    return importlib.util.find_spec(MODULE.partition(".")[0]) is not None


def fit(features: Floats, left: npt.NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """Fit boosted trees to m outcomes, `features` (m, F); return what they predict. The same data give the same trees.

    Raises BoostingMissing without scikit-learn. With outcomes of one sort alone it predicts their rate.
    """
    if not is_installed():
        raise BoostingMissing(f"scikit-learn is not installed: pip install -r {REQUIREMENTS}")
    if left.all() or not left.any():
        return lambda asked: np.full(len(asked), float(left.mean()))
    # Loaded here and not with this module: it takes a second and 100 MB that no worker should pay for scoring.
    trees = importlib.import_module(MODULE).HistGradientBoostingClassifier(
        learning_rate=0.07, max_iter=100, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=1.0, random_state=1
    )
    # Its threads wait for each other by spinning: beside other work, several take five times as long as one.
    with importlib.import_module(THREADS).threadpool_limits(limits=1):
        trees.fit(features, left)
    return lambda asked: np.asarray(trees.predict_proba(asked)[:, 1], dtype=np.float64)
