"""How departments hand incidents on, over everything on record, and the incidents that each figure is made of."""

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Incident
from retention.dashboards.path_figures import Part, figures, made_of
from retention.dashboards.paths import read_paths
from retention.dashboards.triage_access import require_desk
from retention.dashboards.triage_paths import PAGE, department_asked_for


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
    found = made_of(part, department, one, other)
    visible = Incident.objects.visible_to(request.user).filter(pk__in=found.order_by().values("pk"))
    listed = visible.select_related("account", "department").order_by("-happened_at", "-pk")
    page = Paginator(listed, PAGE).get_page(request.GET.get("page"))
    context = {"department": department, "page": page, "heading": str(part.label)}
    return render(request, "dashboards/triage_paths.html", context)
