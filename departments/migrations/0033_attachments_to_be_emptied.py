"""What is removed and still holds something is found by index; only what is removed is ever emptied."""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0032_more_is_taken_back")]

    operations = [
        AddConstraintNotValid(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(("emptied_at", None), ("removed_at__isnull", False), _connector="OR"),
                name="emptied_attachments_are_removed",
            ),
        ),
        ValidateConstraint(model_name="attachment", name="emptied_attachments_are_removed"),
        AddIndexConcurrently(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("emptied_at", None), ("removed_at__isnull", False)),
                fields=["removed_at"],
                name="attachments_to_be_emptied",
            ),
        ),
    ]
