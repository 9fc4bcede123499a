"""Method: how the number is made, what it stands on, and what it cannot tell."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import NullIf
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.prepared import Prepared
from departments.http import PersonRequest
from departments.models import Capability, Department, FrictionType
from departments.prepared import departments_besides, departments_by_slug
from retention.dashboards.backtests import last_backtest
from retention.dashboards.company import COMPANY
from retention.dashboards.coverage import states
from retention.dashboards.definitions import DEFINITIONS
from retention.dashboards.everywhere import model_in_force
from retention.dashboards.method_half_lives import half_life_rows, newest_fitted
from retention.dashboards.trust import trust
from retention.models import ModelVersion, ScoringRun
from retention.overrides.record import override_record
from retention.scoring.engine import Evidence, Prior, ScoringModel, Term, TermKind, expert_prior
from retention.scoring.missing import missing_rules
from retention.scoring.versions import priors_of, scoring_model

RUNS_SHOWN = 5
INTERVAL_Z = 1.96
KIND_WORDS = {
    TermKind.BASELINE: "Baseline",
    TermKind.FRICTION: "Friction",
    TermKind.CARE: "Care",
    TermKind.SYMPTOM: "Symptom",
}
EVIDENCE_WORDS = {
    Evidence.ASSUMED: "assumed",
    Evidence.SUPPORTED: "supported",
    Evidence.NO_EVIDENCE: "no evidence",
}


@dataclass(frozen=True, slots=True)
class Alone:
    """What the company's data alone say of a weight, with the 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WeightRow:
    """One weight with its 95 % interval, what experts believed of it, and what it does to the odds of leaving.

    `alone` is what the data say without the experts, None where the model was not fitted.
    """

    label: str
    kind: str
    department: Department | None
    mean: float
    low: float
    high: float
    prior: Prior
    evidence: str
    odds: float
    alone: Alone | None = None


@require_safe
def show_method(request: PersonRequest) -> HttpResponse:
    """Show the model in plain words, its weights, its data and its definitions."""
    moment = timezone.now()
    version = model_in_force()
    company = COMPANY.read(moment)
    all_feeds = states(company.figures.feeds, moment)
    context = {
        "version": version,
        "feeds": all_feeds,
        "quiet_feeds": [state for state in all_feeds if state.is_stale],
        "missing_rules": missing_rules(),
        "backtest": last_backtest(tested(version), request.user),
        "may_configure_models": request.user.can(Capability.CONFIGURE),
        "books": company.figures.books,
        "counted_at": company.as_of if company.is_kept else None,
        "runs": _RUNS(),
        "trust": trust(version, company.figures),
        "override_record": override_record(segment=""),
        "definitions": DEFINITIONS,
        **(_model_context(version) if version else {}),
    }
    return render(request, "dashboards/method.html", context)


def tested(version: ModelVersion | None) -> ModelVersion | None:
    """Return the version whose backtest tells most: the one in force, or the newest that was held against it."""
    if version is None or version.backtest:
        return version
    return next(iter(_TESTED()), None)


_TESTED = Prepared(lambda: ModelVersion.objects.exclude(backtest=None).order_by("-number")[:1])


def _model_context(version: ModelVersion) -> dict[str, object]:
    model, fitted = scoring_model(version), newest_fitted(version)
    return {
        "model": model,
        "rhythm": model.rhythm,
        "fitted_accounts": version.rhythm.get("accounts", 0),
        "weights": list(weight_rows(model, alone(version))),
        "types": _types(),
        "fitted": fitted,
        "half_lives": list(half_life_rows(fitted)) if fitted else [],
    }


def alone(version: ModelVersion) -> dict[str, Alone]:
    """Return what the data alone said of each weight when the version was fitted, by term key."""
    told = (version.learned or {}).get("learned", [])
    return {one["key"]: Alone(one["value"], one["low"], one["high"]) for one in told}


def weight_rows(model: ScoringModel, said: Mapping[str, Alone] = MappingProxyType({})) -> Iterator[WeightRow]:
    """Return the weights in the model's order; `said` is what the data alone say, by term key."""
    departments = departments_by_slug()
    priors = priors_of(departments.values())
    weights = model.weights
    for term, mean, sd, evidence in zip(
        weights.terms, weights.mean.tolist(), weights.standard_deviations().tolist(), weights.evidence, strict=True
    ):
        yield WeightRow(
            label=term.label,
            kind=KIND_WORDS[term.kind],
            department=departments.get(term.department),
            mean=mean,
            low=mean - INTERVAL_Z * sd,
            high=mean + INTERVAL_Z * sd,
            prior=expert_prior(term, priors),
            evidence=EVIDENCE_WORDS[evidence],
            odds=_odds(term, mean),
            alone=said.get(term.key),
        )


def _odds(term: Term, mean: float) -> float:
    """By how much one typical unit multiplies the odds: for friction, a rate of one incident per order."""
    return math.exp(mean * math.log(2.0)) if term.kind == TermKind.FRICTION else math.exp(mean)


def _types() -> list[tuple[Department, list[FrictionType]]]:
    """Return the departments that are at work, each with its types."""
    of: dict[int, list[FrictionType]] = {}
    for kind in _TYPES():
        of.setdefault(kind.department_id, []).append(kind)
    return [(department, of.get(department.pk, [])) for department in departments_besides(None)]


_TYPES = Prepared(FrictionType.objects.all)


def runs() -> QuerySet[Any]:
    """Return the last runs, each with its ranges, how many are done and how many accounts they scored."""
    return (
        ScoringRun.objects.select_related("model")
        .annotate(
            total=Count("ranges"),
            done=Count("ranges__finished_at"),
            scored=Sum("ranges__accounts", default=0),
            share=F("done") * 1.0 / NullIf(F("total"), 0),
        )
        .order_by("-started_at")[:RUNS_SHOWN]
    )


_RUNS = Prepared(runs)
