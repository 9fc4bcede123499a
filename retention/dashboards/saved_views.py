"""Ways of looking at a list, kept under a name."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.http import PersonRequest
from departments.views.deeds import do_to_rows
from retention.dashboards.portfolio import Portfolio
from retention.models import SavedView

PAGE = "portfolio"


class SaveViewForm(forms.Form):
    """A name for what is shown, and whether others may use it."""

    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=500, required=False)
    is_shared = forms.BooleanField(required=False)

    def clean_query(self) -> str:
        """Write the query anew, so that nothing but names and values is kept."""
        return QueryDict(self.cleaned_data["query"]).urlencode()


@require_POST
def save_view(request: PersonRequest) -> HttpResponse:
    """Keep the filters and order of the portfolio under a name; a name given before is overwritten."""
    Portfolio(request)
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The view was not saved: give it a name of up to 60 letters.")
        return redirect("portfolio")
    place = f"{reverse('portfolio')}?{form.cleaned_data['query']}"
    return keep_view(request, PAGE, form.cleaned_data, otherwise=place)


def keep_view(request: PersonRequest, page: str, kept: Mapping[str, Any], *, otherwise: str) -> HttpResponse:
    """Keep what is shown on a page under a name, such that it can be taken back."""
    own, name = SavedView.objects.filter(person=request.user, page=page), kept["name"]
    return do_to_rows(
        request,
        own.filter(name=name),
        lambda: own.update_or_create(
            person=request.user,
            page=page,
            name=name,
            defaults={"query": kept["query"], "is_shared": kept["is_shared"]},
        ),
        done=f"Saved as “{name}”.",
        taken_back=f"the view “{name}” is as it was before",
        otherwise=otherwise,
    )


@require_POST
def forget_view(request: PersonRequest, view: uuid.UUID) -> HttpResponse:
    """Remove a saved view of the person's own."""
    return remove_view(request, PAGE, view, otherwise=reverse("portfolio"))


def remove_view(request: PersonRequest, page: str, view: uuid.UUID, *, otherwise: str) -> HttpResponse:
    """Remove a view of the person's own, such that it can be taken back."""
    own = SavedView.objects.filter(person=request.user, page=page)
    kept = get_object_or_404(own, public_id=view)
    return do_to_rows(
        request,
        own.filter(pk=kept.pk),
        kept.delete,
        done=f"The view “{kept.name}” is removed.",
        taken_back=f"the view “{kept.name}” is kept",
        otherwise=otherwise,
    )
