"""Recoveries: what we do to keep an account that is about to leave, and what came of it."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Account
from accounts.models.base import PublicModel
from departments.models import Incident, Person
from retention.models.model import ModelVersion


class RecoveryState(models.TextChoices):
    OPEN = "open", "Under way"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    ABANDONED = "abandoned", "Abandoned"


OUTCOMES = (RecoveryState.SUCCEEDED, RecoveryState.FAILED, RecoveryState.ABANDONED)


class RecoveryQuerySet(models.QuerySet["Recovery"]):
    """Recoveries, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the recoveries of accounts whose books the person keeps, and those in which they have a step."""
        accounts = person.open_book_account_ids()
        if accounts is None:
            return self
        steps = RecoveryStep.objects.order_by().filter(owner=person.pk)
        return self.filter(models.Q(account__in=accounts) | models.Q(pk__in=steps.values("recovery")))

    def open(self) -> Self:
        """Return what is under way."""
        return self.filter(state=RecoveryState.OPEN)

    def overdue(self, day: datetime.date) -> Self:
        """Return what is under way past its day, or has a step that is."""
        late = RecoveryStep.objects.order_by().overdue(day).values("recovery")
        return self.open().filter(models.Q(due_on__lt=day) | models.Q(pk__in=late))


class Recovery(PublicModel):
    """A plan to keep one account: its goal, who leads it, until when, its steps and how it ended.

    The risk at its start and at its end is kept, so that the outcome can be told beside what was felt. A risk that
    fell is no proof that the recovery did it, and pages say so.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="recoveries")
    goal = models.CharField(max_length=300, help_text="what is to be reached")
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="led_recoveries")
    due_on = models.DateField()
    incidents = models.ManyToManyField(Incident, related_name="recoveries", blank=True)
    state = models.CharField(
        max_length=10, choices=RecoveryState.choices, default=RecoveryState.OPEN, db_default=RecoveryState.OPEN
    )
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="started_recoveries")
    risk_at_start = models.FloatField(null=True, blank=True, help_text="empty where the account was not scored")
    model_at_start = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="closed_recoveries"
    )
    risk_at_close = models.FloatField(null=True, blank=True)
    model_at_close = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    outcome_words = models.TextField(blank=True, db_default="")

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name_plural = "recoveries"
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="open"), name="one_recovery_of_an_account_at_a_time"
            ),
            models.CheckConstraint(condition=~models.Q(goal=""), name="recovery_has_a_goal"),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None, closed_by=None)
                | (
                    ~models.Q(state="open")
                    & models.Q(closed_at__isnull=False, closed_by__isnull=False)
                    & ~models.Q(outcome_words="")
                ),
                name="closed_recoveries_say_when_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=models.Q(risk_at_start=None) | models.Q(risk_at_start__gte=0, risk_at_start__lte=1),
                name="recovery_starts_at_a_risk_between_0_and_1",
            ),
            models.CheckConstraint(
                condition=models.Q(risk_at_close=None) | models.Q(risk_at_close__gte=0, risk_at_close__lte=1),
                name="recovery_ends_at_a_risk_between_0_and_1",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-started_at"], name="recoveries_of_an_account"),
        ]

    def __str__(self) -> str:
        return self.goal

    @property
    def is_open(self) -> bool:
        """Return whether it is under way."""
        return self.state == RecoveryState.OPEN


class RecoveryStepQuerySet(models.QuerySet["RecoveryStep"]):
    """Steps, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the steps of the recoveries that the person may see."""
        return self.filter(recovery__in=Recovery.objects.visible_to(person).order_by().values("pk"))

    def to_do(self) -> Self:
        """Return what is not done, in recoveries that are under way."""
        return self.filter(done_at=None, recovery__state=RecoveryState.OPEN)

    def overdue(self, day: datetime.date) -> Self:
        """Return what should have been done before the day."""
        return self.to_do().filter(due_on__lt=day)


class RecoveryStep(PublicModel):
    """One thing to do in a recovery: by whom, until when."""

    recovery = models.ForeignKey(Recovery, on_delete=models.CASCADE, related_name="steps")
    words = models.CharField(max_length=300)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="recovery_steps")
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="done_steps")

    objects = RecoveryStepQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(words=""), name="recovery_step_says_what_to_do"),
            models.CheckConstraint(
                condition=models.Q(done_at=None, done_by=None) | models.Q(done_at__isnull=False, done_by__isnull=False),
                name="done_recovery_steps_say_by_whom",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "due_on"], name="recovery_steps_to_do", condition=models.Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def is_done(self) -> bool:
        """Return whether it was done."""
        return self.done_at is not None

    @property
    def is_overdue(self) -> bool:
        """Return whether it should have been done by now."""
        return self.done_at is None and self.due_on < timezone.localdate()
