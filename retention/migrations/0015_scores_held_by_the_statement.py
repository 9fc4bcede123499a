"""Scores are held to their accounts and models by the statement instead of by the row, and swept seldom."""

import django.db.models.deletion
from django.db import migrations, models

from retention.score_integrity import HOLD, LET_GO

# Rows are updated in place, on pages that PostgreSQL tidies up as it goes. One dead row beside each living one is what a
# scoring leaves for the next one to take away; there are more only where a long transaction kept that one from it.
SELDOM = "ALTER TABLE retention_score SET (autovacuum_vacuum_scale_factor = 1.5, autovacuum_analyze_scale_factor = 1.5)"
AS_EVER = "ALTER TABLE retention_score RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor)"


class Migration(migrations.Migration):
    dependencies = [("retention", "0014_scorecard_mail_perhaps_sent")]

    operations = [
        migrations.AlterField(
            model_name="score",
            name="account",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="score",
                serialize=False,
                to="accounts.account",
            ),
        ),
        migrations.AlterField(
            model_name="score",
            name="model",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="retention.modelversion",
            ),
        ),
        migrations.RunSQL(HOLD, LET_GO),
        migrations.RunSQL(SELDOM, AS_EVER),
    ]
