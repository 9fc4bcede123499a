"""Files put to an incident, and taken away again: with a trace of who did it."""

import datetime
import hashlib
from collections.abc import Sequence

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.incidents import note
from departments.actions.permissions import require, require_sight
from departments.actions.steps import locked_incident, record_step
from departments.attachments.kinds import kind_of
from departments.attachments.names import clean_name
from departments.models import Attachment, AttachmentContent, Capability, Incident, Note, Person

MOST_OF_AN_INCIDENT = 20
MEGABYTE = 1024 * 1024


@transaction.atomic
def attach(
    *, incident: Incident, file: "UploadedFile[bytes]", words: str, is_internal: bool, acting_person: Person
) -> Attachment:
    """Put a file to the incident, with a note if there are words; an internal one stays in the person's department."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, incident)
    if is_internal and acting_person.department_id is None:
        raise Invalid("is_internal", "You work in no department that an internal file could stay in.")
    name, data = clean_name(file.name or ""), _read(file)
    kind = kind_of(name, data)
    # Locked, so that of several who attach at once no one exceeds the number.
    locked_incident(incident.pk)
    if Attachment.objects.kept().filter(incident=incident).count() >= MOST_OF_AN_INCIDENT:
        raise Conflict(f"An incident holds up to {MOST_OF_AN_INCIDENT} files: remove one that is needed no longer.")
    attached = Attachment.objects.create(
        incident=incident,
        note=_note(incident, words, acting_person, is_internal=is_internal),
        person=acting_person,
        department_id=acting_person.department_id,
        is_internal=is_internal,
        name=name,
        kind=kind,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
    )
    attached.refresh_from_db()
    AttachmentContent.objects.create(attachment=attached, data=data)
    _record(attached, "attached", acting_person)
    return attached


def _read(file: "UploadedFile[bytes]") -> bytes:
    most = int(settings.ATTACHMENT_MEGABYTES) * MEGABYTE
    # One byte more than allowed is read, whatever the file says of its own size.
    data: bytes = file.read(most + 1)
    if len(data) > most:
        raise Invalid("file", f"A file has up to {settings.ATTACHMENT_MEGABYTES} MB.")
    return data


def _note(incident: Incident, words: str, acting_person: Person, *, is_internal: bool) -> Note | None:
    if not words.strip():
        return None
    return note(incident=incident, text=words, is_internal=is_internal, acting_person=acting_person)


@transaction.atomic
def remove_attachment(*, attachment: Attachment, words: str, acting_person: Person) -> Attachment:
    """Take away what a file held, such as one put there by mistake; that it was there, and who took it, stays."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, attachment.incident)
    if not may_remove(attachment, acting_person):
        raise NotAllowed("Only who put it there, or the head of that department, can remove it.")
    if not words.strip():
        raise Invalid("words", "Say why it is removed.")
    locked_incident(attachment.incident_id)
    if not _empty([attachment.pk], timezone.now(), words.strip(), acting_person):
        raise Conflict("It has been removed already.")
    attachment.refresh_from_db()
    _record(attachment, "attachment_removed", acting_person)
    return attachment


def take_back_attachments(keys: Sequence[int], now: datetime.datetime, acting_person: Person) -> None:
    """Take away what files held that were just put there; that they were stays."""
    _empty(keys, now, "Taken back at once.", acting_person)
    for attachment in Attachment.objects.filter(pk__in=keys).select_related("incident"):
        _record(attachment, "attachment_removed", acting_person)


def _empty(keys: Sequence[int], now: datetime.datetime, words: str, acting_person: Person) -> int:
    """Remove what the files held, and return how many still held anything."""
    kept = Attachment.objects.kept().filter(pk__in=keys)
    emptied = kept.update(removed_at=now, removed_by=acting_person, removal_words=words)
    AttachmentContent.objects.filter(attachment__in=keys).delete()
    return emptied


def may_remove(attachment: Attachment, person: Person) -> bool:
    """Return whether the person put it there, or heads the department of whoever did."""
    heads = person.can(Capability.ANSWER_INCIDENTS) and person.department_id is not None
    return attachment.person_id == person.pk or (heads and attachment.department_id == person.department_id)


def _record(attachment: Attachment, verb: str, acting_person: Person) -> None:
    """Write the step; the name of an internal file must not leak through the history, which others read too."""
    details: dict[str, object] = {"attachment": str(attachment.public_id), "is_internal": attachment.is_internal}
    if not attachment.is_internal:
        details |= {"name": attachment.name, "digest": attachment.digest}
    record_step(
        incident=attachment.incident,
        verb=verb,
        words="" if attachment.is_internal else attachment.name,
        acting_person=acting_person,
        details=details,
    )
