"""What another system's log told of incidents: how far it was replayed, and how it says they ended."""

from django.db import models

from departments.models import Incident


class LoggedCase(models.Model):
    """An incident that was replayed from another system's log of events."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="logged_case")
    events = models.BinaryField(help_text="a digest of 8 bytes for each event that was replayed, in order")
    last_at = models.DateTimeField(help_text="of the last event that was replayed")
    version = models.PositiveIntegerField(help_text="the incident's when its log was last replayed")
    target_met = models.BooleanField(null=True, help_text="whether the log says that its target was met")

    class Meta:
        verbose_name = "case of an event log"
        verbose_name_plural = "cases of event logs"

    def __str__(self) -> str:
        return f"{self.incident}, up to {self.last_at:%d %b %Y %H:%M}"
