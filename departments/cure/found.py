"""The cause that the whys of an incident found, or those of the problem that gathers it."""

from collections.abc import Iterable

from django.db.models import Q

from departments.models import CauseCode, Incident, RootCause


def found_causes(incidents: Iterable[Incident]) -> dict[int, CauseCode]:
    """Return, by incident, the cause that was found of each; those of which none was are left out."""
    found = list(incidents)
    gathered = {one.problem_id for one in found if one.problem_id}
    named = RootCause.objects.standing().filter(
        Q(incident__in=[one.pk for one in found]) | Q(problem__in=gathered), cause__is_active=True
    )
    of_incident: dict[int | None, list[RootCause]] = {}
    of_problem: dict[int | None, list[RootCause]] = {}
    for row in named.select_related("cause").order_by("recorded_at", "pk"):
        of_incident.setdefault(row.incident_id, []).append(row)
        of_problem.setdefault(row.problem_id, []).append(row)
    causes = {
        one.pk: found_cause(one, [*of_problem.get(one.problem_id or 0, ()), *of_incident.get(one.pk, ())])
        for one in found
    }
    return {key: cause for key, cause in causes.items() if cause is not None}


def found_cause(incident: Incident, recorded: Iterable[RootCause]) -> CauseCode | None:
    """Return the cause of its department's list that its whys found last, or else those of its problem.

    `recorded` are the standing root causes of its problem, then its own, each in the order they were recorded.
    """
    fitting = (row.cause for row in recorded if row.cause is not None and row.cause.is_active)
    return next((cause for cause in reversed(list(fitting)) if cause.department_id == incident.department_id), None)
