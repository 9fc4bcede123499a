"""Who got a batch: an index over the few signals that name one."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform


class Migration(migrations.Migration):
    # Built beside the running system, which no transaction allows.
    atomic = False
    dependencies = [("accounts", "0006_bounces_before_ruling")]

    operations = [
        AddIndexConcurrently(
            "signal",
            models.Index(
                KeyTextTransform("batch", "data"), condition=models.Q(data__has_key="batch"), name="signal_batch"
            ),
        ),
    ]
