"""Points that add nothing are stored as nulls; nothing stored changes."""

import django.contrib.postgres.fields
from django.db import migrations

import retention.models.score


class Migration(migrations.Migration):
    dependencies = [("retention", "0015_scores_held_by_the_statement")]

    operations = [
        migrations.AlterField(
            model_name="score",
            name="points",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=retention.models.score.Addend(),
                help_text="what each term adds, also where the model charges nobody for it",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="scorehistory",
            name="points",
            field=django.contrib.postgres.fields.ArrayField(base_field=retention.models.score.Addend(), size=None),
        ),
    ]
