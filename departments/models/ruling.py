"""What departments could not settle between them: what was changed, who contests it, and what an executive rules."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import FrictionType, Incident
from departments.models.person import Person


class Regrading(PublicModel):
    """The department that answers for an incident called it less severe, more severe, or of another type.

    Whoever reported it can contest that; while it is contested, the grade before stands.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="regradings")
    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    severity_before = models.FloatField()
    severity_after = models.FloatField()
    type_before = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="+")
    type_after = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="+")
    words = models.TextField()
    contested_at = models.DateTimeField(null=True)
    contested_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    contest_words = models.TextField(blank=True, db_default="")
    stands = models.BooleanField(null=True, help_text="what was ruled on a contested one")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(severity_before=models.F("severity_after"))
                | ~models.Q(type_before=models.F("type_after")),
                name="a_regrading_changes_something",
            ),
            models.CheckConstraint(condition=~models.Q(words=""), name="a_regrading_says_why"),
            models.CheckConstraint(
                condition=models.Q(contested_at=None, contested_by=None, stands=None)
                | (models.Q(contested_at__isnull=False, contested_by__isnull=False) & ~models.Q(contest_words="")),
                name="a_contested_regrading_says_why_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.words[:60]

    @property
    def is_lower(self) -> bool:
        """Return whether it made less of the incident."""
        return self.severity_after < self.severity_before

    @property
    def may_be_contested(self) -> bool:
        """Return whether nobody has contested it or taken it back."""
        return self.contested_at is None and self.undone_at is None

    @property
    def is_contested_now(self) -> bool:
        """Return whether it waits for a ruling; meanwhile the grade before stands."""
        return self.contested_at is not None and self.stands is None


class RulingState(models.TextChoices):
    OPEN = "open", "Waits for a ruling"
    RULED = "ruled", "Ruled"
    SETTLED = "settled", "Settled between them"
    WITHDRAWN = "withdrawn", "Asked no longer"


class RulingQuerySet(models.QuerySet["Ruling"]):
    """Rulings, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the rulings on incidents that the person may see."""
        return self.filter(incident__in=Incident.objects.visible_to(person).order_by().values("pk"))

    def open(self) -> Self:
        """Return what waits for a ruling."""
        return self.filter(state=RulingState.OPEN)


class Ruling(PublicModel):
    """An executive is asked who answers for an incident, or how grave it is; what they rule stands.

    Nobody asked where it bounced too often. `shares` holds what was ruled, by department slug.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="rulings")
    asked_at = models.DateTimeField(db_default=Now())
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="asked_rulings")
    words = models.TextField(help_text="what is in dispute")
    regrading = models.ForeignKey(Regrading, on_delete=models.PROTECT, null=True, related_name="rulings")
    state = models.CharField(
        max_length=10, choices=RulingState.choices, default=RulingState.OPEN, db_default=RulingState.OPEN
    )
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="rulings")
    decision = models.TextField(blank=True, db_default="", help_text="the ruling in words")
    shares = models.JSONField(default=dict, db_default={})

    objects = RulingQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=models.Q(state="open"), name="one_open_ruling_an_incident"
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at=None)
                | (~models.Q(state="open") & models.Q(decided_at__isnull=False)),
                name="a_closed_ruling_says_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="ruled") | (models.Q(decided_by__isnull=False) & ~models.Q(decision="")),
                name="a_ruling_says_why_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident}: {self.get_state_display()}"

    @property
    def is_open(self) -> bool:
        """Return whether it waits for a ruling."""
        return self.state == RulingState.OPEN


class Statement(PublicModel):
    """What one side has to say before a ruling."""

    ruling = models.ForeignKey(Ruling, on_delete=models.CASCADE, related_name="statements")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    words = models.TextField()
    taken_back_at = models.DateTimeField(null=True, editable=False, help_text="by whoever said it; it stays on record")

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [models.CheckConstraint(condition=~models.Q(words=""), name="a_statement_has_words")]

    def __str__(self) -> str:
        return self.words[:60]
