"""Runs of scoring: account ranges as work items that any worker may take, retake, or take twice without harm."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from retention.models.model import ModelVersion


class ScoringRun(PublicModel):
    """One scoring of every account as of one moment."""

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="runs")
    as_of = models.DateTimeField()
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(finished_at=None), name="one_scoring_run_at_a_time"
            ),
        ]

    @property
    def progress(self) -> float:
        """Return the part of the ranges that is done, from 0 to 1."""
        done, total = self.ranges.exclude(finished_at=None).count(), self.ranges.count()
        return done / total if total else 1.0

    def __str__(self) -> str:
        return f"scoring as of {self.as_of:%Y-%m-%d %H:%M}"


class ScoringRange(models.Model):
    """The accounts whose ids lie from `first` to `last`, both included, within a run."""

    run = models.ForeignKey(ScoringRun, on_delete=models.CASCADE, related_name="ranges")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="by a worker; stale after a few minutes")
    finished_at = models.DateTimeField(null=True, blank=True)
    accounts = models.IntegerField(null=True, blank=True, help_text="accounts scored")

    class Meta:
        ordering = ["first"]
        constraints = [
            models.UniqueConstraint(fields=["run", "first"], name="a_range_begins_once_in_a_run"),
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="a_range_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"accounts {self.first}–{self.last}"
