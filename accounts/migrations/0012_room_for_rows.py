"""Numbers of order lines are handed out by the thousand, and an account's page keeps room for its next version.

Imports write lines by the hundred thousand, and each number alone is a lock and a record in the log. What an import
derives of accounts is written right after them: where a page has room, no index hears of it.
"""

from django.db import migrations

NUMBERS = "ALTER TABLE accounts_orderline ALTER COLUMN id SET CACHE 1000"
NUMBERS_ONE_BY_ONE = "ALTER TABLE accounts_orderline ALTER COLUMN id SET CACHE 1"
ROOM = "ALTER TABLE accounts_account SET (fillfactor = 80)"
NO_ROOM = "ALTER TABLE accounts_account RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_past_of_accounts"),
    ]

    operations = [
        migrations.RunSQL(NUMBERS, NUMBERS_ONE_BY_ONE),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
