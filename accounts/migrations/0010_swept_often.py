"""A table swept often enough to count accounts by an index alone."""

from django.db import migrations

# One page in fifty: with the usual fifth, a night's changes would send every reader of an index to the table.
SWEPT = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02"
USUAL = "autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_hourly_rate")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE accounts_account SET ({SWEPT})", f"ALTER TABLE accounts_account RESET ({USUAL})"
        ),
    ]
