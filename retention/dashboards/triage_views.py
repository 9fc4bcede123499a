"""Ways of looking at a desk, kept under a name; a shared one is offered on every desk."""

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.http import PersonRequest
from departments.models import Person
from departments.views.deeds import back
from retention.dashboards.everywhere import saved_views
from retention.dashboards.saved_views import SaveViewForm, keep_view, remove_view
from retention.dashboards.triage_access import departments_open_to, require_desk
from retention.models import SavedView

PAGE = "triage"


def views_of(person: Person) -> Sequence[SavedView]:
    """Return the person's own ways of looking at a desk, and what others share."""
    return saved_views(person, PAGE)


@require_POST
def save_view(request: PersonRequest, slug: str) -> HttpResponse:
    """Keep tab and filters under a name; a name given before is overwritten."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    desk = reverse("triage_department", args=[department.slug])
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _why_not(form))
        return back(request, desk)
    return keep_view(request, PAGE, form.cleaned_data, otherwise=f"{desk}?{form.cleaned_data['query']}")


def _why_not(form: SaveViewForm) -> str:
    if "name" in form.errors:
        return "The view was not saved: give it a name of up to 60 letters."
    return "The view was not saved: so many filters cannot be kept under a name. Take some out."


@require_POST
def forget_view(request: PersonRequest, view: uuid.UUID) -> HttpResponse:
    """Remove a saved view of the person's own."""
    return remove_view(request, PAGE, view, otherwise=reverse("triage"))
