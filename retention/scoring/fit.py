"""Learning the weights from the company's own history: causes first, symptoms after, beliefs in between.

A panel (n account-months) goes in, a model comes out that scores as any other does, with what the data alone say of
each weight beside it. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from retention.scoring.causes_first import BothSteps, Learning
from retention.scoring.engine import CONTRACT, CONTRACT_LEVEL, Prior, ScoringModel, Term, segment_terms
from retention.scoring.evidence import Finding
from retention.scoring.half_lives import HalfLife, profiled
from retention.scoring.logit import Floats, Integers
from retention.scoring.panel_arrays import Panel, Truths
from retention.scoring.rhythm import ContractBase, Rhythm
from retention.scoring.rhythm_fit import fit_contract, fit_rhythm, start_rhythm

# Below this many accounts that left, or stayed, nothing is learned at all.
LEAST_TO_LEARN: Final = 50
LEAST_REPEATING: Final = 200


class TooFewLeavers(ValueError):  # noqa: N818 - named for what it says
    """The history holds too little to learn from; the sentence says how much there is."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a weight was learned from: value, 95 % interval and foresight by the data alone, and experts' prior."""

    key: str
    value: float
    low: float
    high: float
    foresight: float | None
    prior_mean: float
    prior_sd: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a fit stands on.

    `power` is how much of each account-month's weight counts, since an account's months repeat each other;
    `prior_scale` how many times less sure experts were taken to be than they say; `half_lives` what is said of each
    department's.
    """

    account_months: int
    accounts: int
    leavers: int
    first_origin: str
    last_origin: str
    power: float
    prior_scale: float
    half_lives: tuple[HalfLife, ...]
    learned: tuple[Learned, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, fit for JSON."""
        lists = {name: [asdict(row) for row in getattr(self, name)] for name in ("half_lives", "learned")}
        return asdict(self) | lists


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model learned from history, and what it stands on."""

    model: ScoringModel
    report: Report


def fit(panel: Panel, *, start: ScoringModel, priors: Mapping[str, Prior] = MappingProxyType({})) -> Fitted:
    """Learn rhythm, base rate and weights from n account-months; `start` gives the terms, horizon and window.

    `priors` by term key replace the experts' built-in ones. Raises TooFewLeavers where nothing can be learned.
    """
    _demand_leavers(panel)
    first = learned_baseline(panel, start, np.zeros(len(panel)))
    terms = _terms(start.weights.terms, panel)
    learning = Learning.of(panel.by_model(first), terms, priors, start.horizon_days)
    causes = learning.causes(_nuisance(panel.by_model(first), first))
    # Once more, now that it is known what the causes explain: whoever buys more meets more friction.
    base = learned_baseline(panel, first, causes.log_odds())
    both = learning.with_baseline(panel.by_model(base)).symptoms(causes)
    half_lives = profiled(panel, terms, causes, start.horizon_days)
    return Fitted(replace(base, weights=both.weights()), _report(panel, both, half_lives))


def _demand_leavers(panel: Panel) -> None:
    accounts, leavers = len(np.unique(panel.account_id)), panel.leavers
    if min(leavers, accounts - leavers) < LEAST_TO_LEARN:
        raise TooFewLeavers(
            f"Of {accounts:,} accounts {leavers:,} left in the time that can be learned from; {LEAST_TO_LEARN} that "
            f"left and {LEAST_TO_LEARN} that stayed are needed. The experts' weights stay in force."
        )


def _terms(terms: tuple[Term, ...], panel: Panel) -> tuple[Term, ...]:
    """The terms to be fitted: those of the start, the level of contracts, and the segments'."""
    kept = [term for term in terms if not term.key.startswith("segment")]
    kept = [term for term in kept if term.key != CONTRACT_LEVEL.key]
    place = next((at for at, term in enumerate(kept) if term.key == CONTRACT.key), len(kept) - 1) + 1
    groups = [name for name in panel.segments if name] if len(panel.segments) > 1 else []
    added = [CONTRACT_LEVEL, *(term for name in groups for term in segment_terms(name))]
    return (*kept[:place], *added, *kept[place:])


