"""How incidents stand before they are changed: their columns, and who answers for them."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from departments.models import Incident, Responsibility

COLUMNS = (
    *("state", "department_id", "assignee_id", "friction_type_id", "severity", "answer_due_at", "resolve_due_at"),
    *("due_at", "answered_at", "resolved_at", "resolution", "cause_id", "reopened", "merged_into_id"),
    "problem_id",
)
SHARE_COLUMNS = ("department_id", "share", "is_provisional", "since")


@dataclass(frozen=True, slots=True)
class Picture:
    """How an incident stands: its columns, and who answers for it."""

    columns: Mapping[str, Any]
    shares: Sequence[Mapping[str, Any]]


def picture(incident: Incident) -> Picture:
    """Return how the incident stands."""
    return pictures([incident])[incident.pk]


def pictures(incidents: Iterable[Incident]) -> dict[int, Picture]:
    """Return how the incidents stand, by their keys; one statement."""
    found = {incident.pk: incident for incident in incidents}
    shares: dict[int, list[dict[str, Any]]] = {pk: [] for pk in found}
    parts = Responsibility.objects.filter(incident__in=found).order_by("pk")
    for incident_id, *values in parts.values_list("incident_id", *SHARE_COLUMNS):
        shares[incident_id].append({name: plain(value) for name, value in zip(SHARE_COLUMNS, values, strict=True)})
    return {
        pk: Picture({name: plain(getattr(incident, name)) for name in COLUMNS}, shares[pk])
        for pk, incident in found.items()
    }


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    return value.isoformat() if isinstance(value, datetime.datetime) else value
