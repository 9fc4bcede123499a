"""Indexes by which a text is found in accounts' and contacts' names as somebody types it."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0012_room_for_rows")]

    operations = [
        AddIndexConcurrently(
            model_name="account",
            index=GinIndex(OpClass(Upper("city"), name="gin_trgm_ops"), name="account_city_trigrams"),
        ),
        AddIndexConcurrently(model_name="account", index=models.Index(Upper("external_id"), name="account_number")),
        AddIndexConcurrently(model_name="account", index=models.Index(fields=["name", "id"], name="accounts_by_name")),
        AddIndexConcurrently(
            model_name="contact",
            index=GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("email"), name="gin_trgm_ops"),
                OpClass(Upper("phone"), name="gin_trgm_ops"),
                name="contact_trigrams",
            ),
        ),
        AddIndexConcurrently(model_name="contact", index=models.Index(fields=["name", "id"], name="contacts_by_name")),
    ]
