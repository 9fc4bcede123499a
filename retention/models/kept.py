"""Figures of the whole company that no reader waits for."""

from django.db import models


class KeptFigures(models.Model):
    """What was computed of the company, when, how long that took, and after how long it is computed anew."""

    name = models.CharField(max_length=40, primary_key=True, help_text="which figures; see retention.dashboards.kept")
    computed_at = models.DateTimeField()
    took = models.DurationField()
    lasts = models.DurationField()
    figures = models.JSONField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
