"""Indexes of open incidents: one in the order of what is long past due, and one to be counted by."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Greatest


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0033_attachments_to_be_emptied")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                models.F("department"),
                models.F("state"),
                models.OrderBy(Greatest(models.F("money_at_risk"), models.Value(1.0)), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(models.Q(("state", "resolved"), _negated=True), ("merged_into", None)),
                include=("due_at", "money_at_risk"),
                name="dearest_on_desk",
            ),
        ),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(models.Q(("state", "resolved"), _negated=True), ("merged_into", None)),
                fields=["department", "state"],
                name="counted_on_desk",
            ),
        ),
    ]
