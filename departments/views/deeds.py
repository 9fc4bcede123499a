"""Buttons: do one thing, say what came of it, and go back to where the person was."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.errors import ActionError, Invalid, NotAllowed
from departments.actions.cure_steps import undo_of_problem
from departments.actions.rows_undo import Rows, Undoing
from departments.actions.undo import undo_of
from departments.http import PersonRequest
from departments.models import (
    Dispute,
    EffectivenessCheck,
    HandOff,
    Incident,
    OfSubject,
    Person,
    Problem,
    Regrading,
    RowsUndo,
    Ruling,
    Wait,
)
from departments.views.page import show

NOT_PROCESSED = 422


def do(
    request: PersonRequest,
    deed: Callable[[], object],
    *,
    done: str | Callable[[], str],
    otherwise: str,
    wrong: Callable[[Invalid], HttpResponse] | None = None,
) -> HttpResponse:
    """Do it and say so, or say why not; `otherwise` is where to go if the form names no place.

    `wrong` answers where something in a form is wrong that only the deed could tell.
    """
    try:
        result = deed()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        if wrong is not None and isinstance(refusal, Invalid):
            return wrong(refusal)
        messages.error(request, str(refusal))
    else:
        sentence = done if isinstance(done, str) else done()
        messages.success(request, sentence, extra_tags=_undo_tag_of(result, request.user))
    return back(request, otherwise)


def do_to_rows(
    request: PersonRequest, rows: Rows, deed: Callable[[], object], *, done: str, taken_back: str, otherwise: str
) -> HttpResponse:
    """Do what changes these rows and no others, such that it can be taken back; `taken_back` says what is then so."""
    return do(request, Undoing(request.user, taken_back, rows)(deed), done=done, otherwise=otherwise)


def _undo_tag_of(result: object, person: Person) -> str:
    """A deed that changed an incident or a problem can be taken back for a while."""
    if isinstance(result, RowsUndo):
        return undo_tag(result.batch)
    changed = changed_by(result)
    if isinstance(changed, Problem):
        return undo_tag(undo_of_problem(changed, person))
    return undo_tag(undo_of([changed], person)) if isinstance(changed, Incident) else ""


def changed_by(result: object) -> object:
    """Return the incident or problem that a deed changed, by what the deed made or changed beside it."""
    if isinstance(result, EffectivenessCheck):
        return result.action.subject
    if isinstance(result, OfSubject):
        return result.subject
    return result.incident if isinstance(result, Dispute | HandOff | Regrading | Ruling | Wait) else result


def undo_tag(batch: uuid.UUID | None) -> str:
    """Return the mark by which a message offers to take the deed back."""
    return f"undo:{batch}" if batch else ""


def correct(request: PersonRequest, incident: Incident, **bound: Form) -> HttpResponse:
    """Ask for a better form: on the incident's page, or in a sentence where it was sent from elsewhere."""
    if "next" not in request.POST:
        return show(request, incident, NOT_PROCESSED, **bound)
    for form in bound.values():
        say_what_is_wrong(request, form)
    return back(request, "")


def correcting(request: PersonRequest, incident: Incident, **bound: Form) -> Callable[[Invalid], HttpResponse]:
    """Return what answers a deed that finds something wrong: its form again, with what was written in it."""

    def answer(refusal: Invalid) -> HttpResponse:
        for form in bound.values():
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return correct(request, incident, **bound)

    return answer


def say_what_is_wrong(request: PersonRequest, form: Form) -> None:
    """Put a form's errors into sentences."""
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else None
        sentence = " ".join(str(error) for error in errors)
        messages.error(request, f"{label}: {sentence}" if label else sentence)


def back(request: PersonRequest, otherwise: str) -> HttpResponse:
    """Go to the place that the form names, if it is one of ours."""
    place = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(place, {request.get_host()}, require_https=request.is_secure())
    # 303: whatever was posted, the answer is a page to read (htmx follows it too).
    return HttpResponseRedirect(place if ours else otherwise or "/", status=303)
