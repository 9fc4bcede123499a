"""An index that holds all by which a desk is ordered and counted, and a table swept often enough to read by it alone."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

# One page in fifty: with the usual fifth, a night's changes would send every reader of an index to the table.
SWEPT = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02"
USUAL = "autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("departments", "0019_cures_and_problems")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(models.Q(("state", "resolved"), _negated=True), ("merged_into", None)),
                fields=["department", "state", "due_at"],
                include=["money_at_risk", "id"],
                name="open_on_desk",
            ),
        ),
        RemoveIndexConcurrently(model_name="incident", name="triage_by_money"),
        migrations.RunSQL(
            f"ALTER TABLE departments_incident SET ({SWEPT})", f"ALTER TABLE departments_incident RESET ({USUAL})"
        ),
    ]
