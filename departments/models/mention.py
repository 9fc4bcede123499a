"""Who is addressed in a note, and whether they have seen it."""

from typing import Self

from django.db import models

from accounts.models.base import PublicModel
from departments.models.handoff import Note
from departments.models.person import Person


class MentionQuerySet(models.QuerySet["Mention"]):
    """Mentions, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the person's own, on notes that they may still read and that stand."""
        readable = Note.objects.visible_to(person).filter(taken_back_at=None).order_by().values("pk")
        return self.filter(person=person, note__in=readable)

    def unseen(self) -> Self:
        """Return what has not been seen."""
        return self.filter(seen_at=None)


class Mention(PublicModel):
    """One person who is addressed in one note."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mentions")
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "note"], name="a_note_mentions_a_person_once"),
        ]
        indexes = [models.Index(fields=["person"], name="unseen_mentions", condition=models.Q(seen_at=None))]

    def __str__(self) -> str:
        return f"{self.person}: {self.note}"
