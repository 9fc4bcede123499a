"""Ways of looking at a desk, kept under a name; a shared one is offered on every desk."""

import uuid

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.http import PersonRequest
from departments.models import Person
from retention.dashboards.saved_views import SaveViewForm
from retention.dashboards.triage_access import departments_open_to, require_desk
from retention.models import SavedView

PAGE = "triage"


def views_of(person: Person) -> QuerySet[SavedView]:
    """Return the person's own ways of looking at a desk, and what others share."""
    return SavedView.objects.visible_to(person).filter(page=PAGE).select_related("person")


@require_POST
def save_view(request: PersonRequest, slug: str) -> HttpResponse:
    """Keep tab and filters under a name; a name given before is overwritten."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    desk = reverse("triage_department", args=[department.slug])
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The view was not saved: give it a name of up to 60 letters.")
        return redirect(desk)
    kept = form.cleaned_data
    SavedView.objects.update_or_create(
        person=request.user,
        page=PAGE,
        name=kept["name"],
        defaults={"query": kept["query"], "is_shared": kept["is_shared"]},
    )
    messages.success(request, f"Saved as “{kept['name']}”.")
    return redirect(f"{desk}?{kept['query']}")


@require_POST
def forget_view(request: PersonRequest, view: uuid.UUID) -> HttpResponse:
    """Remove a saved view of the person's own."""
    get_object_or_404(SavedView.objects.filter(person=request.user, page=PAGE), public_id=view).delete()
    messages.success(request, "The saved view is removed.")
    return redirect("triage")
