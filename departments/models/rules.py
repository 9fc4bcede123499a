"""What becomes of detection rules: the versions they had, what they matched, and being held against the past."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account, Signal
from accounts.models.base import PublicModel
from departments.models.friction import DetectionRule, FrictionType, Incident
from departments.models.person import Person


class RuleVersion(models.Model):
    """A rule as it was: written by the database with each version, and never changed.

    Only that it was taken back, by whoever made it and before it had found anything, is added to it.
    """

    rule = models.ForeignKey(DetectionRule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    signal_kind = models.CharField(max_length=40)
    condition = models.TextField()
    friction_type = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="+")
    severity = models.TextField()
    title = models.CharField(max_length=160)
    grouping_count = models.PositiveSmallIntegerField(null=True, blank=True)
    grouping_days = models.PositiveSmallIntegerField(null=True, blank=True)
    batch_days = models.PositiveSmallIntegerField(null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.CharField(max_length=120, blank=True, db_default="", help_text="empty for what was shipped")
    taken_back_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="a_rule_has_each_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule}, version {self.number}"


class RuleMatch(models.Model):
    """A rule found friction in a signal: which version, by which fields, and the incident that it led to.

    Where a rule gathers signals there is no incident until enough have come. Where it follows a batch, `carrier` is
    the signal by which the account got it.
    """

    rule = models.ForeignKey(DetectionRule, on_delete=models.CASCADE, related_name="matches", db_index=False)
    version = models.PositiveIntegerField()
    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="matches")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    carrier = models.ForeignKey(
        Signal, on_delete=models.CASCADE, null=True, blank=True, related_name="carried", db_index=False
    )
    batch = models.CharField(max_length=200, blank=True, db_default="")
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    severity = models.FloatField()
    fields = models.JSONField(default=dict, db_default={}, help_text="what the condition read, by field")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="matches")

    class Meta:
        ordering = ["happened_at", "signal"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "signal", "account"], name="a_rule_matches_a_signal_once_at_an_account"
            ),
        ]
        indexes = [
            models.Index(fields=["rule", "account", "happened_at"], name="what_a_rule_gathers"),
            models.Index(fields=["batch"], name="match_of_a_batch", condition=~models.Q(batch="")),
            models.Index(fields=["carrier"], name="match_by_carrier", condition=models.Q(carrier__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.signal}"


class BackfillState(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    REPLACED = "replaced", "Ended: the rule was changed meanwhile"


class RuleBackfillQuerySet(models.QuerySet["RuleBackfill"]):
    """Backfills, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return those of rules that the person sees."""
        return self.filter(rule__in=DetectionRule.objects.visible_to(person))

    def unfinished(self) -> Self:
        """Return what still is to be done, or to be done again."""
        return self.filter(state__in=[BackfillState.WAITING, BackfillState.RUNNING])


class RuleBackfill(PublicModel):
    """A rule held against signals of the past, on request; `reached` is the last signal that was looked at."""

    rule = models.ForeignKey(DetectionRule, on_delete=models.CASCADE, related_name="backfills")
    version = models.PositiveIntegerField()
    first_day = models.DateField()
    last_day = models.DateField()
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(
        max_length=10, choices=BackfillState.choices, default=BackfillState.WAITING, db_default=BackfillState.WAITING
    )
    signals = models.PositiveIntegerField(default=0, db_default=0, help_text="to be looked at")
    looked_at = models.PositiveIntegerField(default=0, db_default=0)
    reached = models.BigIntegerField(default=0, db_default=0)
    opened = models.PositiveIntegerField(default=0, db_default=0)
    corrected = models.PositiveIntegerField(default=0, db_default=0)
    withdrawn = models.PositiveIntegerField(default=0, db_default=0)
    worked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RuleBackfillQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_day__lte=models.F("last_day")), name="backfill_begins_before_it_ends"
            ),
            models.UniqueConstraint(
                fields=["rule"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="a_rule_has_one_backfill_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}, {self.first_day} to {self.last_day}"

    @property
    def is_finished(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state in {BackfillState.DONE, BackfillState.REPLACED}
