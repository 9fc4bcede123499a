"""What scoring reads again and again, kept in columns; and which accounts have changed since it was kept."""

from django.db import models


class FactSegment(models.Model):
    """The records of the accounts whose ids divided by the segment's size give `number`, column by column.

    It holds what had happened and was recorded by `known_at`. Accounts in `reread` have records of a later moment,
    and those in `FactChange` have changed since: both are read from their own rows.
    """

    number = models.BigIntegerField(primary_key=True)
    known_at = models.DateTimeField()
    reread = models.BinaryField()
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"segment {self.number}"


class FactChange(models.Model):
    """An account that changed after its segment may have been kept: one row a change, never one an account.

    "Insert unless there" would forget a change that commits while the earlier row is being taken away.
    """

    account_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"account {self.account_id}"
