"""How departments hand incidents on, over everything on record, and the incidents that each figure is made of."""

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Department, Incident
from retention.dashboards.path_figures import Part, figures, made_of, read_answered
from retention.dashboards.paths import read_paths
from retention.dashboards.triage_access import require_desk
from retention.dashboards.triage_listing import Figure, by_department, listing
from retention.dashboards.triage_paths import department_asked_for
from retention.dashboards.triage_queue import accepted_apart


@require_safe
def show_figures(request: PersonRequest) -> HttpResponse:
    """Show the figures of one department, or of all for whoever sees all; the incidents of one where `part` asks."""
    require_desk(request)
    department = department_asked_for(request)
    wanted = request.GET.get("part", "")
    if wanted and wanted not in Part.values:
        raise BadRequest(f"A part is one of {', '.join(Part.values)}.")
    if not wanted:
        moment = timezone.now()
        read = {"paths": read_paths(department, moment), "figures": figures(department, moment)}
        shown = {"department": department, **read}
        return render(request, "dashboards/triage_figures.html", shown)
    part = Part(wanted)
    one, other = (request.GET.get(name, "").replace("\0", "-") for name in ("one", "other"))
    figure, parts = _made_of(request, part, department, one, other)
    context = {
        "department": department,
        "listing": listing(request, request.user, figure, parts),
        "heading": str(part.label),
    }
    return render(request, "dashboards/triage_paths.html", context)


def _made_of(
    request: PersonRequest, part: Part, department: Department | None, one: str, other: str
) -> tuple[Figure, list[QuerySet[Incident]]]:
    """Return how many incidents a figure is made of, and which."""
    if part == Part.ACCEPTED:
        answered = read_answered(department, timezone.now())
        own, given = accepted_apart(department)
        return Figure(answered.figures.accepted, answered.counted_at), [*by_department(own, department), given]
    found = made_of(part, department, one, other).order_by()
    return Figure(Incident.objects.visible_to(request.user).filter(pk__in=found.values("pk")).count(), None), [found]
