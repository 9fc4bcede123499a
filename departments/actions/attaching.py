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
EMPTIED_AT_ONCE = 1_000


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
    """Take a file away, such as one put there by mistake; that it was there, and who took it, stays.

    Nobody is handed what it held from now on. It is gone for good once the removal cannot be taken back any more:
    `empty_attachments` sees to that.
    """
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, attachment.incident)
    if not may_remove(attachment, acting_person):
        raise NotAllowed("Only who put it there, or the head of that department, can remove it.")
    if not words.strip():
        raise Invalid("words", "Say why it is removed.")
    locked_incident(attachment.incident_id)
    if not _mark_removed([attachment.pk], timezone.now(), words.strip(), acting_person):
        raise Conflict("It has been removed already.")
    attachment.refresh_from_db()
    _record(attachment, "attachment_removed", acting_person)
    return attachment


def take_back_attachments(keys: Sequence[int], now: datetime.datetime, acting_person: Person) -> None:
    """Take away what files held that were just put there; that they were stays."""
    _mark_removed(keys, now, "Taken back at once.", acting_person)
    _empty(keys, now)
    for attachment in Attachment.objects.filter(pk__in=keys).select_related("incident"):
        _record(attachment, "attachment_removed", acting_person)


def put_back_attachments(keys: Sequence[int], acting_person: Person) -> None:
    """Hand out again what has just been removed; the record keeps both."""
    removed = Attachment.objects.filter(pk__in=keys).select_related("incident")
    removed.update(removed_at=None, removed_by=None, removal_words="")
    for attachment in removed:
        _record(attachment, "attachment_restored", acting_person)


@transaction.atomic
def empty_attachments(*, before: datetime.datetime) -> int:
    """Delete what files held that were removed before the moment, and return of how many."""
    removed = Attachment.objects.removed_before(before).order_by("pk").select_for_update(skip_locked=True)
    keys = list(removed.values_list("pk", flat=True)[:EMPTIED_AT_ONCE])
    _empty(keys, timezone.now())
    return len(keys)


def _mark_removed(keys: Sequence[int], now: datetime.datetime, words: str, acting_person: Person) -> int:
    """Say of the files that they are removed, and return of how many it was not said before."""
    kept = Attachment.objects.kept().filter(pk__in=keys)
    return kept.update(removed_at=now, removed_by=acting_person, removal_words=words)


def _empty(keys: Sequence[int], now: datetime.datetime) -> None:
    Attachment.objects.filter(pk__in=keys).update(emptied_at=now)
    AttachmentContent.objects.filter(attachment__in=keys).delete()


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
