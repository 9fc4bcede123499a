"""An index by which a text that few incidents hold is found among the titles of all."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0013_search_by_index"),
        ("departments", "0028_open_disputes_are_answered_by"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="incident_title_trigrams"),
        ),
    ]
