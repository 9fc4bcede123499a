"""Who answered for an incident until its shares, severity or type changed: kept by a trigger, so that no path forgets."""

import django.db.models.deletion
from django.db import migrations, models

# All parts of the incident, the moment once a statement: one change after another in a transaction stays in order.
# Without nested loops: the plan is kept, and one that was made for a row would be quadratic for a thousand.
KEEP = """
CREATE FUNCTION past_parts_are_kept() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE moment timestamptz := clock_timestamp();
BEGIN
    -- Whoever brings a past along writes its moments themselves.
    IF current_setting('holdfast.brings_past', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO departments_pastpart (incident_id, account_id, department_id, friction_type_id, share, severity, until)
    SELECT was.incident_id, was.account_id, was.department_id, was.friction_type_id, was.share, was.severity, moment
    FROM old_rows AS was
    WHERE was.incident_id IN (
        SELECT part.incident_id FROM new_rows AS part JOIN old_rows AS before ON before.id = part.id
        WHERE (part.share, part.severity, part.friction_type_id)
              IS DISTINCT FROM (before.share, before.severity, before.friction_type_id));
    RETURN NULL;
END $$;
CREATE TRIGGER past_parts AFTER UPDATE ON departments_responsibility
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION past_parts_are_kept();
"""
FORGET = """
DROP TRIGGER past_parts ON departments_responsibility;
DROP FUNCTION past_parts_are_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_past_of_accounts"),
        ("departments", "0020_desks_by_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("share", models.FloatField()),
                ("severity", models.FloatField()),
                ("until", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="departments.department",
                    ),
                ),
                (
                    "friction_type",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="departments.frictiontype",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="past_parts",
                        to="departments.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["until", "pk"],
                "indexes": [
                    models.Index(fields=["account", "until"], name="past_parts_of_an_account"),
                    models.Index(fields=["incident"], name="past_parts_of_an_incident"),
                ],
            },
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
