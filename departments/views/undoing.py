"""Undo: take back what one has just done."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from departments.actions.outcome import left
from departments.actions.undo import undo
from departments.http import PersonRequest
from departments.models import UndoPoint
from departments.views.deeds import back


@require_POST
def undo_deed(request: PersonRequest, batch: uuid.UUID) -> HttpResponse:
    """Take it back where nobody has acted since, and say where somebody has."""
    if not UndoPoint.objects.visible_to(request.user).filter(batch=batch).exists():
        raise Http404
    undone = undo(batch=batch, acting_person=request.user)
    if len(undone.incidents) == 1:
        incident = undone.incidents[0]
        messages.success(request, f"Taken back: “{incident}” at {incident.account} is as it was before.")
    elif undone.incidents:
        messages.success(request, f"Taken back: {len(undone.incidents)} incidents are as they were before.")
    if len(undone.refused) == 1:
        messages.error(request, f"Not taken back: {undone.refused[0].sentence}")
    elif undone.refused:
        messages.error(request, f"Not taken back: {left(undone.refused, request.user)}.")
    return back(request, reverse("home"))
