"""Who was told of a deadline, and when."""

from django.db import models
from django.db.models.functions import Now

from departments.models.friction import Incident
from departments.models.person import Person


class ReminderKind(models.TextChoices):
    SOON = "soon", "Due soon"
    LATE = "late", "Past due"


class Reminder(models.Model):
    """A person is told once that a deadline draws near, and once that it has passed."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reminders", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reminders", db_index=False)
    kind = models.CharField(max_length=4, choices=ReminderKind.choices)
    due_at = models.DateTimeField(help_text="the deadline that it is about")
    made_at = models.DateTimeField(db_default=Now())
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "due_at", "person"], name="a_person_is_told_once_of_a_deadline"
            ),
        ]
        indexes = [
            models.Index(fields=["person"], name="reminders_to_be_mailed", condition=models.Q(mailed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.incident}: {self.get_kind_display().lower()}"
