"""Putting a model in force: by a person who has seen what it changes, or by the rule; back to an earlier one alike."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict
from departments.actions.permissions import require
from departments.models import Capability, Person
from retention.models import ModelVersion
from retention.scoring.runs import restart_run
from retention.scoring.versions import active_model, hold_all


@dataclass(frozen=True, slots=True)
class Activation:
    """A model that was put in force, and the ids of the ranges of accounts that workers now score by it."""

    version: ModelVersion
    ranges: list[int]


@transaction.atomic
def activate(*, version: ModelVersion, instead_of: int, acting_person: Person) -> Activation:
    """Put a version in force instead of the one of the given number, which the person has held it against.

    Scores are computed anew by a run; nothing is rescaled. Raises Conflict where another is in force by now.
    """
    require(acting_person, Capability.CONFIGURE)
    return _replace(version, instead_of, acting_person, {})


@transaction.atomic
def activate_by_rule(*, version: ModelVersion) -> Activation | None:
    """Put a version in force if its backtest says that it may replace the active one, and the settings allow it.

    Nothing is done where another has become active since that backtest.
    """
    held_against = (version.backtest or {}).get("against_active", {})
    active = active_model()
    is_current = active is not None and active.number == held_against.get("version")
    if not (settings.ACTIVATES_BETTER_MODELS and is_current and held_against.get("may_replace")):
        return None
    return _replace(version, held_against["version"], None, {"why": held_against["why"]})


def _replace(version: ModelVersion, instead_of: int, person: Person | None, details: dict[str, Any]) -> Activation:
    hold_all()
    active = active_model()
    _check_is_still(active, instead_of, version)
    moment = timezone.now()
    ModelVersion.objects.filter(is_active=True).update(is_active=False)
    ModelVersion.objects.filter(pk=version.pk).update(is_active=True, activated_at=moment, activated_by=person)
    told = {"model": version.number, "instead_of": active.number if active else None, **details}
    record_audit(verb="model.activated", subject=version.public_id, details=told, acting_person=person)
    version.refresh_from_db()
    return Activation(version, restart_run(moment))


def _check_is_still(active: ModelVersion | None, instead_of: int, version: ModelVersion) -> None:
    if active is None:
        raise Conflict("No model is in force yet: the first scoring makes one.")
    by = f"{active.activated_by} put" if active.activated_by else "The system put"
    if active.pk == version.pk:
        raise Conflict(f"Model {version.number} is in force already: {by} it there.")
    if active.number != instead_of:
        raise Conflict(
            f"{by} model {active.number} in force meanwhile. What you saw was held against model {instead_of}: "
            "look again at what would change."
        )
