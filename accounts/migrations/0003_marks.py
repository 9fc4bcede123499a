"""What changes an account marks it, whoever changes it: see accounts/models/change.py."""

from django.db import migrations

from accounts.marks import DROP_FUNCTIONS, FUNCTIONS, marking

SIGNALS = """
    CREATE TRIGGER mark_inserted AFTER INSERT ON accounts_signal
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mark_new_signals();
    CREATE TRIGGER mark_updated AFTER UPDATE ON accounts_signal
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_signals();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        marking("accounts_account", "id"),
        marking("accounts_order", "account_id"),
        marking("accounts_holding", "account_id"),
        marking("accounts_touchpoint", "account_id"),
        migrations.RunSQL(
            SIGNALS, "DROP TRIGGER mark_inserted ON accounts_signal; DROP TRIGGER mark_updated ON accounts_signal;"
        ),
    ]
