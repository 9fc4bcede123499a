"""Undo: take back what one has just done."""

import uuid
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_POST

from departments.actions.cure_steps import undo_problem_step
from departments.actions.outcome import left
from departments.actions.rows_undo import restore_rows
from departments.actions.undo import undo
from departments.http import PersonRequest
from departments.models import Problem, ProblemUndoPoint, RowsUndo, UndoPoint
from departments.views.deeds import back, do


@require_POST
def undo_deed(request: PersonRequest, batch: uuid.UUID) -> HttpResponse:
    """Take it back where nobody has acted since, and say where somebody has."""
    if RowsUndo.objects.visible_to(request.user).filter(batch=batch).exists():
        return _restored(request, batch)
    if ProblemUndoPoint.objects.visible_to(request.user).filter(batch=batch).exists():
        return _undo_on_a_problem(request, batch)
    if not UndoPoint.objects.visible_to(request.user).filter(batch=batch).exists():
        raise Http404
    undone = undo(batch=batch, acting_person=request.user)
    if len(undone.incidents) == 1:
        incident = undone.incidents[0]
        stands = "is as it was before" if incident.severity else "stays on record, and weighs nothing"
        messages.success(request, f"Taken back: “{incident}” at {incident.account} {stands}.")
    elif undone.incidents:
        messages.success(request, f"Taken back: {len(undone.incidents)} incidents are as they were before.")
    if len(undone.refused) == 1:
        messages.error(request, f"Not taken back: {undone.refused[0].sentence}")
    elif undone.refused:
        messages.error(request, f"Not taken back: {left(undone.refused, request.user)}.")
    if _is_gone(request.POST.get("next", "")):
        return HttpResponseRedirect(reverse("problems"), status=303)
    return back(request, reverse("home"))


def _is_gone(place: str) -> bool:
    """Return whether a place was the page of a problem that has been opened by mistake, and taken back."""
    try:
        page = resolve(urlsplit(place).path)
    except Resolver404:
        return False
    is_problem = page.url_name == "problem"
    return is_problem and Problem.objects.filter(withdrawn_at__isnull=False, **page.kwargs).exists()


def _restored(request: PersonRequest, batch: uuid.UUID) -> HttpResponse:
    kept = RowsUndo.objects.get(batch=batch)
    return do(
        request,
        lambda: bool(restore_rows(batch=batch, acting_person=request.user)),
        done=f"Taken back: {kept.words}.",
        otherwise=reverse("home"),
    )


def _undo_on_a_problem(request: PersonRequest, batch: uuid.UUID) -> HttpResponse:
    return do(
        request,
        lambda: undo_problem_step(batch=batch, acting_person=request.user),
        done="Taken back: the problem is as it was before.",
        otherwise=reverse("problems"),
    )
