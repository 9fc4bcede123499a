"""Learning from the company's own history: the panel out of the database, the fit, and a candidate model stored."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max

from accounts.actions import record_audit
from departments.models import Department, FrictionType, Person
from retention.models import ModelVersion, Origin
from retention.scoring.engine import ScoringModel, Weights, standard_terms
from retention.scoring.fit import Fitted, TooFewLeavers, fit
from retention.scoring.half_lives import FACTORS, HalfLife, Verdict
from retention.scoring.panel import MOST_ACCOUNT_MONTHS, build_panel, monthly_origins, observed_until
from retention.scoring.versions import LOCK, department_priors, ensure_active_version, scoring_model, stored_model

MOST_MONTHS: Final = 36
LEARNING_LOCK: Final = 0x1EA21
# However little data speak for it, no trouble is forgotten in a day or remembered for years.
SHORTEST_DAYS: Final = 7.0
LONGEST_DAYS: Final = 365.0

Tell = Callable[[str], None]


class AlreadyLearning(Exception):  # noqa: N818 - named for what happened
    """Another process is learning at this moment."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that waits for activation; `is_new` is false where history taught nothing that was not known."""

    version: ModelVersion
    is_new: bool


def learn(*, tell: Tell, most_rows: int = MOST_ACCOUNT_MONTHS) -> Candidate:
    """Fit the weights to the company's history and store them as a candidate, which scores nothing until activated.

    Raises TooFewLeavers where there is too little to learn from, and AlreadyLearning where somebody else is at it.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LEARNING_LOCK])
            if not cursor.fetchone()[0]:
                raise AlreadyLearning("Somebody else is fitting at this moment.")
        return _store(_fitted(tell, most_rows))


def half_lives(version: ModelVersion) -> tuple[HalfLife, ...]:
    """Return what was said of each department's half-lives when the version was fitted."""
    return tuple(HalfLife.from_dict(one) for one in (version.learned or {}).get("half_lives", []))


def adopt_half_lives(version: ModelVersion, *, acting_person: Person | None) -> list[str]:
    """Change the catalogue's half-lives to those that the version's fit supports; return a sentence for each friction
    type.

    They are the catalogue's and not a model's: every score that is made from now on counts by them. What was changed
    since the fit is left as it is.
    """
    told = []
    fitted_with = (version.learned or {}).get("half_life_days", {})
    with transaction.atomic():
        for found in half_lives(version):
            if found.verdict is Verdict.SUPPORTED:
                types = FrictionType.objects.select_for_update().filter(department__slug=found.department)
                told += [
                    _adopted(kind, found, fitted_with.get(kind.slug), acting_person) for kind in types.order_by("pk")
                ]
    return told


def days_of(half_life_days: float, factor: float) -> float:
    """Return a half-life so many times another, within what any trouble is remembered."""
    return min(max(round(half_life_days * factor, 1), SHORTEST_DAYS), LONGEST_DAYS)


def _adopted(kind: FrictionType, found: HalfLife, fitted_with: float | None, acting_person: Person | None) -> str:
    if kind.half_life_days != fitted_with:
        return f"{kind.name}: {kind.half_life_days:g} days were set after the fit and stay"
    days = days_of(fitted_with, found.factor)
    FrictionType.objects.filter(pk=kind.pk).update(half_life_days=days)
    record_audit(
        verb="half_life_learned",
        subject=kind.public_id,
        details={"half_life_days": [fitted_with, days], "gain": found.gain, "range": [found.low, found.high]},
        acting_person=acting_person,
    )
    return f"{kind.name}: {fitted_with:g} → {days:g} days"


def _fitted(tell: Tell, most_rows: int) -> Fitted:
    start = start_model()
    origins = monthly_origins(until=observed_until(), horizon_days=start.horizon_days, most=MOST_MONTHS)
    if not origins:
        raise TooFewLeavers(
            "There is no month of which it is known who left in the time after: the history is too short. "
            "The experts' weights stay in force."
        )
    tell(f"reading {len(origins)} months, {origins[0]:%d %B %Y} to {origins[-1]:%d %B %Y}")
    panel = build_panel(origins=origins, model=start, most_rows=most_rows, half_life_factors=FACTORS)
    tell(f"fitting {len(panel):,} account-months, in which {panel.leavers:,} accounts left")
    return fit(panel, start=start, priors=department_priors())


def start_model() -> ScoringModel:
    """Return what a fit begins from: experts' weights of today's departments, horizon and window as they are active."""
    active = scoring_model(ensure_active_version())
    terms = standard_terms(dict(Department.objects.order_by("position", "pk").values_list("slug", "name")))
    return replace(active, weights=Weights.from_experts(terms, department_priors()))


def _store(fitted: Fitted) -> Candidate:
    columns: dict[str, Any] = stored_model(fitted.model, fitted.report.accounts)
    # With what the half-lives were that the report's factors are of.
    days = dict(FrictionType.objects.order_by("slug").values_list("slug", "half_life_days"))
    columns["learned"] = fitted.report.to_dict() | {"half_life_days": days}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    newest = ModelVersion.objects.filter(origin=Origin.FIT).order_by("-number").first()
    if newest is not None and all(getattr(newest, name) == value for name, value in columns.items()):
        return Candidate(newest, is_new=False)
    number = ModelVersion.objects.aggregate(newest=Max("number"))["newest"] or 0
    version = ModelVersion.objects.create(
        number=number + 1,
        origin=Origin.FIT,
        horizon_days=int(fitted.model.horizon_days),
        window_days=int(fitted.model.window_days),
        **columns,
    )
    return Candidate(version, is_new=True)
