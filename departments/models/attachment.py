"""Files that people put to an incident: what is known of each, and apart from that, what it holds."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import Incident
from departments.models.handoff import Note
from departments.models.person import Person

LONGEST_NAME = 150


class FileKind(models.TextChoices):
    PDF = "pdf", "PDF"
    PNG = "png", "PNG picture"
    JPEG = "jpeg", "JPEG picture"
    WEBP = "webp", "WebP picture"
    TEXT = "text", "Plain text"
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel workbook"
    DOCX = "docx", "Word document"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Attachments, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the shared ones of incidents that the person may see, and their department's internal ones."""
        seen = Incident.objects.visible_to(person).order_by().values("pk")
        return self.on_a_visible_one(person).filter(incident__in=seen)

    def on_a_visible_one(self, person: Person) -> Self:
        """Return those of an incident that the person may see: the shared ones, and their department's."""
        own = models.Q(department=person.department_id, department__isnull=False)
        return self.filter(models.Q(is_internal=False) | own)

    def kept(self) -> Self:
        """Return those that nobody removed."""
        return self.filter(removed_at=None)

    def removed_before(self, moment: datetime.datetime) -> Self:
        """Return those that were removed before the moment and still hold something."""
        return self.filter(removed_at__lt=moment, emptied_at=None)


class Attachment(PublicModel):
    """A file that somebody put to an incident; an internal one stays in its department.

    Its row outlives its removal, with the digest of what it held: who took which file away, when and why. What it held
    outlives it only for as long as that can be taken back.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="attachments")
    note = models.ForeignKey(Note, on_delete=models.PROTECT, null=True, blank=True, related_name="attachments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_internal = models.BooleanField(default=False, db_default=False)
    name = models.CharField(max_length=LONGEST_NAME, help_text="as it was called, without what misleads or harms")
    kind = models.CharField(max_length=4, choices=FileKind.choices, help_text="by what it holds, not by its name")
    size = models.PositiveIntegerField(help_text="bytes")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what it holds, in hexadecimal")
    attached_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    removal_words = models.TextField(blank=True, db_default="")
    emptied_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="since when what it held is gone for good"
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["attached_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_internal=False) | models.Q(department__isnull=False),
                name="internal_attachments_belong_to_a_department",
            ),
            models.CheckConstraint(
                condition=models.Q(removed_at=None, removed_by=None)
                | models.Q(removed_at__isnull=False, removed_by__isnull=False),
                name="removed_attachments_say_by_whom",
            ),
            models.CheckConstraint(
                condition=models.Q(emptied_at=None) | models.Q(removed_at__isnull=False),
                name="emptied_attachments_are_removed",
            ),
        ]
        indexes = [
            # The few that are removed and could still be taken back, however many ever were.
            models.Index(
                fields=["removed_at"],
                name="attachments_to_be_emptied",
                condition=models.Q(removed_at__isnull=False, emptied_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_removed(self) -> bool:
        """Return whether nobody is handed what it held any more."""
        return self.removed_at is not None


class AttachmentContent(models.Model):
    """What an attachment holds: apart from it, so that lists never read a byte of it."""

    attachment = models.OneToOneField(
        Attachment, on_delete=models.PROTECT, primary_key=True, related_name="content", db_column="attachment_id"
    )
    data = models.BinaryField()

    def __str__(self) -> str:
        return str(self.attachment_id)
