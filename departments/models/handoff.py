"""The way of an incident: who had it, who asked whom, what was said."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models.department import Department
from departments.models.friction import Incident
from departments.models.person import Person


class Reason(models.TextChoices):
    CAUSED_ELSEWHERE = "caused_elsewhere", "It was caused there"
    ONLY_THEY_CAN_FIX = "only_they_can_fix", "Only they can put it right"
    SHARED_CAUSE = "shared_cause", "We caused it together"
    WRONG_TYPE = "wrong_type", "It is another kind of trouble"
    DUPLICATE = "duplicate", "They have it already"


class Answer(models.TextChoices):
    PENDING = "pending", "Waiting for an answer"
    ACCEPTED = "accepted", "Accepted"
    RETURNED = "returned", "Returned"
    WITHDRAWN = "withdrawn", "Withdrawn"
    COUNTERED = "countered", "Answered with another share"


class Direction(models.TextChoices):
    """Which way the share would go: from whoever asks, or to them."""

    GIVE = "give", "asks the other to take a share"
    TAKE = "take", "offers to take a share of the other's"


class HandOffQuerySet(models.QuerySet["HandOff"]):
    """Hand-offs, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the hand-offs of the incidents that the person may see."""
        return self.filter(incident__in=Incident.objects.visible_to(person).order_by().values("pk"))

    def pending(self) -> Self:
        """Return what waits for an answer."""
        return self.filter(answer=Answer.PENDING)


class HandOff(PublicModel):
    """A department proposes that another answers for an incident, wholly or for a share."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="hand_offs")
    from_department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="given")
    to_department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="asked")
    share = models.FloatField(default=1.0, db_default=1.0, help_text="of what the giving department answers for")
    direction = models.CharField(
        max_length=4, choices=Direction.choices, default=Direction.GIVE, db_default=Direction.GIVE
    )
    is_of_part = models.BooleanField(
        default=False, db_default=False, help_text="a part beside the holder's, whose work goes on meanwhile"
    )
    reason = models.CharField(max_length=20, choices=Reason.choices)
    words = models.TextField(blank=True, db_default="")
    expected = models.TextField(blank=True, db_default="", help_text="what the other department is expected to do")
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.PENDING, db_default=Answer.PENDING)
    answer_words = models.TextField(blank=True, db_default="")
    proposed_at = models.DateTimeField(db_default=Now())
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="proposed_hand_offs")
    answer_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="answered_hand_offs"
    )

    objects = HandOffQuerySet.as_manager()

    class Meta:
        ordering = ["proposed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident"], condition=models.Q(answer="pending"), name="one_open_hand_off_an_incident"
            ),
            models.CheckConstraint(
                condition=~models.Q(from_department=models.F("to_department")),
                name="hand_off_goes_to_another_department",
            ),
            models.CheckConstraint(condition=models.Q(share__gt=0, share__lte=1), name="hand_off_is_of_a_real_share"),
        ]
        indexes = [
            models.Index(fields=["to_department"], name="hand_offs_to_answer", condition=models.Q(answer="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.from_department} → {self.to_department}"

    @property
    def giver(self) -> Department:
        """Return whose share would become smaller."""
        return self.from_department if self.direction == Direction.GIVE else self.to_department

    @property
    def taker(self) -> Department:
        """Return whose share would become larger."""
        return self.to_department if self.direction == Direction.GIVE else self.from_department


class IncidentEvent(models.Model):
    """One step in the record of an incident; never changed, never deleted."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verb = models.CharField(max_length=30, help_text="reported, accepted, assigned, handed_off, returned, resolved, …")
    words = models.TextField(blank=True, db_default="")
    details = models.JSONField(default=dict, db_default={})

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.verb


class NoteQuerySet(models.QuerySet["Note"]):
    """Notes, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the shared notes on incidents that the person may see, and their department's internal ones."""
        seen = Incident.objects.visible_to(person).order_by().values("pk")
        return self.on_a_visible_one(person).filter(incident__in=seen)

    def on_a_visible_one(self, person: Person) -> Self:
        """Return those of an incident that the person may see: the shared ones, and their department's."""
        own = models.Q(department=person.department_id, department__isnull=False)
        return self.filter(models.Q(is_internal=False) | own)


class Note(PublicModel):
    """A remark on an incident; an internal one stays in its department."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="notes")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    is_internal = models.BooleanField(default=False, db_default=False)
    written_at = models.DateTimeField(db_default=Now())
    text = models.TextField()
    taken_back_at = models.DateTimeField(null=True, editable=False, help_text="by whoever wrote it; it stays on record")

    objects = NoteQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_internal=False) | models.Q(department__isnull=False),
                name="internal_notes_belong_to_a_department",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
