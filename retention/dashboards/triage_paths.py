"""The incidents behind the table of met targets by number of hand-offs."""

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Department
from departments.models.person import SEES_EVERYTHING
from retention.dashboards.paths import MOST_MOVES, on_path, read_paths
from retention.dashboards.triage_access import departments_open_to, require_desk
from retention.dashboards.triage_listing import Figure, by_department, listing

VERDICTS = {"": None, "yes": True, "no": False}


@require_safe
def show_paths(request: PersonRequest) -> HttpResponse:
    """List the incidents that went from desk to desk so often: of one department, or of all for who sees all."""
    require_desk(request)
    department = department_asked_for(request)
    moves, met = request.GET.get("moves", "0"), request.GET.get("met", "")
    if moves not in map(str, range(MOST_MOVES + 1)) or met not in VERDICTS:
        raise BadRequest(f"Moves are 0 to {MOST_MOVES}; met is yes, no, or empty for both.")
    moment, kind = timezone.now(), VERDICTS[met]
    reading = read_paths(department, moment)
    figure = Figure(reading.figures.row(int(moves)).of(met=kind), reading.counted_at)
    parts = by_department(on_path(department, moment, int(moves), met=kind), department)
    context = {
        "department": department,
        "listing": listing(request, request.user, figure, parts),
        "heading": f"Handed on {_times(int(moves))}",
        "met": kind,
        "is_narrowed": met != "",
    }
    return render(request, "dashboards/triage_paths.html", context)


def department_asked_for(request: PersonRequest) -> Department | None:
    """Return the department that the address names; none where all are asked for by whoever sees all."""
    # No name of a department holds a zero byte, and PostgreSQL refuses to look for one.
    slug = request.GET.get("department", "").replace("\0", "-")
    if not slug and request.user.role in SEES_EVERYTHING:
        return None
    open_to = departments_open_to(request.user)
    return get_object_or_404(open_to, slug=slug) if slug else get_object_or_404(open_to)


def _times(moves: int) -> str:
    if moves == 1:
        return "once"
    return f"{moves} times" if moves < MOST_MOVES else f"{moves} times or more"
