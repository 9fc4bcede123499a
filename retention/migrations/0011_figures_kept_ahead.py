"""Figures of the whole company that no reader waits for; those of a day name only the dearest of the lost."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("retention", "0010_facts_in_columns")]

    operations = [
        migrations.CreateModel(
            name="KeptFigures",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="which figures; see retention.dashboards.kept",
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("computed_at", models.DateTimeField()),
                ("took", models.DurationField()),
                ("lasts", models.DurationField()),
                ("figures", models.JSONField()),
            ],
            options={"ordering": ["name"]},
        ),
        # They list every account that was lost; within a minute they are computed anew.
        migrations.RunSQL("DELETE FROM retention_scorecardfigures", migrations.RunSQL.noop),
    ]
