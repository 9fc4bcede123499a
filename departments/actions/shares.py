"""Who answers for which share: written in one statement, since the database adds them up at its end."""

from collections.abc import Mapping

from django.utils import timezone

from departments.models import Incident, Responsibility


def write_shares(incident: Incident, shares: Mapping[int, float]) -> None:
    """Write the shares by department key; whoever answered and is not among them keeps a row with none."""
    write_all_shares({incident: shares})


def write_all_shares(shares: Mapping[Incident, Mapping[int, float]]) -> None:
    """Write the shares of several incidents, each by department key."""
    parts: dict[tuple[Incident, int], float] = {}
    had = Responsibility.objects.filter(incident__in=shares).values_list("incident", "department_id")
    incidents = {incident.pk: incident for incident in shares}
    for key, department_id in had:
        parts[incidents[key], department_id] = 0.0
    for incident, by_department in shares.items():
        parts |= {(incident, department_id): share for department_id, share in by_department.items()}
    Responsibility.objects.bulk_create(
        [_part(incident, department_id, min(share, 1.0)) for (incident, department_id), share in parts.items()],
        update_conflicts=True,
        unique_fields=["incident", "department"],
        update_fields=["share", "is_provisional", "since"],
    )


def _part(incident: Incident, department_id: int, share: float) -> Responsibility:
    return Responsibility(
        incident=incident,
        department_id=department_id,
        share=share,
        is_provisional=False,
        since=timezone.now(),
        account_id=incident.account_id,
        friction_type_id=incident.friction_type_id,
        severity=incident.severity,
        happened_at=incident.happened_at,
        recorded_at=incident.recorded_at,
        resolved_at=incident.resolved_at,
    )
