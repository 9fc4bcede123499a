"""Actions and checks of all cures that a person may see: what is late, what is planned, what is to be decided."""

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Capability, CorrectiveAction, EffectivenessCheck, Person
from departments.models.person import WORKS_IN_DEPARTMENT

SHOWN = 100


@require_safe
def list_cures(request: PersonRequest) -> HttpResponse:
    """Show the department's actions and checks, and those that are the person's own; executives see all."""
    person = request.user
    if not person.can(Capability.SEE_TRIAGE):
        raise PermissionDenied("Your role has no triage desk.")
    own = Q(department=person.department_id) | Q(owner=person)
    actions = CorrectiveAction.objects.visible_to(person).standing()
    if person.role in WORKS_IN_DEPARTMENT:
        actions = actions.filter(own)
    rows = actions.select_related("owner", "department", "incident__account", "problem", "friction_type")
    context = {
        "to_decide": list(_checks(person).filter(decision="")[:SHOWN]),
        "planned": list(rows.filter(done_at=None).order_by("due_on", "pk")[:SHOWN]),
        "done": list(rows.filter(done_at__isnull=False, checks=None).order_by("-done_at")[:SHOWN]),
        "decided": list(_checks(person).exclude(decision="").order_by("-decided_at")[:SHOWN]),
    }
    return render(request, "departments/cures.html", context)


def _checks(person: Person) -> QuerySet[EffectivenessCheck]:
    found = EffectivenessCheck.objects.visible_to(person).filter(action__undone_at=None)
    if person.role in WORKS_IN_DEPARTMENT:
        found = found.filter(Q(action__department=person.department_id) | Q(action__owner=person))
    return found.select_related(
        *("action__owner", "action__department", "action__incident__account", "action__problem"),
        *("action__friction_type", "decided_by"),
    )
