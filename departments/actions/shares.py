"""Who answers for which share: written in one statement, since the database adds them up at its end."""

from collections.abc import Mapping

from django.utils import timezone

from departments.models import Incident, Responsibility


def write_shares(incident: Incident, shares: Mapping[int, float]) -> None:
    """Write the shares by department key; whoever answered and is not among them keeps a row with none."""
    had = Responsibility.objects.filter(incident=incident).values_list("department_id", flat=True)
    parts = {**dict.fromkeys(had, 0.0), **shares}
    Responsibility.objects.bulk_create(
        [_part(incident, department_id, min(share, 1.0)) for department_id, share in parts.items()],
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
