"""Model versions as stored, and the first one: experts' priors, with the rhythm of the company's own orders."""

import datetime
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import Account
from departments.models import Department
from retention.models import ModelVersion, Origin
from retention.scoring.engine import (
    Prior,
    ScoringModel,
    Term,
    TermKind,
    Weights,
    department_key,
    standard_terms,
)
from retention.scoring.histories import own_rhythm
from retention.scoring.rhythm import ContractBase, Rhythm

PRIOR_LIFETIME: Final = datetime.timedelta(days=30)
# So many times as many accounts make a model of priors learn its rhythm anew: it may have been made amid an import.
GROWTH: Final = 1.5
LOCK: Final = 0x40DE1
# The version's id, what changes with its row, and the keys of all departments.
Row = tuple[int | None, str | None, list[str]]

# Whoever writes scores holds this lock, so that none is written by a model that has been replaced, after the run that
# renewed them all. What is in force is asked by a later statement, which sees what had committed when the lock was had.
HOLD_SQL: Final = f"SELECT pg_advisory_xact_lock_shared({LOCK})"
# Which version is in force, as its row stands, and which departments there are that it may not know.
IN_FORCE: Final = """
    version.id, version.xmin::text, ARRAY(SELECT 'department:' || slug FROM departments_department)
    FROM (SELECT) AS always LEFT JOIN retention_modelversion AS version ON version.is_active
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


def _version(number: int) -> ModelVersion:
    return ModelVersion.objects.defer("backtest").get(pk=number)


def active_model() -> ModelVersion | None:
    """Return the version in force, without its backtest, which scoring has no use for; None before the first."""
    return ModelVersion.objects.defer("backtest").filter(is_active=True).first()


def ensure_active_version() -> ModelVersion:
    """Return the active version: the first one is made of priors, and a new department is given its prior."""
    version = active_model()
    if version is not None and not _unknown_departments(version):
        return version
    return _renew(lambda active: active is None or bool(_unknown_departments(active)))


def renew_prior_version() -> ModelVersion:
    """Return the active version, refitted to the orders known by now if it is of priors and has aged or was too early.

    A model that was fitted to the company's leavers is left alone.
    """
    return _renew(_is_outdated)


@dataclass(frozen=True, slots=True)
class InForce:
    """A version with what it scores by; `row` is what `IN_FORCE` found of it, if that is how it was read."""

    version: ModelVersion
    model: ScoringModel
    row: Row | None = None

    @classmethod
    def of(cls, version: ModelVersion) -> Self:
        return cls(version, scoring_model(version))

    def is_still(self, row: Row) -> bool:
        """Return whether a row found now is that of this version, unchanged, and it knows every department."""
        number, changed, slugs = row
        return (
            self.row is not None and self.row[:2] == (number, changed) and _known_keys(self.version).issuperset(slugs)
        )


class ModelReplacedError(Exception):
    """Another model is in force than the one that a transaction was to score by."""


_latest: ContextVar[InForce | None] = ContextVar("latest", default=None)


def latest_in_force() -> InForce:
    """Return the active version as it was found the last time; whoever scores by it hears of it if it is no longer."""
    return _latest.get() or version_in_force()


def version_in_force() -> InForce:
    """Return the active version as `ensure_active_version` does, and remember it."""
    ensure_active_version()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {IN_FORCE}")
        row = cursor.fetchone()
    version = _version(row[0])
    latest = InForce(version, scoring_model(version), row)
    _latest.set(latest)
    return latest


def held_in_force(believed: InForce, row: Row) -> InForce:
    """Return what is in force by a row that was found holding `HOLD_SQL`'s lock; raise ModelReplacedError.

    Who believes in a version that was read some time before scores by the one that has taken its place. Who believes
    in what was found the last time must read it again, outside of the transaction: reading may renew the version.
    """
    if believed.row is None:
        return believed if row[0] in (believed.version.pk, None) else InForce.of(_version(row[0]))
    if not believed.is_still(row):
        raise ModelReplacedError
    return believed


def hold_all() -> None:
    """Wait for those who write scores, and keep others waiting until this transaction ends: a model is replaced."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _renew(is_due: Callable[[ModelVersion | None], bool]) -> ModelVersion:
    with transaction.atomic():
        hold_all()
        active = ModelVersion.objects.filter(is_active=True).first()
        if active is not None and not is_due(active):
            return active
        made = _next_model(active)
        return active if active is not None and _is_same(made, active) else _activate(made, active)


