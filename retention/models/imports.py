"""Imports that were asked for on the web: what was uploaded, how far it is, what came of it."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models import Capability, Person


class ImportState(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Imports, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the imports that the person may see: all, for those who import."""
        return self if person.can(Capability.IMPORT_RECORDS) else self.none()

    def unfinished(self) -> Self:
        """Return what still is to be done, or to be done again."""
        return self.filter(state__in=[ImportState.WAITING, ImportState.RUNNING])


class ImportRun(PublicModel):
    """One import of some files by one mapping, kept with the mapping's text as it was."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="imports")
    mapping_file = models.CharField(max_length=200)
    mapping_text = models.TextField()
    source = models.CharField(max_length=64, blank=True, db_default="", help_text="empty for the mapping's own")
    is_strict = models.BooleanField(default=False, db_default=False)
    is_trial = models.BooleanField(default=False, db_default=False)
    shifts_to_now = models.BooleanField(default=False, db_default=False)
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.WAITING, db_default=ImportState.WAITING
    )
    asked_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, db_default="", help_text="why it failed")
    summary = models.JSONField(default=list, db_default=[], help_text="what it did, in sentences")
    refused = models.PositiveIntegerField(default=0, db_default=0)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["done", "failed"], finished_at__isnull=False)
                | models.Q(state__in=["waiting", "running"], finished_at=None),
                name="finished_imports_say_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mapping_file} of {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_finished(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state in {ImportState.DONE, ImportState.FAILED}


class ImportFile(models.Model):
    """A file that was uploaded, under the name that it had; its content is kept until the import has finished."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="files")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    content = models.FileField(upload_to="imports/%Y/%m", blank=True)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64, blank=True, db_default="", help_text="SHA-256 of the content")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="import_file_has_its_own_position"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportRefusal(models.Model):
    """A line or record that was not taken, and why; the first ten thousand of an import are kept."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="refusals")
    file = models.CharField(max_length=200)
    line = models.BigIntegerField()
    field = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=500, blank=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"
