"""A role for other systems."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("departments", "0010_reminders")]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="role",
            field=models.CharField(
                choices=[
                    ("account_manager", "Account manager"),
                    ("service_desk", "Service desk"),
                    ("department_head", "Department head"),
                    ("department_member", "Department member"),
                    ("executive", "Executive"),
                    ("administrator", "Administrator"),
                    ("integration", "Integration (another system; never signs in)"),
                ],
                max_length=20,
            ),
        ),
    ]
