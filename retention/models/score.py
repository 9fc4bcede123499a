"""Scores: the risk of leaving within the horizon, its ledger and its range, as stored."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from departments.models import Department, Person
from retention.models.model import ModelVersion


class Addend(models.FloatField):  # type: ignore[type-arg]  # Django knows none at run time
    """A number of a sum: where nothing is stored, it adds nothing."""

    def from_db_value(self, value: float | None, expression: Any, connection: Any) -> float:
        """Return zero for null."""
        return value or 0.0


class ScoreQuerySet(models.QuerySet["Score"]):
    """Scores, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the scores of the accounts that the person may see."""
        accounts = person.visible_account_ids()
        return self if accounts is None else self.filter(account__in=accounts)


class Score(models.Model):
    """The current score of an account. `points` follows the order of the model's terms and sums to risk − baseline.

    Only the table's key is indexed: an index on a number that changes every night would cost each update a write.
    """

    # Both are held to exist by the triggers of `retention.score_integrity`, which cost nothing where a score changes.
    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, primary_key=True, related_name="score", db_constraint=False
    )
    model = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    as_of = models.DateTimeField(help_text="the moment whose facts it is computed from")
    scored_at = models.DateTimeField(db_default=Now())
    log_odds = models.FloatField()
    risk = models.FloatField()
    risk_low = models.FloatField()
    risk_high = models.FloatField()
    baseline = models.FloatField(help_text="risk with neither friction nor care terms nor change of rhythm")
    points = ArrayField(Addend(), help_text="what each term adds, also where the model charges nobody for it")
    not_attributed = models.FloatField(help_text="points that nobody answers for")
    friction_points = models.FloatField(help_text="points that departments answer for: the avoidable part")
    annual_revenue = models.FloatField()
    risk_week_ago = models.FloatField(null=True, blank=True)
    history_risk = models.FloatField(null=True, blank=True, help_text="the risk that was last kept in the history")
    history_as_of = models.DateTimeField(null=True, blank=True, help_text="the moment of that risk")
    history_before = models.DateTimeField(null=True, blank=True, help_text="the moment of the one kept before that")
    is_frozen = models.BooleanField(default=False, db_default=False, help_text="the account has left")

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(risk__gte=0, risk__lte=1), name="risk_lies_between_0_and_1"),
        ]

    def __str__(self) -> str:
        return f"{self.risk:.0%}"

    @property
    def revenue_at_risk(self) -> float:
        """Return risk × annual revenue."""
        return self.risk * self.annual_revenue


class ScoreHistory(models.Model):
    """A score as it once was: kept when it moved, when the model changed, and once a month."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="score_history", db_index=False)
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    as_of = models.DateTimeField()
    risk = models.FloatField()
    baseline = models.FloatField()
    points = ArrayField(Addend())
    annual_revenue = models.FloatField()

    class Meta:
        ordering = ["as_of"]
        constraints = [
            models.UniqueConstraint(fields=["account", "as_of"], name="one_score_of_an_account_at_a_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.risk:.0%} at {self.as_of:%Y-%m-%d}"


class Trend(models.Model):
    """What departments put at risk on a day, by segment: appended nightly, so that a year is read at once.

    The row without a department holds the totals of the segment.
    """

    day = models.DateField()
    segment = models.CharField(max_length=80, blank=True)
    department = models.ForeignKey(Department, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    accounts = models.IntegerField()
    accounts_at_risk = models.IntegerField()
    annual_revenue = models.FloatField()
    revenue_at_risk = models.FloatField(help_text="of the department, or in total")

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "segment", "department"],
                name="one_trend_row_a_day_segment_and_department",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.segment}"
