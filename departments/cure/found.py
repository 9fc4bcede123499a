"""The cause that the whys of an incident found, or those of the problem that gathers it."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from departments.models import CauseCode, Incident, RootCause


def found_causes(incidents: Iterable[Incident]) -> dict[int, CauseCode]:
    """Return, by incident, the cause of its department's list that its whys found last, or else its problem's."""
    found = list(incidents)
    rows = _named().filter(
        Q(incident__in=[one.pk for one in found]) | Q(problem__in={one.problem_id for one in found if one.problem_id})
    )
    last: dict[tuple[str, int | None, int], CauseCode] = {}
    for row in rows.select_related("cause").order_by("recorded_at", "pk"):
        if row.cause is not None:
            place = ("incident", row.incident_id) if row.incident_id else ("problem", row.problem_id)
            last[(*place, row.cause.department_id)] = row.cause
    named = {
        one.pk: last.get(("incident", one.pk, one.department_id))
        or last.get(("problem", one.problem_id, one.department_id))
        for one in found
    }
    return {key: cause for key, cause in named.items() if cause is not None}


def _named() -> QuerySet[RootCause]:
    return RootCause.objects.standing().filter(cause__is_active=True)
