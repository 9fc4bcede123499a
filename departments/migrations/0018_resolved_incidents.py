"""An index of what was resolved, so that a desk counts it without reading every incident."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0017_mentions_and_rows_undone")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("state", "resolved")),
                fields=["department", "resolved_at"],
                name="resolved_incidents",
            ),
        ),
    ]
