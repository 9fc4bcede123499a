"""The model: weights with their evidence. Versions are kept, one is active."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models import Person


class Origin(models.TextChoices):
    PRIOR = "prior", "Expert priors"
    FIT = "fit", "Fitted on own history"


class ModelVersion(PublicModel):
    """One version of the weights, with everything needed to score by it again."""

    number = models.PositiveIntegerField(unique=True)
    created_at = models.DateTimeField(db_default=Now())
    origin = models.CharField(max_length=10, choices=Origin.choices)
    is_active = models.BooleanField(default=False, db_default=False)
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    horizon_days = models.PositiveSmallIntegerField(default=90)
    window_days = models.PositiveSmallIntegerField(default=180, help_text="friction window")
    terms = models.JSONField(help_text="the terms in the order in which scores store their points")
    weights = models.JSONField(help_text="mean, covariance and evidence of each term")
    rhythm = models.JSONField(help_text="parameters of the rhythm")
    learned = models.JSONField(
        null=True, blank=True, help_text="what a fit stands on: account-months, leavers, and what the data alone say"
    )
    backtest = models.JSONField(null=True, blank=True, help_text="the last rolling-origin backtest, if any")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="one_model_is_active"
            ),
        ]

    def __str__(self) -> str:
        return f"model {self.number} of {self.created_at:%Y-%m-%d}"

    @property
    def is_backtested(self) -> bool:
        """Return whether its number may be called a probability."""
        return bool(self.backtest and self.backtest.get("passed"))
