"""From first aid to proven cure: containment, cause, corrective action, effectiveness check, what it cost.

Each row belongs to an incident or to a problem. Nothing is deleted: what was taken back carries the moment of that.
"""

import datetime
from typing import Self, TypeVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import FrictionType, Incident
from departments.models.person import Person
from departments.models.problem import Problem
from departments.models.quality import CauseCode

MOST_WHYS = 5
BEST_SCORE = 10

_Row = TypeVar("_Row", bound="OfSubject", covariant=True)


class CureQuerySet(models.QuerySet[_Row]):
    """What was recorded of cures, as sets."""

    def standing(self) -> Self:
        """Return what nobody took back."""
        return self.filter(undone_at=None)

    def of(self, incident: Incident | None, problem: Problem | None) -> Self:
        """Return what was recorded of the incident and of the problem."""
        wanted = models.Q(pk=None)
        if incident is not None:
            wanted |= models.Q(incident=incident)
        if problem is not None:
            wanted |= models.Q(problem=problem)
        return self.filter(wanted)

    def visible_to(self, person: Person) -> Self:
        """Return what belongs to incidents or problems that the person may see."""
        incidents = Incident.objects.visible_to(person).order_by().values("pk")
        problems = Problem.objects.visible_to(person).order_by().values("pk")
        return self.filter(models.Q(incident__in=incidents) | models.Q(problem__in=problems))


class OfSubject(PublicModel):
    """One thing recorded of the cure of an incident or of a problem, by whom and when."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, null=True, blank=True, related_name="%(class)ss")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["recorded_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(incident=None, problem__isnull=False)
                | models.Q(incident__isnull=False, problem=None),
                name="%(class)s_is_of_an_incident_or_a_problem",
            ),
        ]

    @property
    def subject(self) -> "Subject":
        """Return what it was recorded of."""
        subject = self.incident or self.problem
        if subject is None:
            raise ValueError("It belongs to nothing, which the database forbids.")
        return subject


class Containment(OfSubject):
    """What was done at once for the customer, before anybody knew why it happened."""

    words = models.TextField()
    done_at = models.DateTimeField()

    objects = CureQuerySet["Containment"].as_manager()

    class Meta(OfSubject.Meta):
        pass

    def __str__(self) -> str:
        return self.words[:60]


class RootCause(OfSubject):
    """Why it happened, each why the answer to the one before; the last that was recorded stands."""

    whys = models.JSONField(help_text="up to five sentences")
    cause = models.ForeignKey(CauseCode, on_delete=models.SET_NULL, null=True, blank=True, related_name="root_causes")
    escape = models.TextField(blank=True, db_default="", default="", help_text="why it was not noticed before")

    objects = CureQuerySet["RootCause"].as_manager()

    class Meta(OfSubject.Meta):
        pass

    def __str__(self) -> str:
        return str(self.whys[-1])[:60] if self.whys else "No why"


class ActionKind(models.TextChoices):
    CORRECTIVE = "corrective", "Removes the cause"
    PREVENTIVE = "preventive", "Keeps it from happening elsewhere"


class CorrectiveAction(OfSubject):
    """What is changed so that it does not happen again: whose it is, by when, and whether it was done.

    Department and friction type are those of the day it was planned: their rate tells whether it worked.
    """

    words = models.TextField()
    kind = models.CharField(max_length=10, choices=ActionKind.choices, default=ActionKind.CORRECTIVE)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="corrective_actions")
    due_on = models.DateField()
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="corrective_actions")
    friction_type = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="+")
    check_after_days = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(7), MaxValueValidator(730)], help_text="days from done to the check"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_words = models.TextField(blank=True, db_default="", default="")
    reopened = models.PositiveSmallIntegerField(db_default=0, default=0)
    withdrawn_words = models.TextField(blank=True, db_default="", default="", help_text="why it was dropped")

    objects = CureQuerySet["CorrectiveAction"].as_manager()

    class Meta(OfSubject.Meta):
        constraints = [
            *OfSubject.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(done_at=None, done_by=None) | models.Q(done_at__isnull=False, done_by__isnull=False),
                name="done_actions_say_who_did_them",
            ),
            models.CheckConstraint(condition=models.Q(check_after_days__gte=7), name="a_check_has_a_week_at_least"),
        ]
        indexes = [
            models.Index(fields=["owner"], name="actions_to_be_done", condition=models.Q(done_at=None, undone_at=None)),
        ]

    def __str__(self) -> str:
        return self.words[:60]

    @property
    def state(self) -> str:
        """Return planned or done."""
        return "planned" if self.done_at is None else "done"

    @property
    def is_overdue(self) -> bool:
        """Return whether its day has passed without it."""
        return self.done_at is None and self.due_on < timezone.localdate()

    @property
    def check_due_at(self) -> datetime.datetime | None:
        """Return when its effect is looked at; None until it is done."""
        return None if self.done_at is None else self.done_at + datetime.timedelta(days=self.check_after_days)


class Verdict(models.TextChoices):
    FELL = "fell", "The rate fell"
    DID_NOT_FALL = "did_not_fall", "The rate did not fall by a fifth or more"
    TOO_FEW = "too_few", "Too few to tell"


class Decision(models.TextChoices):
    CONFIRMED = "confirmed", "Closed as effective"
    REOPENED = "reopened", "Action reopened"


class CheckQuerySet(models.QuerySet["EffectivenessCheck"]):
    """Effectiveness checks, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the checks of actions that the person may see."""
        actions = CorrectiveAction.objects.visible_to(person).order_by().values("pk")
        return self.filter(action__in=actions)

    def undecided(self) -> Self:
        """Return what waits for a person's decision."""
        return self.filter(decision="", action__undone_at=None)


