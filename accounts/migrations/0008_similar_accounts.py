"""An index of similar accounts, so that an account is held against them without reading its whole segment."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0007_signals_of_a_batch")]

    operations = [
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(
                condition=models.Q(("left_on", None)),
                fields=["segment", "annual_revenue", "id"],
                name="similar_accounts",
            ),
        ),
    ]
