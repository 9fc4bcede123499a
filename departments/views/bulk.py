"""The same deed for all ticked incidents; each is its own, so that one conflict does not stop the rest."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from departments.actions import handoffs, merging
from departments.actions import incidents as actions
from departments.actions.bulk import Outcome, for_each
from departments.forms import AssignForm, BulkForm, HandOffForm, MergeForm, ResolveForm
from departments.http import PersonRequest
from departments.models import Department, Incident
from departments.views.deeds import back, say_what_is_wrong, undo_tag


@require_POST
def accept_ticked(request: PersonRequest) -> HttpResponse:
    """Answer for all of them, also for those that others ask the department to take."""
    return _for_each(request, lambda one: handoffs.accept_any(incident=one, acting_person=request.user), "accepted")


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
def hand_off_ticked(request: PersonRequest) -> HttpResponse:
    """Ask one other department to take all of them."""
    form = HandOffForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    values = form.cleaned_data | {"share": form.cleaned_data["share"] / 100}
    return _for_each(
        request,
        lambda one: handoffs.hand_off(incident=one, acting_person=request.user, **values),
        f"handed to {values['to']} for its answer",
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


@require_http_methods(["GET", "HEAD", "POST"])
def merge_ticked(request: PersonRequest) -> HttpResponse:
    """Ask which of the ticked is kept, and merge the others into it."""
    _own_department(request)
    if request.method != "POST":
        return _ask_which_is_kept(request)
    if "into" not in request.POST:
        return _to_the_question(request)
    form = MergeForm(request.POST, person=request.user)
    if not form.is_valid():
        return _sent_back(request, form)
    incidents, into = list(form.cleaned_data["incident"]), form.cleaned_data["into"]
    outcome = merging.merge_all(incidents=incidents, into=into, acting_person=request.user)
    return _reported(request, outcome, f"merged into “{into}” at {into.account}")


def _to_the_question(request: PersonRequest) -> HttpResponse:
    """Lead to the page that asks which one is kept: a page of its own, not a part of the desk."""
    ticked = {"incident": request.POST.getlist("incident"), "next": request.POST.get("next", "")}
    address = f"{reverse('incidents_merge')}?{urlencode(ticked, doseq=True)}"
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)


def _ask_which_is_kept(request: PersonRequest) -> HttpResponse:
    form = BulkForm(request.GET, person=request.user)
    ticked: Sequence[Incident] = list(form.cleaned_data["incident"]) if form.is_valid() else []
    context = {"ticked": ticked, "place": request.GET.get("next", ""), "accounts": {one.account_id for one in ticked}}
    return render(request, "departments/merge.html", context)


def _own_department(request: PersonRequest) -> Department:
    if request.user.department is None:
        raise PermissionDenied("You work in no department that could do this.")
    return request.user.department


def _sent_back(request: PersonRequest, form: Form) -> HttpResponse:
    say_what_is_wrong(request, form)
    return back(request, reverse("triage"))


def _for_each(request: PersonRequest, deed: Callable[[Incident], object], outcome: str) -> HttpResponse:
    form = BulkForm(request.POST, person=request.user)
    if not form.is_valid():
        return _sent_back(request, form)
    done = for_each(incidents=form.cleaned_data["incident"], deed=deed, acting_person=request.user)
    return _reported(request, done, outcome)


def _reported(request: PersonRequest, outcome: Outcome, words: str) -> HttpResponse:
    """Say how many were done, and of each that was refused why."""
    if outcome.is_forbidden and outcome.refused:
        raise PermissionDenied(str(outcome.refused[0].error))
    if outcome.done:
        messages.success(request, f"{len(outcome.done)} {words}.", extra_tags=undo_tag(outcome.undo))
    for refusal in outcome.refused:
        messages.error(request, refusal.sentence)
    return back(request, reverse("triage"))
