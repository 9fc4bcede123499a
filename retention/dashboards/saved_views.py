"""Ways of looking at a list, kept under a name."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.http import PersonRequest
from retention.dashboards.portfolio import Portfolio
from retention.models import SavedView


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
    kept = form.cleaned_data
    SavedView.objects.update_or_create(
        person=request.user,
        page="portfolio",
        name=kept["name"],
        defaults={"query": kept["query"], "is_shared": kept["is_shared"]},
    )
    messages.success(request, f"Saved as “{kept['name']}”.")
    return redirect(f"{reverse('portfolio')}?{kept['query']}")


@require_POST
def forget_view(request: PersonRequest, view: uuid.UUID) -> HttpResponse:
    """Remove a saved view of the person's own."""
    get_object_or_404(SavedView.objects.filter(person=request.user), public_id=view).delete()
    messages.success(request, "The saved view is removed.")
    return redirect("portfolio")
