"""Who did what, when: written in the same transaction as the change itself."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class AuditEntry(models.Model):
    """One deed of a person, or of the system where the person is empty."""

    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_entries"
    )
    verb = models.CharField(max_length=60, help_text="what was done, such as incident.resolve")
    subject = models.UUIDField(null=True, blank=True, help_text="public id of what it was done to")
    details = models.JSONField(default=dict, db_default={})

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["subject", "-at"], name="audit_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M}"
