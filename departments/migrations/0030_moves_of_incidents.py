"""How often each incident was handed on: kept by a trigger, so that no path forgets and undoing counts back."""

from django.db import migrations, models

# Incidents are locked before their hand-offs are, or next to them by whoever answers: nobody waits in a circle here.
COUNT = """
CREATE FUNCTION moves_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE departments_incident AS incident SET moves = path.moves
    FROM (
        SELECT incident_id, count(*) FILTER (WHERE answer IN ('accepted', 'pending'))
            + 2 * count(*) FILTER (WHERE answer = 'returned') AS moves
        FROM departments_handoff WHERE incident_id IN (SELECT incident_id FROM new_rows) GROUP BY incident_id
    ) AS path
    WHERE incident.id = path.incident_id AND incident.moves <> path.moves;
    RETURN NULL;
END $$;
CREATE TRIGGER moves_after_insert AFTER INSERT ON departments_handoff
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION moves_are_counted();
CREATE TRIGGER moves_after_update AFTER UPDATE ON departments_handoff
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION moves_are_counted();
UPDATE departments_incident AS incident SET moves = path.moves
FROM (
    SELECT incident_id, count(*) FILTER (WHERE answer IN ('accepted', 'pending'))
        + 2 * count(*) FILTER (WHERE answer = 'returned') AS moves
    FROM departments_handoff GROUP BY incident_id
) AS path
WHERE incident.id = path.incident_id AND path.moves > 0;
"""
FORGET = """
DROP TRIGGER moves_after_insert ON departments_handoff;
DROP TRIGGER moves_after_update ON departments_handoff;
DROP FUNCTION moves_are_counted();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("departments", "0029_titles_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="moves",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="how often it was handed on: once for each time that was asked, once more where it was returned",
            ),
        ),
        migrations.RunSQL(COUNT, FORGET),
    ]
