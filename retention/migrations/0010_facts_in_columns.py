"""Records kept in columns, so that a full scoring need not read every row; what changes them is written down."""

from django.db import migrations, models

# Numbers as they are in memory: PostgreSQL would try in vain to compress each of them, at each reading.
PLAIN = """
ALTER TABLE retention_factsegment ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE retention_factsegment ALTER COLUMN reread SET STORAGE EXTERNAL;
"""
COMPRESSED = """
ALTER TABLE retention_factsegment ALTER COLUMN data SET STORAGE EXTENDED;
ALTER TABLE retention_factsegment ALTER COLUMN reread SET STORAGE EXTENDED;
"""

# No row tells that it is gone when a whole table is emptied.
TABLES = (
    "accounts_account",
    "accounts_order",
    "accounts_holding",
    "accounts_touchpoint",
    "departments_responsibility",
    "departments_adoption",
    "departments_commitment",
)
FORGET = """
CREATE FUNCTION forget_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM retention_factsegment;
    DELETE FROM retention_factchange;
    RETURN NULL;
END $$;
"""
TRIGGERS = "".join(
    f"CREATE TRIGGER forget_facts AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION forget_facts();"
    for table in TABLES
)
DROP_TRIGGERS = "".join(f"DROP TRIGGER forget_facts ON {table};" for table in TABLES)

SECOND_LAST = """
UPDATE retention_score AS score SET history_before = (
    SELECT history.as_of FROM retention_scorehistory AS history
    WHERE history.account_id = score.account_id AND history.as_of < score.history_as_of
    ORDER BY history.as_of DESC LIMIT 1)
WHERE history_as_of IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_marks"),
        ("departments", "0002_responsibility"),
        ("retention", "0009_scorecard_by_mail_and_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="FactSegment",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("known_at", models.DateTimeField()),
                ("reread", models.BinaryField()),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.RunSQL(PLAIN, COMPRESSED),
        migrations.RunSQL(FORGET + TRIGGERS, DROP_TRIGGERS + "DROP FUNCTION forget_facts();"),
        migrations.AddField(
            model_name="score",
            name="history_before",
            field=models.DateTimeField(blank=True, help_text="the moment of the one kept before that", null=True),
        ),
        migrations.RunSQL(SECOND_LAST, migrations.RunSQL.noop),
    ]
