"""The pages of recoveries: starting one, its own page, and the buttons there."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Account, AuditEntry
from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Capability, Incident
from departments.views.deeds import do, say_what_is_wrong, undo_tag
from retention.care.forms import CloseForm, RecoveryForm, StepForm, first_steps, workers
from retention.care.recoveries import (
    add_step,
    change_recovery,
    change_step,
    close_recovery,
    finish_step,
    may_lead,
    remove_step,
    reopen_step,
    start_recovery,
)
from retention.care.undoable import of_recovery
from retention.dashboards.account_care import recovery_course
from retention.models import Recovery, RecoveryStep

HISTORY_WORDS = {
    "recovery.start": "Started",
    "recovery.change": "Plan changed",
    "recovery.add_step": "Step added",
    "recovery.change_step": "Step changed",
    "recovery.remove_step": "Step taken out",
    "recovery.finish_step": "Step done",
    "recovery.reopen_step": "Step not done after all",
    "recovery.close": "Closed",
}
BAD = 400


@require_http_methods(["GET", "HEAD", "POST"])
def start_at(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Start a recovery of an account, with its first steps."""
    require(request, Capability.LEAD_RECOVERIES)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    if (under_way := Recovery.objects.open().filter(account=customer).first()) and request.method != "POST":
        messages.info(request, "A recovery of this account is under way.")
        return redirect("recovery", under_way.public_id)
    sent = request.POST or None
    form = RecoveryForm(sent, account=customer, person=request.user)
    steps = first_steps(request.user, sent)
    if (
        form.is_valid()
        and all(step.is_valid() for step in steps)
        and done(form, _start(request, customer, form, steps))
    ):
        messages.success(request, "The recovery has begun.")
        return redirect("account", customer.public_id)
    is_wrong = sent is not None and (form.errors or any(step.errors for step in steps))
    context = {"form": form, "steps": steps, "account": customer}
    return render(request, "care/start_recovery.html", context, status=BAD if is_wrong else status_of(form))


def _start(request: PersonRequest, account: Account, form: RecoveryForm, steps: Any) -> Callable[[], object]:
    new_steps = [step for step in (form.new_step() for form in steps) if step]
    return lambda: start_recovery(account=account, steps=new_steps, acting_person=request.user, **form.cleaned_data)


@require_safe
def show_recovery(request: PersonRequest, recovery: uuid.UUID) -> HttpResponse:
    """Show a recovery with its steps, what came of it, and the forms to work on it."""
    return _page(request, _visible(request, recovery))


@require_POST
def change(request: PersonRequest, recovery: uuid.UUID) -> HttpResponse:
    """Change the plan."""
    plan = _visible(request, recovery)
    require(request, Capability.LEAD_RECOVERIES)
    form = RecoveryForm(request.POST, account=plan.account, person=request.user, before=plan)
    undoing = of_recovery(plan, request.user)
    deed = undoing(lambda: change_recovery(recovery=plan, acting_person=request.user, **form.cleaned_data))
    if form.is_valid() and done(form, deed):
        messages.success(request, "The plan is changed.", extra_tags=undo_tag(undoing.batch))
        return redirect("recovery", plan.public_id)
    return _page(request, plan, plan_form=form)


@require_POST
def close(request: PersonRequest, recovery: uuid.UUID) -> HttpResponse:
    """Say how it ended."""
    plan = _visible(request, recovery)
    require(request, Capability.LEAD_RECOVERIES)
    form = CloseForm(request.POST)
    undoing = of_recovery(plan, request.user)
    deed = undoing(lambda: close_recovery(recovery=plan, acting_person=request.user, **form.cleaned_data))
    if form.is_valid() and done(form, deed):
        words = f"The recovery is closed: {plan.get_state_display().lower()}."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
        return redirect("recovery", plan.public_id)
    return _page(request, plan, close_form=form)


@require_POST
def add(request: PersonRequest, recovery: uuid.UUID) -> HttpResponse:
    """Add a step."""
    plan = _visible(request, recovery)
    require(request, Capability.LEAD_RECOVERIES)
    form = StepForm(request.POST, person=request.user, people=list(workers()))
    undoing = of_recovery(plan, request.user)
    deed = undoing(lambda: add_step(recovery=plan, acting_person=request.user, **form.cleaned_data))
    if form.is_valid() and done(form, deed):
        messages.success(request, "The step is added.", extra_tags=undo_tag(undoing.batch))
        return redirect("recovery", plan.public_id)
    return _page(request, plan, step_form=form)


