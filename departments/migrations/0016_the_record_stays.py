"""What is on record is neither deleted nor, for steps, rewritten: an incident therefore stays as long as its record."""

from django.db import migrations

KEPT = ("incidentevent", "note", "handoff", "wait", "attachment", "ruling", "statement", "regrading")

KEEP = """
CREATE FUNCTION the_record_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is on record stays: no % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'the_record_stays';
END $$;
"""
STEPS_STAY_AS_THEY_ARE = """
CREATE TRIGGER steps_are_not_rewritten BEFORE UPDATE ON departments_incidentevent
    FOR EACH ROW EXECUTE FUNCTION the_record_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("departments", "0015_attachments")]

    operations = [
        migrations.RunSQL(KEEP, "DROP FUNCTION the_record_stays();"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER the_record_stays BEFORE DELETE ON departments_{table}"
                " FOR EACH ROW EXECUTE FUNCTION the_record_stays();",
                f"DROP TRIGGER the_record_stays ON departments_{table};",
            )
            for table in KEPT
        ),
        migrations.RunSQL(STEPS_STAY_AS_THEY_ARE, "DROP TRIGGER steps_are_not_rewritten ON departments_incidentevent;"),
    ]