def _is_outdated(active: ModelVersion | None) -> bool:
    if active is None or _unknown_departments(active):
        return True
    if active.origin != Origin.PRIOR or _was_chosen_lately(active):
        return False
    aged = active.created_at < timezone.now() - PRIOR_LIFETIME
    grown = Account.objects.count() >= GROWTH * active.rhythm.get("seen", 0)
    return aged or grown or not active.rhythm["accounts"] or _priors_differ(active)


def _was_chosen_lately(active: ModelVersion) -> bool:
    """Return whether a person put it in force: it stays as it is for a while, whatever is known by now."""
    since = timezone.now() - PRIOR_LIFETIME
    return active.activated_by_id is not None and active.activated_at is not None and active.activated_at >= since


def _is_same(made: "Made", active: ModelVersion) -> bool:
    """Return whether a version would only repeat the active one; how many accounts there are now is no difference."""
    columns = stored_model(made.model, made.accounts)
    rhythm = columns.pop("rhythm") | {"seen": active.rhythm.get("seen")}
    return rhythm == active.rhythm and all(getattr(active, name) == value for name, value in columns.items())


def _unknown_departments(version: ModelVersion) -> list[str]:
    known = _known_keys(version)
    return [slug for slug in Department.objects.values_list("slug", flat=True) if department_key(slug) not in known]


def _known_keys(version: ModelVersion) -> set[str]:
    return {term["key"] for term in version.terms}


def _priors_differ(version: ModelVersion) -> bool:
    """Return whether experts have changed their minds, or the name of a department."""
    stored = Weights.from_dict({"terms": version.terms, **version.weights})
    wanted = Weights.from_experts(stored.terms, department_priors())
    names = dict(Department.objects.values_list("slug", "name"))
    renamed = any(t.kind is TermKind.FRICTION and names.get(t.department, t.label) != t.label for t in stored.terms)
    return renamed or not (
        np.array_equal(stored.mean, wanted.mean) and np.allclose(stored.covariance, wanted.covariance)
    )


def department_priors() -> dict[str, Prior]:
    """Return what the company's experts believe of each department's friction, by term key."""
    return priors_of(Department.objects.all())


def priors_of(departments: Iterable[Department]) -> dict[str, Prior]:
    """Return what the company's experts believe of the friction of these departments, by term key."""
    return {department_key(one.slug): Prior(one.prior_weight, one.prior_sd) for one in departments}


@dataclass(frozen=True, slots=True)
class Made:
    """A model to be stored: where it comes from, and how many accounts its rhythm was learned from."""

    model: ScoringModel
    origin: Origin
    accounts: int


def completed(model: ScoringModel) -> ScoringModel:
    """Return the model with the experts' prior for each department that it does not know yet."""
    return replace(model, weights=model.weights.extended_with(terms_now(), department_priors()))


def terms_now() -> tuple[Term, ...]:
    """Return the terms of a model that knows every department of today."""
    return standard_terms(dict(Department.objects.order_by("position", "pk").values_list("slug", "name")))


def _next_model(active: ModelVersion | None) -> Made:
    if active is not None and active.origin != Origin.PRIOR:
        return Made(completed(scoring_model(active)), Origin(active.origin), int(active.rhythm["accounts"]))
    model = ScoringModel(Weights.from_experts(terms_now(), department_priors()))
    if active is not None:
        model = replace(model, horizon_days=float(active.horizon_days), window_days=float(active.window_days))
    rhythm, accounts = own_rhythm(timezone.now(), model.horizon_days)
    return Made(replace(model, rhythm=rhythm), Origin.PRIOR, accounts)


def _activate(made: Made, active: ModelVersion | None) -> ModelVersion:
    newest = ModelVersion.objects.aggregate(newest=Max("number"))["newest"] or 0
    if active is not None:
        ModelVersion.objects.filter(pk=active.pk).update(is_active=False)
    return ModelVersion.objects.create(
        number=newest + 1,
        origin=made.origin,
        is_active=True,
        activated_at=timezone.now(),
        horizon_days=int(made.model.horizon_days),
        window_days=int(made.model.window_days),
        **stored_model(made.model, made.accounts),
    )


def stored_model(model: ScoringModel, accounts: int) -> dict[str, Any]:
    """Return the JSON columns of a version; `accounts` is how many the rhythm was fitted on, 0 for experts'."""
    weights = model.weights.to_dict()
    terms = weights.pop("terms")
    rhythm = {
        "orders": model.rhythm.to_dict(),
        "contract": model.contract.to_dict(),
        "accounts": accounts,
        "seen": Account.objects.count(),
    }
    return {"terms": terms, "weights": weights, "rhythm": rhythm}