@require_POST
def change_one(request: PersonRequest, step: uuid.UUID) -> HttpResponse:
    """Change a step."""
    one = _visible_step(request, step)
    require(request, Capability.LEAD_RECOVERIES)
    form = StepForm(request.POST, person=request.user, people=list(workers()), step=one, prefix=str(one.public_id))
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return redirect("recovery", one.recovery.public_id)
    return _do(
        request,
        one,
        lambda: change_step(step=one, acting_person=request.user, **form.cleaned_data),
        "The step is changed.",
    )


@require_POST
def remove(request: PersonRequest, step: uuid.UUID) -> HttpResponse:
    """Take a step out."""
    one = _visible_step(request, step)
    return _do(request, one, lambda: remove_step(step=one, acting_person=request.user), "The step is taken out.")


@require_POST
def finish(request: PersonRequest, step: uuid.UUID) -> HttpResponse:
    """Say that a step is done."""
    one = _visible_step(request, step)
    return _do(request, one, lambda: finish_step(step=one, acting_person=request.user), f"Done: {one.words}")


@require_POST
def reopen(request: PersonRequest, step: uuid.UUID) -> HttpResponse:
    """Say that a step is not done after all."""
    one = _visible_step(request, step)
    return _do(request, one, lambda: reopen_step(step=one, acting_person=request.user), f"Not done: {one.words}")


def _do(request: PersonRequest, step: RecoveryStep, deed: Callable[[], object], words: str) -> HttpResponse:
    undoable = of_recovery(step.recovery, request.user)(deed)
    return do(request, undoable, done=words, otherwise=reverse("recovery", args=[step.recovery.public_id]))


def _visible(request: PersonRequest, recovery: uuid.UUID) -> Recovery:
    seen = Recovery.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("account", "owner", "started_by", "closed_by"), public_id=recovery)


def _visible_step(request: PersonRequest, step: uuid.UUID) -> RecoveryStep:
    seen = RecoveryStep.objects.visible_to(request.user)
    return get_object_or_404(seen.select_related("recovery__account", "owner"), public_id=step)


def _page(request: PersonRequest, recovery: Recovery, **bound: forms.Form) -> HttpResponse:
    person = request.user
    leads = recovery.is_open and may_lead(person, recovery.account)
    steps = list(recovery.steps.select_related("owner", "done_by"))
    context: dict[str, Any] = {
        "recovery": recovery,
        "account": recovery.account,
        "sees_account": Account.objects.visible_to(person).filter(pk=recovery.account_id).exists(),
        "leads": leads,
        "course": recovery_course(recovery),
        "steps": steps,
        "incidents": Incident.objects.visible_to(person).filter(recoveries=recovery).select_related("department"),
        "history": history_of(recovery),
    }
    if leads:
        context |= _forms(request, recovery, steps) | bound
    return render(request, "care/recovery.html", context, status=BAD if bound else 200)


def _forms(request: PersonRequest, recovery: Recovery, steps: list[RecoveryStep]) -> dict[str, Any]:
    people = list(workers())
    for step in steps:
        step.form = StepForm(person=request.user, people=people, step=step, prefix=str(step.public_id))  # type: ignore[attr-defined]  # for the template
    return {
        "plan_form": RecoveryForm(account=recovery.account, person=request.user, before=recovery),
        "step_form": StepForm(person=request.user, people=people),
        "close_form": CloseForm(),
    }


def history_of(recovery: Recovery) -> list[tuple[AuditEntry, str, str]]:
    """Return what was done to a recovery, the latest first: the entry, the deed in words, and about which step."""
    entries = AuditEntry.objects.filter(subject=recovery.public_id).select_related("person").order_by("-at", "-pk")
    return [(entry, HISTORY_WORDS.get(entry.verb, entry.verb), _about(entry)) for entry in entries]


def _about(entry: AuditEntry) -> str:
    told = entry.details.get("after", entry.details)
    return str(told.get("words", "")) if entry.verb.endswith("_step") else ""
