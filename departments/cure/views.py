"""What people do on the way to a cure, at an incident or at a problem."""

import uuid
from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.actions import checks
from departments.actions import cure as actions
from departments.cure.forms import (
    ActionForm,
    ConfirmForm,
    ContainmentForm,
    CostForm,
    CustomerStepForm,
    ReopenForm,
    ReplanForm,
    RootCauseForm,
)
from departments.cure.pages import show_problem_page
from departments.forms import WordsForm
from departments.http import PersonRequest
from departments.models import (
    Containment,
    CorrectiveAction,
    Cost,
    CustomerStep,
    EffectivenessCheck,
    Incident,
    OfSubject,
    Problem,
    RootCause,
    Subject,
)
from departments.views.deeds import NOT_PROCESSED, back, correct, do, say_what_is_wrong
from departments.views.page import visible_incident

STRIKEABLE: dict[str, type[OfSubject]] = {
    "containment": Containment,
    "cause": RootCause,
    "cost": Cost,
    "customer-step": CustomerStep,
}


@require_POST
def contain(request: PersonRequest, public_id: uuid.UUID, of: str) -> HttpResponse:
    """Record what was done at once."""
    subject = visible_subject(request, of, public_id)
    form = ContainmentForm(request.POST, auto_id="contain_%s")
    return _send(
        request,
        subject,
        "contain_form",
        form,
        lambda: actions.contain(subject=subject, acting_person=request.user, **form.cleaned_data),
        "First aid is on record.",
    )


@require_POST
def find_cause(request: PersonRequest, public_id: uuid.UUID, of: str) -> HttpResponse:
    """Record why it happened."""
    subject = visible_subject(request, of, public_id)
    form = RootCauseForm(request.POST, department=subject.department, auto_id="cause_%s")
    return _send(
        request,
        subject,
        "cause_form",
        form,
        lambda: actions.find_cause(subject=subject, acting_person=request.user, **form.values()),
        "Why it happened is on record.",
    )


@require_POST
def plan(request: PersonRequest, public_id: uuid.UUID, of: str) -> HttpResponse:
    """Plan a corrective action."""
    subject = visible_subject(request, of, public_id)
    form = ActionForm(request.POST, subject=subject, auto_id="plan_%s")
    return _send(
        request,
        subject,
        "action_form",
        form,
        lambda: actions.plan_action(subject=subject, acting_person=request.user, **form.cleaned_data),
        "The action is planned.",
    )


