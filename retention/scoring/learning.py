"""Learning from the company's own history: the panel out of the database, the fit, and a candidate model stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max

from accounts.actions import record_audit
from departments.models import Department, FrictionType, Person
from retention.models import ModelVersion, Origin
from retention.scoring.engine import ScoringModel, Weights, standard_terms
from retention.scoring.fit import Fitted, TooFewLeavers, fit
from retention.scoring.half_lives import FACTORS
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


def adopt_half_lives(report: Mapping[str, Any], *, acting_person: Person | None) -> list[str]:
    """Change the catalogue's half-lives as a fit found them; return a sentence for each friction type that changed.

    They are the catalogue's and not a model's: every score that is made from now on counts by them.
    """
    told = []
    with transaction.atomic():
        for found in report["half_lives"]:
            types = FrictionType.objects.select_for_update().filter(department__slug=found["department"])
            for kind in types.order_by("pk"):
                days = min(max(kind.half_life_days * found["factor"], SHORTEST_DAYS), LONGEST_DAYS)
                if days != kind.half_life_days:
                    told.append(f"{kind.name}: {kind.half_life_days:g} → {days:g} days")
                    details = {"half_life_days": [kind.half_life_days, days], "gain": found["gain"]}
                    FrictionType.objects.filter(pk=kind.pk).update(half_life_days=days)
                    record_audit(
                        verb="half_life_learned", subject=kind.public_id, details=details, acting_person=acting_person
                    )
    return told


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
    columns["learned"] = fitted.report.to_dict()
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