def learned_baseline(panel: Panel, start: ScoringModel, causes: Floats) -> ScoringModel:
    """The same model with rhythm and contracts' base rate learned from the panel, where there is enough of either.

    `causes` (n,) are the log-odds that friction and care give each row, held.
    """
    order, under_contract = ~panel.is_contract, panel.is_contract
    rhythm, contract = start.rhythm, start.contract
    if _is_enough(panel.left[order]):
        rhythm = _learned_rhythm(panel.chosen(order), start, causes[order])
    if _is_enough(panel.left[under_contract]):
        rows = panel.chosen(under_contract)
        facts, offset = rows.contract_facts, causes[under_contract]
        contract = fit_contract(facts, rows.left, start.horizon_days, start=ContractBase(), offset=offset)
    return replace(start, rhythm=rhythm, contract=contract)


def _is_enough(left: Truths) -> bool:
    return bool(min(left.sum(), (~left).sum()) >= LEAST_TO_LEARN)


def _learned_rhythm(by_order: Panel, start: ScoringModel, causes: Floats) -> Rhythm:
    newest = _last_rows(by_order)
    known = by_order.now.repeat_orders, by_order.now.first_to_last_days, by_order.now.days_since_first
    x, t_x, watched = (column[newest] for column in known)
    if np.count_nonzero(x) < LEAST_REPEATING:
        return start.rhythm
    rhythm = start_rhythm(x, t_x, watched)
    return fit_rhythm(by_order.now, by_order.left, start.horizon_days, start=rhythm, offset=causes)


def _nuisance(rows: Panel, model: ScoringModel) -> Floats:
    """What tells accounts apart apart from their friction, beside the baseline's own columns: shape (n, L).

    The facts that rhythm and base rate are made of, and how much an account has ordered lately, which friction is
    counted against: no department is blamed, or let off, for how busy its customers are. Each has mean 0 and standard
    deviation 1.
    """
    facts = rows.before
    parts = [(~rows.is_contract, column) for column in model.rhythm.features(facts, model.horizon_days).values()]
    parts += [
        (rows.is_contract, column)
        for column in model.contract.features(rows.contract_facts, model.horizon_days).values()
    ]
    exposure = np.log1p(rows.inputs.exposure)
    parts += [(~rows.is_contract, exposure), (rows.is_contract, exposure)]
    table = np.stack([np.where(who, column, 0.0) for who, column in parts], axis=1)
    table = table - table.mean(axis=0)
    spread = table.std(axis=0)
    return np.asarray(table[:, spread > 1e-9] / spread[spread > 1e-9], dtype=np.float64)


def _last_rows(panel: Panel) -> Integers:
    """The position of each account's newest row."""
    reverse = np.arange(len(panel))[::-1]
    _, first = np.unique(panel.account_id[::-1], return_index=True)
    return np.asarray(reverse[first], dtype=np.int64)


def _report(panel: Panel, both: BothSteps, half_lives: tuple[HalfLife, ...]) -> Report:
    learning = both.learning
    priors = [
        Prior(mean, variance**-0.5)
        for mean, variance in zip(learning.belief.mean.tolist(), learning.belief.precision.tolist(), strict=True)
    ]
    rows = zip(learning.terms, both.findings(), priors, strict=True)
    return Report(
        account_months=len(panel),
        accounts=len(np.unique(panel.account_id)),
        leavers=panel.leavers,
        first_origin=panel.origins[int(panel.origin.min())].isoformat(),
        last_origin=panel.origins[int(panel.origin.max())].isoformat(),
        power=both.causes.said.power,
        prior_scale=both.causes.prior_scale,
        half_lives=half_lives,
        learned=tuple(_learned(term.key, *found, prior) for term, found, prior in rows),
    )


def _learned(key: str, finding: Finding, at: int, prior: Prior) -> Learned:
    gain = float(finding.foresight[at])
    return Learned(
        key,
        float(finding.weights[at]),
        float(finding.low[at]),
        float(finding.high[at]),
        None if np.isnan(gain) else gain,
        prior.mean,
        prior.sd,
    )
