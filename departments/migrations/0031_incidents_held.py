"""Indexes of what a department held, and of how often it was handed on; one that a wider one answers for goes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0030_moves_of_incidents")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("merged_into", None)),
                fields=["department", "-happened_at", "-id"],
                include=["money_at_risk", "friction_type", "cause"],
                name="incidents_held",
            ),
        ),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("moves__gt", 0)),
                fields=["department", "moves", "-happened_at", "-id"],
                name="incidents_handed_on",
            ),
        ),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("reopened__gt", 0)),
                fields=["department"],
                name="reopened_incidents",
            ),
        ),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("answered_at__isnull", False)),
                fields=["department", "answered_at"],
                include=["money_at_risk", "recorded_at"],
                name="answered_incidents",
            ),
        ),
        AddIndexConcurrently(
            model_name="responsibility",
            index=models.Index(
                condition=models.Q(("share__lt", 1)),
                fields=["department", "happened_at"],
                include=["incident", "share"],
                name="parts_of_several",
            ),
        ),
        RemoveIndexConcurrently(model_name="incident", name="triage_by_due"),
    ]