class EffectivenessCheck(PublicModel):
    """Whether the rate per order fell after an action: the figures it was read from, and what a person decided.

    Both windows are as long as `days`; they meet at the moment when the action was done.
    """

    action = models.ForeignKey(CorrectiveAction, on_delete=models.CASCADE, related_name="checks")
    opened_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(help_text="when the action was done: where the windows meet")
    days = models.PositiveSmallIntegerField()
    incidents_before = models.PositiveIntegerField()
    orders_before = models.PositiveIntegerField()
    incidents_after = models.PositiveIntegerField()
    orders_after = models.PositiveIntegerField()
    ratio = models.FloatField(null=True, help_text="rate after / rate before; empty where it is not known")
    low = models.FloatField(null=True, help_text="95 % interval of the ratio; empty where it is not known")
    high = models.FloatField(null=True, help_text="empty where it has no upper end")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True, db_default="", default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True, db_default="", default="")
    thanks = models.TextField(blank=True, db_default="", default="", help_text="who is thanked, and for what")

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["action", "done_at"], name="an_action_once_done_is_checked_once"),
            models.CheckConstraint(
                condition=models.Q(decision="", decided_at=None) | ~models.Q(decision="") & ~models.Q(decided_at=None),
                name="decided_checks_say_when",
            ),
        ]

    def __str__(self) -> str:
        return self.get_verdict_display()

    @property
    def rate_before(self) -> float | None:
        """Return incidents per 100 orders before."""
        return 100 * self.incidents_before / self.orders_before if self.orders_before else None

    @property
    def rate_after(self) -> float | None:
        """Return incidents per 100 orders after."""
        return 100 * self.incidents_after / self.orders_after if self.orders_after else None


class CostKind(models.TextChoices):
    CREDIT = "credit", "Credit given"
    REWORK = "rework", "Rework"
    SHIPPING = "shipping", "Extra shipping"
    HOURS = "hours", "Hours worked"
    OTHER = "other", "Other"


class Cost(OfSubject):
    """What an incident cost directly; for hours, the rate of that day is kept beside them."""

    kind = models.CharField(max_length=10, choices=CostKind.choices)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    hours = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    hourly_rate = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    words = models.TextField(blank=True, db_default="", default="")

    objects = CureQuerySet["Cost"].as_manager()

    class Meta(OfSubject.Meta):
        constraints = [
            *OfSubject.Meta.constraints,
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="a_cost_is_above_zero"),
            models.CheckConstraint(
                condition=~models.Q(kind="hours") | models.Q(hours__isnull=False, hourly_rate__isnull=False),
                name="hours_are_kept_with_their_rate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.amount}"


class CustomerStepKind(models.TextChoices):
    ACKNOWLEDGED = "acknowledged", "Told the customer that we have it"
    ANSWERED = "answered", "Told the customer what was found and done"
    ASKED = "asked", "Asked whether the customer is satisfied"


class CustomerStep(OfSubject):
    """What passed between us and the customer about an incident; a score (0 to 10) is what the customer answered."""

    kind = models.CharField(max_length=12, choices=CustomerStepKind.choices)
    happened_at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    words = models.TextField(blank=True, db_default="", default="")

    objects = CureQuerySet["CustomerStep"].as_manager()

    class Meta(OfSubject.Meta):
        constraints = [
            *OfSubject.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(kind="asked", score__lte=BEST_SCORE),
                name="only_a_question_has_a_score_up_to_10",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class ActionReminder(models.Model):
    """The owner of an action is told once before its day, and once after it."""

    action = models.ForeignKey(CorrectiveAction, on_delete=models.CASCADE, related_name="reminders", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="action_reminders", db_index=False)
    kind = models.CharField(max_length=4, choices=[("soon", "Due soon"), ("late", "Past due")])
    due_on = models.DateField(help_text="the day that it is about")
    made_at = models.DateTimeField(db_default=Now())
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "kind", "due_on", "person"], name="an_owner_is_told_once_of_a_day"
            ),
        ]
        indexes = [
            models.Index(fields=["person"], name="action_reminders_to_mail", condition=models.Q(mailed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.get_kind_display().lower()}"


Subject = Incident | Problem
