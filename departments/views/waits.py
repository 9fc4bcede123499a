"""Waiting for somebody without handing on: set it, and say how it ended."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from departments.actions import waits as actions
from departments.http import PersonRequest
from departments.models import Wait
from departments.views.deeds import correct, correcting, do
from departments.views.incidents import page_of
from departments.views.page import visible_incident
from departments.wait_forms import EndWaitForm, WaitForm


@require_POST
def wait_on_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say for whom the work waits."""
    incident = visible_incident(request, public_id)
    form = WaitForm(request.POST, department=incident.department, auto_id="wait_%s")
    if not form.is_valid():
        return correct(request, incident, wait_form=form)
    return do(
        request,
        lambda: actions.wait(incident=incident, acting_person=request.user, **form.cleaned_data),
        done=f"“{incident}” at {incident.account} waits, at the latest until {form.cleaned_data['expected_on']:%d %b}.",
        otherwise=page_of(incident),
        wrong=correcting(request, incident, wait_form=form),
    )


@require_POST
def end_wait(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that it is there, or needed no longer."""
    waits = Wait.objects.visible_to(request.user).select_related(
        "incident__account", "incident__department", "waiting_department", "department"
    )
    wait = get_object_or_404(waits, public_id=public_id)
    form = EndWaitForm(request.POST, wait=wait, person=request.user, auto_id="end_wait_%s")
    if not form.is_valid():
        return correct(request, wait.incident, end_wait_form=form)
    return do(
        request,
        lambda: actions.end_wait(wait=wait, acting_person=request.user, **form.cleaned_data),
        done=f"Nobody is waited for any more: {wait.waiting_department} goes on with “{wait.incident}”.",
        otherwise=page_of(wait.incident),
    )
