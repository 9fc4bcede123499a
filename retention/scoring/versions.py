"""Model versions as stored, and the first one: experts' priors, with the rhythm of the company's own orders."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from departments.models import Department
from retention.models import ModelVersion, Origin
from retention.scoring.engine import (
    Prior,
    ScoringModel,
    Weights,
    department_key,
    standard_terms,
)
from retention.scoring.histories import own_rhythm
from retention.scoring.rhythm import ContractBase, Rhythm

PRIOR_LIFETIME: Final = datetime.timedelta(days=30)
LOCK: Final = 0x40DE1


def scoring_model(version: ModelVersion) -> ScoringModel:
    """Return what a stored version scores by."""
    return ScoringModel(
        Weights.from_dict({"terms": version.terms, **version.weights}),
        Rhythm.from_dict(version.rhythm["orders"]),
        ContractBase(**version.rhythm["contract"]),
        float(version.horizon_days),
        float(version.window_days),
    )


def ensure_active_version() -> ModelVersion:
    """Return the active version: the first one is made of priors, and a new department is given its prior."""
    version = ModelVersion.objects.filter(is_active=True).first()
    if version is not None and not _unknown_departments(version):
        return version
    return _renew(lambda active: active is None or bool(_unknown_departments(active)))


def renew_prior_version() -> ModelVersion:
    """Return the active version, refitted to the orders known by now if it is of priors and has aged or was too early.

    A model that was fitted to the company's leavers is left alone.
    """
    return _renew(_is_outdated)


def _renew(is_due: Callable[[ModelVersion | None], bool]) -> ModelVersion:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        active = ModelVersion.objects.filter(is_active=True).first()
        if active is not None and not is_due(active):
            return active
        return _activate(_next_model(active), active)


def _is_outdated(active: ModelVersion | None) -> bool:
    if active is None or _unknown_departments(active):
        return True
    if active.origin != Origin.PRIOR:
        return False
    aged = active.created_at < timezone.now() - PRIOR_LIFETIME
    return aged or not active.rhythm["accounts"] or _priors_differ(active)


def _unknown_departments(version: ModelVersion) -> list[str]:
    known = {term["key"] for term in version.terms}
    return [slug for slug in Department.objects.values_list("slug", flat=True) if department_key(slug) not in known]


def _priors_differ(version: ModelVersion) -> bool:
    means = dict(zip([term["key"] for term in version.terms], version.weights["mean"], strict=True))
    return any(abs(means[key] - prior.mean) > 1e-9 for key, prior in department_priors().items())


def department_priors() -> dict[str, Prior]:
    """Return what the company's experts believe of each department's friction, by term key."""
    rows = Department.objects.values_list("slug", "prior_weight", "prior_sd")
    return {department_key(slug): Prior(mean, sd) for slug, mean, sd in rows}


def _next_model(active: ModelVersion | None) -> tuple[ScoringModel, Origin, int]:
    terms = standard_terms(dict(Department.objects.order_by("position", "pk").values_list("slug", "name")))
    if active is not None and active.origin != Origin.PRIOR:
        model = scoring_model(active)
        return (
            replace(model, weights=model.weights.extended_with(terms, department_priors())),
            Origin(active.origin),
            int(active.rhythm["accounts"]),
        )
    model = ScoringModel(Weights.from_experts(terms, department_priors()))
    rhythm, accounts = own_rhythm(timezone.now(), model.horizon_days)
    return replace(model, rhythm=rhythm), Origin.PRIOR, accounts


def _activate(made: tuple[ScoringModel, Origin, int], active: ModelVersion | None) -> ModelVersion:
    model, origin, accounts = made
    newest = ModelVersion.objects.aggregate(newest=Max("number"))["newest"] or 0
    if active is not None:
        ModelVersion.objects.filter(pk=active.pk).update(is_active=False)
    return ModelVersion.objects.create(
        number=newest + 1,
        origin=origin,
        is_active=True,
        activated_at=timezone.now(),
        horizon_days=int(model.horizon_days),
        window_days=int(model.window_days),
        **stored_model(model, accounts),
    )


def stored_model(model: ScoringModel, accounts: int) -> dict[str, Any]:
    """Return the JSON columns of a version; `accounts` is how many the rhythm was fitted on, 0 for experts'."""
    weights = model.weights.to_dict()
    terms = weights.pop("terms")
    rhythm = {
        "orders": model.rhythm.to_dict(),
        "contract": model.contract.to_dict(),
        "accounts": accounts,
    }
    return {"terms": terms, "weights": weights, "rhythm": rhythm}
