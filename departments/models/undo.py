"""What can be taken back: how an incident stood before a person's last step with it."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import UuidV7
from departments.models.friction import Incident
from departments.models.handoff import HandOff
from departments.models.person import Person


class UndoPointQuerySet(models.QuerySet["UndoPoint"]):
    """What can be taken back, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the person's own: nobody takes back what somebody else did."""
        return self.filter(person=person)

    def standing(self) -> Self:
        """Return what nobody took back and nobody built upon."""
        return self.filter(undone_at=None, incident__version=models.F("version_after"))


class UndoPoint(models.Model):
    """How one incident stood before one step; those of one deed over several incidents carry the same batch.

    `before` holds columns of the incident by name, `shares` who answered for it: department, share, whether it was
    provisional, since when.
    """

    batch = models.UUIDField(db_default=UuidV7(), db_index=True)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="undo_points", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=30)
    done_at = models.DateTimeField(db_default=Now())
    version_after = models.PositiveIntegerField(help_text="the incident's version once the step was done")
    before = models.JSONField()
    shares = models.JSONField()
    opened_hand_off = models.ForeignKey(
        HandOff, on_delete=models.CASCADE, null=True, related_name="+", help_text="which the step proposed"
    )
    answered_hand_off = models.ForeignKey(
        HandOff, on_delete=models.CASCADE, null=True, related_name="+", help_text="which the step answered"
    )
    also = models.JSONField(default=list, help_text="rows beside it, and the columns that an undo writes into them")
    undone_at = models.DateTimeField(null=True)

    objects = UndoPointQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "version_after"], name="a_step_is_taken_back_to_one_state"),
        ]

    def __str__(self) -> str:
        return self.verb


class RowsUndoQuerySet(models.QuerySet["RowsUndo"]):
    """Deeds over rows, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the person's own: nobody takes back what somebody else did."""
        return self.filter(person=person)


class RowsUndo(models.Model):
    """How rows stood before and after one deed of a person, so that it can be taken back while they stand so.

    `tables` holds, by label of the model, a list of rows: `before` and `after`, each with its columns by name, or None
    where the row was not there.
    """

    batch = models.UUIDField(db_default=UuidV7(), unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    words = models.CharField(max_length=200, help_text="what was done, as a sentence goes on: the contact is logged")
    done_at = models.DateTimeField(db_default=Now())
    tables = models.JSONField()
    undone_at = models.DateTimeField(null=True)

    objects = RowsUndoQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.words

    @property
    def named(self) -> list[str]:
        """Return the public ids of the rows that changed."""
        rows = [pair["after"] or pair["before"] for changes in self.tables.values() for pair in changes]
        return [row["public_id"] for row in rows if "public_id" in row]
