"""Segment and renewal of an account until they changed: kept by a trigger, so that no path forgets."""

import django.db.models.deletion
from django.db import migrations, models

# Without nested loops: the plan is kept, and one that was made for a row would be quadratic for a thousand.
KEEP = """
CREATE FUNCTION past_of_accounts_is_kept() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO accounts_pastaccount (account_id, segment, renews_on, until)
    SELECT was.id, was.segment, was.renews_on, clock_timestamp()
    FROM old_rows AS was JOIN new_rows AS account ON account.id = was.id
    WHERE (was.segment, was.renews_on) IS DISTINCT FROM (account.segment, account.renews_on);
    RETURN NULL;
END $$;
CREATE TRIGGER past_of_accounts AFTER UPDATE ON accounts_account
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION past_of_accounts_is_kept();
"""
FORGET = """
DROP TRIGGER past_of_accounts ON accounts_account;
DROP FUNCTION past_of_accounts_is_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_swept_often"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("segment", models.CharField(blank=True, max_length=80)),
                ("renews_on", models.DateField(blank=True, null=True)),
                ("until", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "ordering": ["until", "pk"],
                "indexes": [models.Index(fields=["account", "until"], name="past_of_an_account")],
            },
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
