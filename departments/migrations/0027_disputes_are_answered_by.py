"""Until when the next word in a dispute is due."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("departments", "0026_severe_hours_hold"),
    ]

    operations = [
        migrations.AddField(
            model_name="dispute",
            name="answer_due_at",
            field=models.DateTimeField(help_text="by when whoever has the next word says it", null=True),
        ),
    ]
