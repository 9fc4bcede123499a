"""Backtests of stored models on the company's own history, kept with the version that was tested."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from retention.models import ModelVersion, Origin
from retention.scoring import boosting
from retention.scoring.backtest import (
    ACTIVE,
    LEAST_ORIGINS,
    TESTED,
    Answers,
    NothingToTest,
    Tell,
    compare,
    report,
    roll,
)
from retention.scoring.comparisons import (
    BOOSTING,
    Contender,
    as_stored,
    learned_rhythm,
    relearned,
    simple_rules,
)
from retention.scoring.engine import Prior, ScoringModel, Weights
from retention.scoring.fit import TooFewLeavers, fit
from retention.scoring.panel import MOST_ACCOUNT_MONTHS, beginning, build_panel, monthly_origins, observed_until
from retention.scoring.panel_arrays import Panel
from retention.scoring.rhythm import ContractBase, Rhythm
from retention.scoring.versions import department_priors, ensure_active_version, scoring_model, terms_now

# A year of test days: all seasons.
ORIGINS: Final = 12
MOST_ORIGINS: Final = 36


@dataclass(frozen=True, slots=True)
class Asked:
    """What a backtest is to do: at most so many test days, or exactly these days to learn from and be tested on.

    A day counts to its end: what was known by midnight (UTC). What was found on days that somebody chose is not kept:
    nobody shall choose on which days the number is trusted.
    """

    origins: int = ORIGINS
    days: Sequence[datetime.date] = ()
    most_rows: int = MOST_ACCOUNT_MONTHS
    tell: Tell = field(default=lambda _: None)


def newest_version() -> ModelVersion:
    """Return the version that a backtest is about unless another is named: the newest, active or candidate."""
    active = ensure_active_version()
    return ModelVersion.objects.order_by("number").last() or active


def backtest(version: ModelVersion, asked: Asked) -> dict[str, Any]:
    """Test a version against everything else on past days, and keep the result with it unless the days were chosen.

    Raises NothingToTest where the history is too short.
    """
    model, active = scoring_model(version), ensure_active_version()
    moments = _moments(asked, model.horizon_days)
    if not moments:
        raise NothingToTest("There is too little history for a backtest: no past day lies a whole horizon back.")
    asked.tell(f"reading {len(moments)} past days")
    panel = build_panel(origins=moments, model=model, most_rows=asked.most_rows)
    contenders = list(contenders_of(version, active))
    answers = roll(panel, contenders, horizon_days=model.horizon_days, most=asked.origins, tell=asked.tell)
    found = report(answers, contenders, model.horizon_days)
    found |= {"at": timezone.now().isoformat(), "version": version.number, "missing": _missing()}
    if version.pk != active.pk:
        found["against_active"] = _against(active, answers)
    if not asked.days:
        _keep(version, found)
    return found


def _moments(asked: Asked, horizon_days: float) -> list[datetime.datetime]:
    # The last day with an order may have been cut short, the one before it is whole.
    until = end_of_day(observed_until().date() - datetime.timedelta(days=1))
    horizon, first = datetime.timedelta(days=horizon_days), beginning()
    if asked.days:
        return sorted(moment for moment in map(end_of_day, asked.days) if moment + horizon <= until)
    offered = monthly_origins(until=until, horizon_days=horizon_days, most=MOST_ORIGINS)
    # Before a whole horizon has been watched, nobody's silence means anything yet.
    return [moment for moment in offered if first is not None and moment - horizon >= first]


def end_of_day(day: datetime.date) -> datetime.datetime:
    """Return the last moment of a day (UTC)."""
    return datetime.datetime.combine(day, datetime.time.max, tzinfo=datetime.UTC)


def contenders_of(version: ModelVersion, active: ModelVersion) -> Sequence[Contender]:
    """Return the simple rules, boosting if it is installed, the active model, and last the one that is tested."""
    model = scoring_model(version)
    found = [*simple_rules(model.horizon_days)]
    if boosting.is_installed():
        found.append(BOOSTING)
    if active.pk != version.pk:
        found.append(_active(active))
    label = f"Model {version.number}, {'active' if version.is_active else 'candidate'}"
    return [*found, _relearned(TESTED, label, version)]


def _active(active: ModelVersion) -> Contender:
    """The active model as it is; one of priors learns the rhythm of the time alone, as it does every month."""
    label = f"Model {active.number}, active"
    if active.origin == Origin.PRIOR:
        return _relearned(ACTIVE, label, active)
    return as_stored(ACTIVE, label, scoring_model(active))


def _relearned(key: str, label: str, version: ModelVersion) -> Contender:
    """A version as its way of being made would have made it then: nothing that it learned later is left in it."""
    model = replace(scoring_model(version), rhythm=Rhythm(), contract=ContractBase())
    if version.origin == Origin.PRIOR:
        return relearned(key, label, model, learned_rhythm)
    priors = department_priors()
    start = replace(model, weights=Weights.from_experts(terms_now(), priors))
    return relearned(key, label, start, partial(_fitted, priors))


def _fitted(priors: Mapping[str, Prior], known: Panel, start: ScoringModel) -> ScoringModel:
    try:
        return fit(known, start=start, priors=priors).model
    except TooFewLeavers:
        return learned_rhythm(known, start)


def _against(active: ModelVersion, answers: Answers) -> dict[str, Any]:
    """Hold the tested model against the active one; on days of which that knew nothing, where there are enough."""
    days = {number: answers.asked.origins[number] for number in answers.origins}
    seen = {number for number, day in days.items() if active.origin != Origin.PRIOR and day < active.created_at}
    unseen = [number for number in days if number not in seen]
    if len(unseen) >= LEAST_ORIGINS:
        return {"version": active.number, "has_seen": 0, **compare(answers.on(unseen))}
    return {"version": active.number, "has_seen": len(seen), **compare(answers)}


def _missing() -> list[dict[str, str]]:
    """Return the rows that could not be made, each with what is to be done about it."""
    if boosting.is_installed():
        return []
    note = f"not installed (scikit-learn is optional: pip install -r {boosting.REQUIREMENTS})"
    return [{"key": BOOSTING.key, "label": BOOSTING.label, "note": note}]


@transaction.atomic
def _keep(version: ModelVersion, found: dict[str, Any]) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(backtest=found)
    details = {name: found[name] for name in ("version", "passed", "why", "rows", "leavers", "auc", "log_loss", "ece")}
    record_audit(verb="model.backtested", subject=version.public_id, details=details, acting_person=None)
