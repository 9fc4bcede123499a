"""Order lines are held to their orders by the statement instead of by the row."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.line_integrity import HOLD, LET_GO


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_marks")]

    operations = [
        migrations.AlterField(
            model_name="orderline",
            name="order",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="lines",
                to="accounts.order",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
    ]
