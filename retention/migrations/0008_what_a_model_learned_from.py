from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0007_overrides"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelversion",
            name="learned",
            field=models.JSONField(
                blank=True,
                help_text="what a fit stands on: account-months, leavers, and what the data alone say",
                null=True,
            ),
        ),
    ]
