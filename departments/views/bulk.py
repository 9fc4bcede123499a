"""The same deed for all ticked incidents: each is done or refused by itself, and all of it is taken back at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import ActionError
from departments.actions import merging, several, several_disputes
from departments.actions.outcome import Outcome, told
from departments.forms import AssignForm, BulkForm, DisputeForm, HandOffForm, MergeForm, ResolveForm
from departments.http import PersonRequest
from departments.models import Department, Incident
from departments.views.deeds import back, say_what_is_wrong, undo_tag

Incidents = Sequence[Incident]


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be said before a deed is done with all that are ticked."""

    route: str
    verb: str
    words: str
    form: Form


@require_POST
def accept_ticked(request: PersonRequest) -> HttpResponse:
    """Answer for all of them, also for those that others ask the department to take."""
    return _all(request, lambda them: several.accept_all(incidents=them, acting_person=request.user), "accepted")


@require_http_methods(["GET", "HEAD", "POST"])
def assign_ticked(request: PersonRequest) -> HttpResponse:
    """Give all of them to one colleague."""
    if "assignee" not in request.POST:
        form = AssignForm(department=_own_department(request), auto_id="bulk_%s")
        return _asked_first(request, Question("incidents_assign", "Assign", "Who works on them", form))
    form = AssignForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    assignee = form.cleaned_data["assignee"]
    return _all(
        request,
        lambda them: several.assign_all(incidents=them, assignee=assignee, acting_person=request.user),
        f"with {assignee or 'nobody'} now",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hand_off_ticked(request: PersonRequest) -> HttpResponse:
    """Ask one other department to take all of them."""
    if "to" not in request.POST:
        form = HandOffForm(department=_own_department(request), auto_id="bulk_%s")
        return _asked_first(request, Question("incidents_hand_off", "Hand off", "Whom to ask, and why", form))
    form = HandOffForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    values = form.cleaned_data | {"share": form.cleaned_data["share"] / 100}
    return _all(
        request,
        lambda them: several.hand_off_all(incidents=them, acting_person=request.user, **values),
        f"handed to {values['to']} for its answer",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def dispute_ticked(request: PersonRequest) -> HttpResponse:
    """Say of all of them that they are not the own department's."""
    _own_department(request)
    if "reason" not in request.POST:
        form = DisputeForm(auto_id="bulk_%s")
        return _asked_first(request, Question("incidents_dispute", "Dispute", "Why they are not yours", form))
    form = DisputeForm(request.POST)
    if not form.is_valid():
        return _sent_back(request, form)
    values = form.cleaned_data
    return _all(
        request,
        lambda them: several_disputes.dispute_all(incidents=them, acting_person=request.user, **values),
        "disputed",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def resolve_ticked(request: PersonRequest) -> HttpResponse:
    """Say how all of them were put right."""
    if "resolution" not in request.POST:
        form = ResolveForm(department=_own_department(request), auto_id="bulk_%s")
        return _asked_first(request, Question("incidents_resolve", "Resolve", "How all of them were put right", form))
    form = ResolveForm(request.POST, department=_own_department(request))
    if not form.is_valid():
        return _sent_back(request, form)
    values = form.cleaned_data
    return _all(
        request,
        lambda them: several.resolve_all(incidents=them, acting_person=request.user, **values),
        "resolved",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def merge_ticked(request: PersonRequest) -> HttpResponse:
    """Ask which of the ticked is kept, and merge the others into it."""
    _own_department(request)
    if request.method != "POST":
        return _ask_which_is_kept(request)
    if "into" not in request.POST:
        return _to_the_question(request, "incidents_merge")
    form = MergeForm(request.POST, person=request.user)
    if not form.is_valid():
        return _sent_back(request, form)
    incidents, into = list(form.cleaned_data["incident"]), form.cleaned_data["into"]
    try:
        outcome = merging.merge_all(incidents=incidents, into=into, acting_person=request.user)
    except ActionError as refusal:
        messages.error(request, str(refusal))
        return back(request, reverse("triage"))
    return _reported(request, outcome, f"merged into “{into}” at {into.account}")


def _asked_first(request: PersonRequest, question: Question) -> HttpResponse:
    """Without a script, what a dialog would ask is asked on a page of its own."""
    if request.method == "POST":
        return _to_the_question(request, question.route)
    form = BulkForm(request.GET, person=request.user)
    ticked = list(form.cleaned_data["incident"]) if form.is_valid() else []
    context = {"ticked": ticked, "place": request.GET.get("next", ""), "question": question}
    return render(request, "departments/ticked.html", context)


def _to_the_question(request: PersonRequest, route: str) -> HttpResponse:
    """Lead to the page that asks: a page of its own, not a part of the desk."""
    ticked = {"incident": request.POST.getlist("incident"), "next": request.POST.get("next", "")}
    address = f"{reverse(route)}?{urlencode(ticked, doseq=True)}"
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


def _all(request: PersonRequest, deed: Callable[[Incidents], Outcome], words: str) -> HttpResponse:
    form = BulkForm(request.POST, person=request.user)
    if not form.is_valid():
        return _sent_back(request, form)
    return _reported(request, deed(list(form.cleaned_data["incident"])), words)


def _reported(request: PersonRequest, outcome: Outcome, words: str) -> HttpResponse:
    """Say how many were done, how many were not and why."""
    if outcome.is_forbidden and outcome.refused:
        raise PermissionDenied(str(outcome.refused[0].error))
    sentence = told(outcome, words, request.user)
    if outcome.done:
        messages.success(request, sentence, extra_tags=undo_tag(outcome.undo))
    elif outcome.refused:
        messages.error(request, sentence)
    return back(request, reverse("triage"))
