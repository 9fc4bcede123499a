"""Problems: their list, their pages, and gathering incidents in them."""

import uuid
from collections.abc import Callable, Sequence

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import ActionError, NotAllowed
from departments.actions import problems as actions
from departments.actions.outcome import Outcome, told
from departments.actions.undo import undo_of
from departments.cure.forms import LinkForm, ProblemForm
from departments.cure.pages import show_problem_page
from departments.cure.views import visible_problem
from departments.forms import BulkForm, WordsForm
from departments.http import PersonRequest
from departments.models import OPEN_STATES, Capability, Incident, Problem
from departments.views.deeds import back, do, say_what_is_wrong, undo_tag
from departments.views.page import visible_incident


@require_safe
def list_problems(request: PersonRequest) -> HttpResponse:
    """Show the problems that the person may see, the open ones with most at risk first."""
    is_open = Q(incidents__state__in=OPEN_STATES, incidents__merged_into=None)
    seen = Problem.objects.visible_to(request.user).select_related("department", "friction_type")
    counted = seen.annotate(
        gathered=Count("incidents", filter=Q(incidents__merged_into=None)),
        accounts=Count("incidents__account", distinct=True),
        at_risk=Sum("incidents__money_at_risk", filter=is_open, default=0.0),
    )
    context = {
        "open": list(counted.filter(closed_at=None).order_by("-at_risk", "-opened_at")[:100]),
        "closed": list(counted.exclude(closed_at=None).order_by("-closed_at")[:50]),
        "sees_cures": request.user.can(Capability.SEE_TRIAGE),
        "may_open": request.user.can(Capability.ANSWER_INCIDENTS),
    }
    return render(request, "departments/problems.html", context)


@require_safe
def show_problem(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one problem."""
    return show_problem_page(request, visible_problem(request, public_id))


@require_http_methods(["GET", "HEAD", "POST"])
def gather(request: PersonRequest) -> HttpResponse:
    """Ask which problem the ticked incidents belong to, or what a new one is called; then link them."""
    if not request.user.can(Capability.ANSWER_INCIDENTS):
        raise PermissionDenied("Only the head of a department gathers incidents in a problem.")
    if request.method != "POST":
        return _ask(request)
    if "problem" not in request.POST and "title" not in request.POST:
        return _to_the_question(request)
    form = BulkForm(request.POST, person=request.user)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, reverse("triage"))
    incidents = list(form.cleaned_data["incident"])
    return _open(request, incidents) if "title" in request.POST else _link(request, incidents)


def _ask(request: PersonRequest) -> HttpResponse:
    form = BulkForm(request.GET, person=request.user)
    ticked: Sequence[Incident] = list(form.cleaned_data["incident"]) if form.is_valid() else []
    department = request.user.department
    context = {
        "ticked": ticked,
        "place": request.GET.get("next", ""),
        "link_form": LinkForm(person=request.user, auto_id="link_%s"),
        "problem_form": ProblemForm(
            auto_id="problem_%s", initial={"department": department.slug if department else None}
        ),
    }
    return render(request, "departments/gather.html", context)


def _to_the_question(request: PersonRequest) -> HttpResponse:
    ticked = {"incident": request.POST.getlist("incident"), "next": request.POST.get("next", "")}
    address = f"{reverse('incidents_problem')}?{urlencode(ticked, doseq=True)}"
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponse(status=303, headers={"Location": address})


def _open(request: PersonRequest, incidents: list[Incident]) -> HttpResponse:
    form = ProblemForm(request.POST)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, reverse("triage"))
    try:
        problem = actions.open_problem(
            incidents=incidents, friction_type=None, acting_person=request.user, **form.cleaned_data
        )
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        messages.error(request, str(refusal))
        return back(request, reverse("triage"))
    tag = undo_tag(undo_of(incidents, request.user))
    messages.success(request, f"“{problem}” is opened, with {problem.department}.", extra_tags=tag)
    return HttpResponse(status=303, headers={"Location": reverse("problem", args=[problem.public_id])})


def _link(request: PersonRequest, incidents: list[Incident]) -> HttpResponse:
    form = LinkForm(request.POST, person=request.user)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, reverse("triage"))
    problem = form.cleaned_data["problem"]
    outcome = actions.link_all(incidents=incidents, problem=problem, acting_person=request.user)
    _report(request, outcome, f"linked to “{problem}”")
    return back(request, reverse("problem", args=[problem.public_id]))


def _report(request: PersonRequest, outcome: Outcome, words: str) -> None:
    if outcome.is_forbidden and outcome.refused:
        raise PermissionDenied(str(outcome.refused[0].error))
    sentence = told(outcome, words, request.user)
    if outcome.done:
        messages.success(request, sentence, extra_tags=undo_tag(outcome.undo))
    else:
        messages.error(request, sentence)


@require_POST
def unlink(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say why an incident does not belong to its problem."""
    incident = visible_incident(request, public_id)
    otherwise = reverse("incident", args=[incident.public_id]) + "#cure"
    form = WordsForm(request.POST)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, otherwise)
    return do(
        request,
        lambda: actions.unlink_incident(incident=incident, acting_person=request.user, **form.cleaned_data),
        done=f"“{incident}” at {incident.account} belongs to no problem now.",
        otherwise=otherwise,
    )


@require_POST
def close(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say why the problem is done with."""
    problem = visible_problem(request, public_id)
    return _decide(request, problem, actions.close_problem, "is closed")


@require_POST
def reopen(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say why it is not."""
    problem = visible_problem(request, public_id)
    return _decide(request, problem, actions.reopen_problem, "is open again")


def _decide(request: PersonRequest, problem: Problem, act: Callable[..., Problem], words: str) -> HttpResponse:
    otherwise = reverse("problem", args=[problem.public_id])
    form = WordsForm(request.POST)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, otherwise)
    return do(
        request,
        lambda: act(problem=problem, words=form.cleaned_data["words"], acting_person=request.user),
        done=f"“{problem}” {words}.",
        otherwise=otherwise,
    )
