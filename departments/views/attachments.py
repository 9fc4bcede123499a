"""Files of an incident: put there, saved, removed."""

import uuid

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from departments.actions import attaching as actions
from departments.actions.undoable import of_file, of_removing_a_file
from departments.attachments.forms import AttachForm, RemovalForm
from departments.attachments.handing_out import handed_out
from departments.http import PersonRequest
from departments.models import Attachment, Capability
from departments.views.deeds import correct, correcting, do
from departments.views.incidents import page_of
from departments.views.page import visible_incident


@require_POST
def attach_to_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put a file to it."""
    incident = visible_incident(request, public_id)
    if not request.user.can(Capability.REPORT_FRICTION):
        raise PermissionDenied(f"{Capability.REPORT_FRICTION.label}: this is not for you to do.")
    form = AttachForm(request.POST, request.FILES, person=request.user, auto_id="attach_%s")
    if not form.is_valid():
        return correct(request, incident, attach_form=form)
    undoing = of_file(incident, request.user)
    return do(
        request,
        undoing(
            lambda: actions.attach(
                incident=incident,
                file=form.cleaned_data["file"],
                words=form.cleaned_data["words"],
                is_internal=form.is_for_department,
                acting_person=request.user,
            )
        ),
        done="The file is with the incident.",
        otherwise=f"{page_of(incident)}#files",
        wrong=correcting(request, incident, attach_form=form),
    )


@require_safe
def download_attachment(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Hand the file out, to be saved."""
    return handed_out(request.user, public_id)


@require_POST
def remove_attachment(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take it away; the trace stays."""
    seen = Attachment.objects.visible_to(request.user).select_related("incident__account", "department")
    attachment = get_object_or_404(seen, public_id=public_id)
    form = RemovalForm(request.POST)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    return do(
        request,
        of_removing_a_file(attachment, request.user)(
            lambda: actions.remove_attachment(attachment=attachment, words=words, acting_person=request.user)
        ),
        done=f"{attachment.name} is removed; that it was there stays on record.",
        otherwise=f"{page_of(attachment.incident)}#files",
    )
