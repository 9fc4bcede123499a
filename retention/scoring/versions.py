"""Model versions as stored, and the first one: experts' priors, with the rhythm of the company's own orders."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
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
from retention.scoring.rhythm import ContractBase, Floats, Rhythm, fit_bgnbd

# Below this many accounts with a second order the experts' rhythm knows better than the data.
LEAST_REPEAT_BUYERS: Final = 200
MOST_ACCOUNTS_FITTED: Final = 50_000
FIT_PENALTY: Final = 5.0
PRIOR_LIFETIME: Final = datetime.timedelta(days=30)
LOCK: Final = 0x40DE1

HISTORIES_SQL: Final = """
    WITH sampled AS (
        SELECT id FROM accounts_account ORDER BY hashint8(id) LIMIT %(most)s
    ), order_day AS (
        SELECT DISTINCT account_id, floor(date_part('epoch', ordered_at) / 86400::float8) AS day
        FROM accounts_order JOIN sampled ON sampled.id = account_id
        WHERE ordered_at <= %(as_of)s AND recorded_at <= %(as_of)s
    )
    SELECT count(*) - 1.0::float8, max(day) - min(day), %(today)s - min(day) FROM order_day GROUP BY account_id
"""


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
    rhythm, accounts = _own_rhythm(timezone.now())
    return ScoringModel(Weights.from_experts(terms, department_priors()), rhythm), Origin.PRIOR, accounts


def _own_rhythm(as_of: datetime.datetime) -> tuple[Rhythm, int]:
    """Fit BG/NBD to the company's own orders, where there are enough; return also how many accounts spoke."""
    x, t_x, watched = _order_histories(as_of)
    if np.count_nonzero(x) < LEAST_REPEAT_BUYERS:
        return Rhythm(), 0
    fitted = fit_bgnbd(x, t_x, watched, penalty=FIT_PENALTY)
    usual_gap = float(np.median(t_x[x > 0] / x[x > 0]))
    return Rhythm(fitted, usual_gap_days=max(usual_gap, 1.0)), len(x)


def _order_histories(as_of: datetime.datetime) -> tuple[Floats, Floats, Floats]:
    today = float(as_of.timestamp() // 86_400)
    with connection.cursor() as cursor:
        cursor.execute(HISTORIES_SQL, {"most": MOST_ACCOUNTS_FITTED, "as_of": as_of, "today": today})
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]


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
