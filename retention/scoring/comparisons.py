"""Whom a model must beat: simple rules, BG/NBD and gradient boosting, each learned from the same past.

A contender is given what was known by a moment, outcomes included, and answers with the risk of other account-months.
Accounts under contract and accounts that buy by order are learned apart, so that no rule is made worse than it is.
Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import expit

from retention.scoring import boosting
from retention.scoring.engine import Floats, ScoringModel, flattened, score
from retention.scoring.metrics import Bools
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import OrderFacts
from retention.scoring.rhythm_fit import fit_rhythm, start_rhythm

Predict = Callable[[Panel], Floats]
Learn = Callable[[Panel], Predict]
Features = Callable[[Panel], Floats]

# Half a leaver and half a stayer are added to every rate: nothing is ever certain after few accounts.
HALF: Final = 0.5
RIDGE: Final = 1.0
NEWTON_STEPS: Final = 50
CLOSE_ENOUGH: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who learns from known account-months and then says a risk for others."""

    key: str
    label: str
    learn: Learn


def rate(left: Bools) -> float:
    """The share that left, with half an account more on either side."""
    return float((left.sum() + HALF) / (len(left) + 2 * HALF))


def logit_of(features: Floats, left: Bools) -> Callable[[Floats], Floats]:
    """Fit a logit by Newton's method, with a weak ridge on standardised features; return what it predicts.

    `features` is (m, F), without a constant. With outcomes of one sort alone it predicts their rate.
    """
    means, spreads = features.mean(axis=0), features.std(axis=0)
    spreads = np.where(spreads > CLOSE_ENOUGH, spreads, np.inf)
    design = _standard(features, means, spreads)
    if left.all() or not left.any():
        return lambda asked: np.full(len(asked), rate(left))
    weights = _newton(design, left.astype(np.float64))
    return lambda asked: np.asarray(expit(_standard(asked, means, spreads) @ weights), dtype=np.float64)


def _standard(features: Floats, means: Floats, spreads: Floats) -> Floats:
    return np.column_stack([np.ones(len(features)), (features - means) / spreads])


def _newton(design: Floats, left: Floats) -> Floats:
    ridge = np.diag([0.0] + [RIDGE] * (design.shape[1] - 1))
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(rate(left > 0) / (1.0 - rate(left > 0)))
    for _ in range(NEWTON_STEPS):
        risk = expit(design @ weights)
        slope = design.T @ (left - risk) - ridge @ weights
        step = np.linalg.solve((design * (risk * (1.0 - risk))[:, None]).T @ design + ridge, slope)
        weights = weights + step
        if np.abs(step).max() < CLOSE_ENOUGH:
            break
    return weights


def logit(key: str, label: str, features: Features) -> Contender:
    """A contender that fits a logit on some features, for contracts and orders apart."""

    def learn(known: Panel) -> Predict:
        return apart(known, lambda part: _asking(logit_of(features(part), part.left), features))

    return Contender(key, label, learn)


def _asking(predict: Callable[[Floats], Floats], features: Features) -> Predict:
    return lambda asked: predict(features(asked))


def apart(known: Panel, learn: Learn) -> Predict:
    """Learn contracts and orders each on their own; what was never seen gets the rate of all that was."""
    usual = rate(known.left)
    predicts = {kind: learn(part) for kind in (False, True) if len(part := known.chosen(known.is_contract == kind))}

    def predict(asked: Panel) -> Floats:
        risk = np.full(len(asked), usual)
        for kind, one in predicts.items():
            which = asked.is_contract == kind
            if which.any():
                risk[which] = one(asked.chosen(which))
        return risk

    return predict


def _silence(panel: Panel) -> Floats:
    return np.column_stack([np.log1p(panel.now.days_since_last), panel.now.has_ordered])


def _recency_frequency_money(panel: Panel) -> Floats:
    money = np.log1p(np.maximum(panel.now.revenue_in_a_year, 0.0))
    return np.column_stack([_silence(panel), np.log1p(panel.now.orders_in_a_year), money])


def bgnbd(horizon_days: float) -> Contender:
    """P(no order in the horizon), in closed form; it says nothing of contracts, which get the rate of contracts."""

    def learn(known: Panel) -> Predict:
        latest = known.chosen(~known.is_contract & (known.origin == known.origin.max()))
        if not (latest.now.repeat_orders > 0).any():
            return apart(known, _the_rate)
        fitted = start_rhythm(*_watched(latest.now)).bgnbd

        def orders(asked: Panel) -> Floats:
            return fitted.probability_of_no_order(*_watched(asked.now), horizon_days)

        return apart(known, lambda part: _the_rate(part) if part.is_contract.all() else orders)

    return Contender("bgnbd", "BG/NBD", learn)


def _the_rate(known: Panel) -> Predict:
    usual = rate(known.left)
    return lambda asked: np.full(len(asked), usual)


def _watched(facts: OrderFacts) -> tuple[Floats, Floats, Floats]:
    return facts.repeat_orders, facts.first_to_last_days, facts.days_since_first


def _everything(panel: Panel) -> Floats:
    """All that the model knows, and the plain facts behind it; boosting finds its own shapes."""
    renewal = np.minimum(panel.days_to_renewal, 1e4)
    plain = [getattr(facts, name) for facts in (panel.now, panel.before) for name in OrderFacts.__slots__]
    loads = flattened(panel.inputs.loads, panel.inputs.exposure)
    care = list(panel.inputs.care.values())
    kind = panel.is_contract.astype(np.float64)
    return np.column_stack([*plain, *care, loads, panel.inputs.exposure, panel.tenure_days, renewal, kind])


def learn_boosting(known: Panel) -> Predict:
    """Gradient boosting on everything known; raises BoostingMissing where scikit-learn is not installed."""
    return _asking(boosting.fit(_everything(known), known.left), _everything)


def learned_rhythm(known: Panel, model: ScoringModel) -> ScoringModel:
    """The model with the rhythm that these account-months teach; its weights stay as they are.

    Where all fell silent, or none, the model's own rhythm stays.
    """
    orders = known.chosen(~known.is_contract)
    if not len(orders) or orders.left.all() or not orders.left.any() or not (orders.now.repeat_orders > 0).any():
        return model
    latest = orders.chosen(orders.origin == orders.origin.max())
    start = start_rhythm(*_watched(latest.now if (latest.now.repeat_orders > 0).any() else orders.now))
    return replace(model, rhythm=fit_rhythm(orders.now, orders.left, model.horizon_days, start=start))


def risk_by(model: ScoringModel) -> Predict:
    """What a model says of account-months."""
    return lambda asked: score(asked.by_model(model).inputs, model.weights).risk


def as_stored(key: str, label: str, model: ScoringModel) -> Contender:
    """A model as it is: it learns nothing more."""
    return Contender(key, label, lambda known: risk_by(model))


def relearned(
    key: str, label: str, model: ScoringModel, fit: Callable[[Panel, ScoringModel], ScoringModel]
) -> Contender:
    """A model as its way of learning would have made it from what was known."""
    return Contender(key, label, lambda known: risk_by(fit(known, model)))


def simple_rules(horizon_days: float) -> tuple[Contender, ...]:
    """What anybody could do without this program, from the simplest on."""
    return (
        logit("silence", "Days since the last order", _silence),
        logit("rfm", "RFM logit", _recency_frequency_money),
        bgnbd(horizon_days),
    )


BOOSTING: Final = Contender("boosting", "Gradient boosting", learn_boosting)
