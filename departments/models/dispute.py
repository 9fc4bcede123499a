"""“This is not ours”: a department disputes that it answers, without having to name who does."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import Incident
from departments.models.person import Person


class DisputeReason(models.TextChoices):
    CAUSED_ELSEWHERE = "caused_elsewhere", "It was caused elsewhere"
    ONLY_OTHERS_CAN_FIX = "only_others_can_fix", "Only others can put it right"
    SHARED_CAUSE = "shared_cause", "Others caused it with us"
    WRONG_TYPE = "wrong_type", "It is another kind of trouble"
    DUPLICATE = "duplicate", "It is known already"
    NOTHING_WRONG = "nothing_wrong", "Nothing went wrong"


class DisputeEnd(models.TextChoices):
    WITHDRAWN = "withdrawn", "Withdrawn"
    ACCEPTED = "accepted", "Accepted after all"
    HANDED_ON = "handed_on", "Settled by a hand-off"
    TAKEN = "taken", "Taken by the other side"
    RULED = "ruled", "Ruled on"
    CLOSED = "closed", "The incident was closed"
    TAKEN_BACK = "taken_back", "Taken back at once"


NO_BOUNCE = (DisputeEnd.WITHDRAWN, DisputeEnd.TAKEN_BACK)


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Disputes, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the disputes on incidents that the person may see."""
        return self.filter(incident__in=Incident.objects.visible_to(person).order_by().values("pk"))

    def open(self) -> Self:
        """Return those that nothing has ended."""
        return self.filter(ended_at=None)

    def between(self, department_id: int | None) -> Self:
        """Return those that the department raised, or is the other side of."""
        return self.filter(models.Q(department=department_id) | models.Q(against=department_id))

    def awaiting(self, department_id: int | None) -> Self:
        """Return the open ones whose next word is the department's."""
        asked = models.Q(against=department_id, upheld_at=None)
        again = models.Q(department=department_id, upheld_at__isnull=False)
        return self.open().filter(asked | again)

    def counted(self) -> Self:
        """Return those that were not taken back at once."""
        return self.exclude(end=DisputeEnd.TAKEN_BACK)

    def bounces(self) -> Self:
        """Return those that count as a bounce: what was withdrawn or taken back does not."""
        return self.exclude(end__in=NO_BOUNCE)


class Dispute(PublicModel):
    """A department says of an incident, or of its part of one, that it is not its own.

    `against` is the department that attributed it: by handing it on, by reporting it, by holding the rest. Without one
    the other side is whoever reported it or, for what a detector found, keeps the account. While it is open, the
    attribution of the last accepted state stands.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="disputes")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="raised_disputes")
    against = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, related_name="disputes_to_answer", help_text="the other side"
    )
    is_of_part = models.BooleanField(default=False, db_default=False, help_text="of a part beside the holder's")
    reason = models.CharField(max_length=20, choices=DisputeReason.choices)
    words = models.TextField()
    raised_at = models.DateTimeField(db_default=Now())
    raised_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    answer_due_at = models.DateTimeField(null=True, help_text="by when whoever has the next word says it")
    upheld_at = models.DateTimeField(null=True, help_text="when the other side said that it stays")
    upheld_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    upheld_words = models.TextField(blank=True, db_default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    end = models.CharField(max_length=10, choices=DisputeEnd.choices, blank=True, db_default="")

    objects = DisputeQuerySet.as_manager()

    class Meta:
        ordering = ["raised_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "department"],
                condition=models.Q(ended_at=None),
                name="a_department_disputes_an_incident_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(against=None) | ~models.Q(against=models.F("department")),
                name="no_department_disputes_with_itself",
            ),
            models.CheckConstraint(condition=~models.Q(words=""), name="a_dispute_says_why"),
            models.CheckConstraint(
                condition=models.Q(upheld_at=None, upheld_by=None)
                | (models.Q(upheld_at__isnull=False, upheld_by__isnull=False) & ~models.Q(upheld_words="")),
                name="an_upheld_attribution_says_why_and_by_whom",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, end="") | (models.Q(ended_at__isnull=False) & ~models.Q(end="")),
                name="a_dispute_that_ended_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["department"], name="open_disputes_raised", condition=models.Q(ended_at=None)),
            models.Index(fields=["against"], name="open_disputes_to_answer", condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.get_reason_display()}"

    @property
    def is_open(self) -> bool:
        """Return whether nothing has ended it."""
        return self.ended_at is None

    @property
    def other_side(self) -> str:
        """Return in words who attributed it."""
        if self.against is not None:
            return self.against.name
        if self.incident.reporter is not None:
            return self.incident.reporter.name
        return "whoever keeps the account"

    @property
    def next_word(self) -> str:
        """Return in words who has to say something next, as long as no executive and no other department is asked."""
        return self.department.name if self.upheld_at is not None else self.other_side
