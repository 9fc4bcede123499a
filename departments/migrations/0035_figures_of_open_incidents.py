"""The index of an account's open incidents holds their figures, too."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0034_desks_in_order")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("state", "resolved"), _negated=True),
                fields=["account"],
                include=("id", "points", "money_at_risk"),
                name="figures_of_open_incidents",
            ),
        ),
        RemoveIndexConcurrently(model_name="incident", name="open_incidents"),
    ]
