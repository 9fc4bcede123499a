"""A file as an answer: to be saved, never shown as part of our pages, whatever it claims to be."""

import uuid

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from departments.models import Attachment, AttachmentContent, Person

# Even where a browser shows it after all, it gets no script, no form, no frame, and an origin of its own.
HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def handed_out(person: Person, public_id: uuid.UUID) -> HttpResponse:
    """Return what an attachment holds, to be saved; Http404 where the person may not see it or it was removed."""
    found = Attachment.objects.visible_to(person).kept().filter(public_id=public_id).first()
    content = AttachmentContent.objects.filter(attachment=found).first() if found else None
    if found is None or content is None:
        raise Http404
    answer = HttpResponse(bytes(content.data), content_type="application/octet-stream", headers=HARMLESS)
    answer["Content-Disposition"] = str(content_disposition_header(True, found.name))
    return answer
