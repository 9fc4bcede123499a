"""The same deed for all ticked incidents; each is its own, so that one conflict does not stop the rest."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.errors import ActionError, NotAllowed
from departments.actions import incidents as actions
from departments.forms import AssignForm, BulkForm, ResolveForm
from departments.http import PersonRequest
from departments.models import Department, Incident
from departments.views.deeds import back, say_what_is_wrong

Deed = Callable[[Incident], object]


@require_POST
def accept_ticked(request: PersonRequest) -> HttpResponse:
    """Answer for all of them."""
    return _for_each(request, lambda one: actions.accept(incident=one, acting_person=request.user), "accepted")


@require_POST
def assign_ticked(request: PersonRequest) -> HttpResponse:
    """Give all of them to one colleague."""
    form = AssignForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    assignee = form.cleaned_data["assignee"]
    return _for_each(
        request,
        lambda one: actions.assign(incident=one, assignee=assignee, acting_person=request.user),
        f"with {assignee or 'nobody'} now",
    )


@require_POST
def resolve_ticked(request: PersonRequest) -> HttpResponse:
    """Say how all of them were put right."""
    form = ResolveForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    resolution, cause = form.cleaned_data["resolution"], form.cleaned_data["cause"]
    return _for_each(
        request,
        lambda one: actions.resolve(incident=one, resolution=resolution, cause=cause, acting_person=request.user),
        "resolved",
    )


def _own_department(request: PersonRequest) -> Department:
    if request.user.department is None:
        raise PermissionDenied("You work in no department that could do this.")
    return request.user.department


def _sent_back(request: PersonRequest, form: Form) -> HttpResponse:
    say_what_is_wrong(request, form)
    return back(request, reverse("triage"))


def _for_each(request: PersonRequest, deed: Deed, outcome: str) -> HttpResponse:
    form = BulkForm(request.POST, person=request.user)
    if not form.is_valid():
        return _sent_back(request, form)
    incidents = form.cleaned_data["incident"]
    refusals = [(one, refusal) for one in incidents if (refusal := _refusal(one, deed))]
    if len(refusals) == len(incidents) and all(isinstance(refusal, NotAllowed) for _, refusal in refusals):
        raise PermissionDenied(str(refusals[0][1]))
    if len(incidents) > len(refusals):
        messages.success(request, f"{len(incidents) - len(refusals)} {outcome}.")
    for incident, refusal in refusals:
        messages.error(request, f"{incident} at {incident.account}: {refusal}")
    return back(request, reverse("triage"))


def _refusal(incident: Incident, deed: Deed) -> ActionError | None:
    try:
        deed(incident)
    except ActionError as refusal:
        return refusal
    return None
