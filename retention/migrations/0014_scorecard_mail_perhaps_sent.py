"""A scorecard's mail is noted before it is sent, and its time once the server took it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0013_kept_what_if_questions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="scorecardmailsent",
            name="sent_at",
            field=models.DateTimeField(help_text="when the mail server took it; empty where nobody knows", null=True),
        ),
    ]
