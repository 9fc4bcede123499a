"""One incident: its page, and what people do with it."""

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from departments.actions import incidents as actions
from departments.actions.mentions import told_of
from departments.actions.undoable import of_note
from departments.forms import AssignForm, NoteForm, ResolveForm, WordsForm
from departments.http import PersonRequest
from departments.models import Incident, Note
from departments.views.deeds import correct, do
from departments.views.page import show, visible_incident


@require_safe
def show_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the incident."""
    return show(request, visible_incident(request, public_id))


@require_POST
def accept_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer for it."""
    incident = visible_incident(request, public_id)
    return do(
        request,
        lambda: actions.accept(incident=incident, acting_person=request.user),
        done=f"{incident.department} answers for “{incident}” at {incident.account}.",
        otherwise=page_of(incident),
    )


@require_POST
def assign_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give it to a colleague."""
    incident = visible_incident(request, public_id)
    form = AssignForm(request.POST, department=incident.department, auto_id="assign_%s")
    if not form.is_valid():
        return correct(request, incident, assign_form=form)
    assignee = form.cleaned_data["assignee"]
    return do(
        request,
        lambda: actions.assign(incident=incident, assignee=assignee, acting_person=request.user),
        done=f"{assignee or 'Nobody'} works on “{incident}” at {incident.account}.",
        otherwise=page_of(incident),
    )


@require_POST
def resolve_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say how it was put right."""
    incident = visible_incident(request, public_id)
    form = ResolveForm(request.POST, department=incident.department, auto_id="resolve_%s")
    if not form.is_valid():
        return correct(request, incident, resolve_form=form)
    resolution, cause = form.cleaned_data["resolution"], form.cleaned_data["cause"]
    return do(
        request,
        lambda: actions.resolve(incident=incident, resolution=resolution, cause=cause, acting_person=request.user),
        done=f"“{incident}” at {incident.account} is resolved.",
        otherwise=page_of(incident),
    )


@require_POST
def reopen_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that it is not resolved after all."""
    incident = visible_incident(request, public_id)
    form = WordsForm(request.POST, auto_id="reopen_%s")
    if not form.is_valid():
        return correct(request, incident, reopen_form=form)
    return do(
        request,
        lambda: actions.reopen(incident=incident, words=form.cleaned_data["words"], acting_person=request.user),
        done=f"“{incident}” at {incident.account} is open again.",
        otherwise=page_of(incident),
    )


@require_POST
def note_on_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Write a remark."""
    incident = visible_incident(request, public_id)
    form = NoteForm(request.POST, person=request.user, auto_id="note_%s")
    if not form.is_valid():
        return correct(request, incident, note_form=form)
    text, written = form.cleaned_data["text"], list[Note]()
    undoing = of_note(incident, request.user)
    return do(
        request,
        undoing(
            lambda: written.append(
                actions.note(
                    incident=incident, text=text, is_internal=form.is_for_department, acting_person=request.user
                )
            )
        ),
        done=lambda: _note_sentence(written[0]),
        otherwise=page_of(incident),
    )


def _note_sentence(note: Note) -> str:
    """Say that it is written, and who is told of it."""
    return " ".join(filter(None, ["The note is written.", told_of(note).sentence]))


def page_of(incident: Incident) -> str:
    """Return the address of the incident's page."""
    return reverse("incident", args=[incident.public_id])
