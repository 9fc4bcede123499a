"""Waiting without handing on: on whom, why, until when, and how it ended."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import Incident
from departments.models.person import Person

# A wait set with so few working hours left, or none, is one set close to a deadline.
CLOSE_HOURS = 4.0


class WaitedFor(models.TextChoices):
    CUSTOMER = "customer", "The customer"
    SUPPLIER = "supplier", "A supplier"
    DEPARTMENT = "department", "Another department"
    OTHER = "other", "Somebody else"


class WaitReason(models.TextChoices):
    ANSWER = "answer", "An answer to a question"
    DOCUMENTS = "documents", "Documents or a signature"
    GOODS = "goods", "Goods or parts"
    WORK = "work", "Work that only they can do"
    DECISION = "decision", "A decision or approval"
    APPOINTMENT = "appointment", "A day that was agreed"


class WaitEnd(models.TextChoices):
    ANSWERED = "answered", "They answered"
    ARRIVED = "arrived", "It arrived, or was done"
    NOT_NEEDED = "not_needed", "It is needed no longer"
    DATE_PASSED = "date_passed", "The expected day was over"
    TAKEN_BACK = "taken_back", "Taken back at once"


class WaitQuerySet(models.QuerySet["Wait"]):
    """Waits, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the waits of the incidents that the person may see."""
        return self.filter(incident__in=Incident.objects.visible_to(person).order_by().values("pk"))

    def open(self) -> Self:
        """Return those that last."""
        return self.filter(ended_at=None)

    def counted(self) -> Self:
        """Return those that were not taken back at once."""
        return self.exclude(end=WaitEnd.TAKEN_BACK)

    def close_to_deadline(self) -> Self:
        """Return those that were set when the deadline was near or had passed."""
        return self.counted().filter(hours_left__lte=CLOSE_HOURS)


class Wait(PublicModel):
    """A department that holds an incident waits for somebody, and goes on answering for it.

    `hours_left` are the working hours of the waiting department from the setting of the wait to the deadline of then,
    negative where that had passed: so many it has again when the wait ends.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="waits")
    waiting_department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="own_waits", help_text="whose work stands still"
    )
    waited_for = models.CharField(max_length=10, choices=WaitedFor.choices)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="waits", help_text="waited for"
    )
    name = models.CharField(max_length=120, blank=True, db_default="", help_text="of the supplier or somebody else")
    reason = models.CharField(max_length=12, choices=WaitReason.choices)
    words = models.TextField()
    expected_on = models.DateField(help_text="the last day on which it is waited for")
    expires_at = models.DateTimeField(help_text="when that day is over, by the clock of the waiting department")
    started_at = models.DateTimeField(db_default=Now())
    started_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    due_at_then = models.DateTimeField(help_text="the deadline that ran when the wait was set")
    hours_left = models.FloatField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    end = models.CharField(max_length=12, choices=WaitEnd.choices, blank=True, db_default="")
    end_words = models.TextField(blank=True, db_default="")

    objects = WaitQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=models.Q(ended_at=None), name="one_open_wait_an_incident"
            ),
            models.CheckConstraint(
                condition=models.Q(waited_for="department", department__isnull=False)
                | (~models.Q(waited_for="department") & models.Q(department=None)),
                name="a_wait_names_the_department_it_is_for",
            ),
            models.CheckConstraint(
                condition=models.Q(department=None) | ~models.Q(department=models.F("waiting_department")),
                name="no_department_waits_for_itself",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, end="") | (models.Q(ended_at__isnull=False) & ~models.Q(end="")),
                name="a_wait_that_ended_says_how",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("started_at")),
                name="a_wait_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="waits_to_be_ended", condition=models.Q(ended_at=None)),
            models.Index(fields=["department"], name="waits_for_a_department", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"waits for {self.whom}"

    @property
    def whom(self) -> str:
        """Return in words who is waited for."""
        if self.department is not None:
            return self.department.name
        if self.waited_for == WaitedFor.CUSTOMER:
            return "the customer"
        return self.name

    @property
    def is_open(self) -> bool:
        """Return whether it lasts."""
        return self.ended_at is None

    @property
    def is_close_to_deadline(self) -> bool:
        """Return whether it was set when the deadline was near or had passed."""
        return self.hours_left <= CLOSE_HOURS
