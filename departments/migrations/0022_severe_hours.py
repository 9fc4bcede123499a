"""Deadlines of severe incidents, by type: until somebody fills them in, they are those of any other."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("departments", "0021_past_parts"),
    ]

    operations = [
        migrations.AddField(
            model_name="frictiontype",
            name="severe_answer_hours",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="hours within which the department answers a severe one; empty for as any",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="frictiontype",
            name="severe_from",
            field=models.FloatField(
                db_default=0.75,
                default=0.75,
                help_text="severity from which one counts as severe, up to 1",
                validators=[
                    django.core.validators.MinValueValidator(0.0),
                    django.core.validators.MaxValueValidator(1.0),
                ],
            ),
        ),
        migrations.AddField(
            model_name="frictiontype",
            name="severe_resolve_hours",
            field=models.PositiveIntegerField(
                blank=True, help_text="hours within which a severe one is resolved; empty for as any", null=True
            ),
        ),
    ]
