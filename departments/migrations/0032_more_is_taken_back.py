"""Removed files, statements and versions of rules can be taken back; a removed file says since when it is empty."""

from django.db import migrations, models

# A version is never changed; that it was taken back is added once.
A_VERSION_IS_TAKEN_BACK_ONCE = """
CREATE OR REPLACE FUNCTION refuse_to_change_a_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.taken_back_at IS NOT NULL OR to_jsonb(NEW) - 'taken_back_at' <> to_jsonb(OLD) - 'taken_back_at' THEN
        RAISE EXCEPTION 'versions of detection rules are kept as they were' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
A_VERSION_STAYS_AS_IT_IS = """
CREATE OR REPLACE FUNCTION refuse_to_change_a_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of detection rules are kept as they were' USING ERRCODE = 'check_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("departments", "0031_incidents_held")]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="emptied_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="since when what it held is gone for good", null=True
            ),
        ),
        migrations.RunSQL(
            "UPDATE departments_attachment SET emptied_at = removed_at WHERE removed_at IS NOT NULL;",
            migrations.RunSQL.noop,
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="taken_back_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunSQL(A_VERSION_IS_TAKEN_BACK_ONCE, A_VERSION_STAYS_AS_IT_IS),
        migrations.AddField(
            model_name="statement",
            name="taken_back_at",
            field=models.DateTimeField(editable=False, help_text="by whoever said it; it stays on record", null=True),
        ),
    ]
