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
from departments.views.deeds import back, do_to_rows
from retention.dashboards.everywhere import saved_views
from retention.dashboards.saved_views import SaveViewForm
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
    kept, own = form.cleaned_data, SavedView.objects.filter(person=request.user, page=PAGE)
    name = kept["name"]
    return do_to_rows(
        request,
        own.filter(name=name),
        lambda: own.update_or_create(
            person=request.user,
            page=PAGE,
            name=name,
            defaults={"query": kept["query"], "is_shared": kept["is_shared"]},
        ),
        done=f"Saved as “{name}”.",
        taken_back=f"the view “{name}” is as it was before",
        otherwise=f"{desk}?{kept['query']}",
    )


def _why_not(form: SaveViewForm) -> str:
    if "name" in form.errors:
        return "The view was not saved: give it a name of up to 60 letters."
    return "The view was not saved: so many filters cannot be kept under a name. Take some out."


@require_POST
def forget_view(request: PersonRequest, view: uuid.UUID) -> HttpResponse:
    """Remove a saved view of the person's own."""
    own = SavedView.objects.filter(person=request.user, page=PAGE)
    kept = get_object_or_404(own, public_id=view)
    return do_to_rows(
        request,
        own.filter(pk=kept.pk),
        kept.delete,
        done=f"The view “{kept.name}” is removed.",
        taken_back=f"the view “{kept.name}” is kept",
        otherwise=reverse("triage"),
    )