@require_POST
def cost(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record what it cost directly."""
    incident = visible_incident(request, public_id)
    form = CostForm(request.POST, auto_id="cost_%s")
    return _send(
        request,
        incident,
        "cost_form",
        form,
        lambda: actions.record_cost(incident=incident, acting_person=request.user, **form.cleaned_data),
        "The cost is on record.",
    )


@require_POST
def customer_step(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record that the customer was told or asked."""
    incident = visible_incident(request, public_id)
    form = CustomerStepForm(request.POST, auto_id="customer_%s")
    return _send(
        request,
        incident,
        "customer_form",
        form,
        lambda: actions.record_customer_step(incident=incident, acting_person=request.user, **form.cleaned_data),
        "What passed with the customer is on record.",
    )


@require_POST
def finish(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that an action is done."""
    action = _visible_action(request, public_id)
    form = WordsForm(request.POST)
    return _send_about(
        request,
        action.subject,
        form,
        lambda: actions.finish_action(action=action, acting_person=request.user, **form.cleaned_data),
        f"Done; its effect is checked in {action.check_after_days} days.",
    )


@require_POST
def replan(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give an action to somebody else, or another day."""
    action = _visible_action(request, public_id)
    form = ReplanForm(request.POST, subject=action.subject)
    return _send_about(
        request,
        action.subject,
        form,
        lambda: actions.replan_action(action=action, acting_person=request.user, **form.cleaned_data),
        "The action is planned anew.",
    )


@require_POST
def drop(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say why an action is not going to be done."""
    action = _visible_action(request, public_id)
    form = WordsForm(request.POST)
    return _send_about(
        request,
        action.subject,
        form,
        lambda: actions.drop_action(action=action, acting_person=request.user, **form.cleaned_data),
        "The action is dropped.",
    )


@require_POST
def confirm(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Close an action after its check."""
    check = _visible_check(request, public_id)
    form = ConfirmForm(request.POST)
    return _send_about(
        request,
        check.action.subject,
        form,
        lambda: checks.confirm_check(check=check, acting_person=request.user, **form.cleaned_data),
        "The action is closed.",
    )


@require_POST
def reopen(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Plan an action again after its check."""
    check = _visible_check(request, public_id)
    form = ReopenForm(request.POST)
    return _send_about(
        request,
        check.action.subject,
        form,
        lambda: checks.reopen_action(check=check, acting_person=request.user, **form.cleaned_data),
        "The action is planned again.",
    )


@require_POST
def strike(request: PersonRequest, kind: str, public_id: uuid.UUID) -> HttpResponse:
    """Say that something recorded is wrong."""
    if kind not in STRIKEABLE:
        raise Http404
    seen: Any = STRIKEABLE[kind]._default_manager
    row: OfSubject = get_object_or_404(
        seen.visible_to(request.user).select_related("incident", "problem"), public_id=public_id
    )
    form = WordsForm(request.POST)
    return _send_about(
        request,
        row.subject,
        form,
        lambda: actions.strike(row=row, acting_person=request.user, **form.cleaned_data),
        "It counts no longer; the record keeps it.",
    )


def visible_subject(request: PersonRequest, of: str, public_id: object) -> Subject:
    """Return the incident or problem; 404 for outsiders."""
    return visible_incident(request, public_id) if of == "incident" else visible_problem(request, public_id)


def visible_problem(request: PersonRequest, public_id: object) -> Problem:
    """Return the problem with what a page about it reads; 404 for outsiders."""
    problems = Problem.objects.visible_to(request.user)
    return get_object_or_404(
        problems.select_related("department", "friction_type", "opened_by", "closed_by"), public_id=public_id
    )


def _visible_action(request: PersonRequest, public_id: object) -> CorrectiveAction:
    actions_seen = CorrectiveAction.objects.visible_to(request.user)
    return get_object_or_404(
        actions_seen.select_related("incident__department", "problem__department", "owner"), public_id=public_id
    )


def _visible_check(request: PersonRequest, public_id: object) -> EffectivenessCheck:
    seen = EffectivenessCheck.objects.visible_to(request.user)
    related = ("action__incident", "action__problem", "action__department")
    return get_object_or_404(seen.select_related(*related), public_id=public_id)


def page_of_subject(subject: Subject) -> str:
    """Return where the cure of an incident or problem is shown."""
    name = "incident" if isinstance(subject, Incident) else "problem"
    return reverse(name, args=[subject.public_id]) + "#cure"


def _send(
    request: PersonRequest, subject: Subject, name: str, form: Form, deed: Callable[[], object], done: str
) -> HttpResponse:
    """Do it, or show the page again with the form that needs correction."""
    if form.is_valid():
        return do(request, deed, done=done, otherwise=page_of_subject(subject))
    bound = {name: form}
    if isinstance(subject, Incident):
        return correct(request, subject, **bound)
    return show_problem_page(request, subject, NOT_PROCESSED, **bound)


def _send_about(
    request: PersonRequest, subject: Subject, form: Form, deed: Callable[[], object], done: str
) -> HttpResponse:
    """Do it, or say what is missing: these forms stand many times on a page."""
    if form.is_valid():
        return do(request, deed, done=done, otherwise=page_of_subject(subject))
    say_what_is_wrong(request, form)
    return back(request, page_of_subject(subject))
