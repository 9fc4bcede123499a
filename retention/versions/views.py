"""The pages on which administrators look at models and put one in force."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import ActionError
from departments.care.views import require
from departments.http import PersonRequest
from departments.models import Capability
from retention.dashboards.trust import Trust, trust
from retention.models import ModelVersion
from retention.scoring.versions import active_model, completed, scoring_model
from retention.tasks import score_range
from retention.versions.actions import activate
from retention.versions.preview import preview

VERSIONS_SHOWN = 50


class ActivationForm(forms.Form):
    """Which model the person saw this one held against."""

    instead_of = forms.IntegerField(min_value=1)


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A term's weight in the model in force and in the other; None where one does not know the term."""

    label: str
    before: float | None
    after: float | None

    @property
    def differs(self) -> bool:
        return self.before is None or self.after is None or round(self.after - self.before, 2) != 0.0


@require_safe
def show_models(request: PersonRequest) -> HttpResponse:
    """List the versions, newest first, with what their backtests said."""
    require(request, Capability.CONFIGURE)
    versions = ModelVersion.objects.select_related("activated_by").order_by("-number")[:VERSIONS_SHOWN]
    rows: list[tuple[ModelVersion, Trust]] = [(version, trust(version)) for version in versions]
    return render(request, "versions/models.html", {"rows": rows})


@require_safe
def show_model(request: PersonRequest, model: uuid.UUID) -> HttpResponse:
    """Show what a version would change on real accounts, before it is put in force."""
    require(request, Capability.CONFIGURE)
    version = get_object_or_404(ModelVersion.objects.select_related("activated_by"), public_id=model)
    active = active_model()
    context: dict[str, object] = {"version": version, "active": active, "trust": trust(version)}
    if active is not None and active.pk != version.pk:
        context["preview"] = preview(active, version, moment=timezone.now(), person=request.user)
        context["weights"] = [change for change in weight_changes(active, version) if change.differs]
    return render(request, "versions/model.html", context)


@require_POST
def activate_model(request: PersonRequest, model: uuid.UUID) -> HttpResponse:
    """Put a version in force, unless somebody else was first."""
    require(request, Capability.CONFIGURE)
    version = get_object_or_404(ModelVersion, public_id=model)
    form = ActivationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: look at the preview, and confirm there.")
        return redirect("model_version", version.public_id)
    try:
        done = activate(version=version, instead_of=form.cleaned_data["instead_of"], acting_person=request.user)
    except ActionError as refused:
        messages.error(request, str(refused))
        return redirect("model_version", version.public_id)
    for range_id in done.ranges:
        score_range.delay(range_id)
    messages.success(request, f"Model {version.number} is in force. Every account is being scored by it now.")
    return redirect("method")


def weight_changes(active: ModelVersion, other: ModelVersion) -> Iterator[WeightChange]:
    """Yield each term that either model knows, with both weights."""
    before, after = (completed(scoring_model(version)).weights for version in (active, other))
    old, new = (dict(zip(one.keys, one.mean.tolist(), strict=True)) for one in (before, after))
    labels = {term.key: term.label for term in (*before.terms, *after.terms)}
    for key, label in labels.items():
        yield WeightChange(label, old.get(key), new.get(key))
