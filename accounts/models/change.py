"""The marks of what changed: append-only logs, written by the database itself.

A row per change, never a row per account: "insert unless there" forgets a change that commits while the
earlier mark is being worked off. Statement triggers write them (see the migration), so no path can forget.
Whoever drains deletes the rows with SKIP LOCKED and RETURNING, in the transaction that does the work;
reading "all after the last id" would lose marks, because ids are not handed out in the order of commits.
"""

from django.db import models
from django.db.models.functions import Now


class AccountChange(models.Model):
    """Something that the score of an account depends on has changed."""

    account_id = models.BigIntegerField()
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "mark of a changed account"

    def __str__(self) -> str:
        return f"account {self.account_id}"


class SignalChange(models.Model):
    """A signal has arrived or was corrected, and waits for detection."""

    signal_id = models.BigIntegerField()
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "mark of a changed signal"

    def __str__(self) -> str:
        return f"signal {self.signal_id}"
