"""Indexes of what a desk shows of disputes, and of parts in what others hold: small ones, of what is open alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0023_disputes_and_parts")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("state", "disputed")),
                fields=["department"],
                name="disputed_incidents",
            ),
        ),
        AddIndexConcurrently(
            model_name="responsibility",
            index=models.Index(
                condition=models.Q(("resolved_at", None), ("share__gt", 0), ("share__lt", 1)),
                fields=["department"],
                name="parts_under_way",
            ),
        ),
    ]
