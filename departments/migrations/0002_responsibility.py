"""Responsibility follows its incident, its shares add up, and whatever changes it marks the account."""

from django.db import migrations

from accounts.marks import marking

FOLLOW = """
CREATE FUNCTION responsibility_follows_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE departments_responsibility AS part
    SET account_id = whole.account_id, friction_type_id = whole.friction_type_id, severity = whole.severity,
        happened_at = whole.happened_at, recorded_at = whole.recorded_at, resolved_at = whole.resolved_at
    FROM new_rows AS whole
    WHERE part.incident_id = whole.id
      AND (part.account_id, part.friction_type_id, part.severity, part.happened_at, part.recorded_at, part.resolved_at)
          IS DISTINCT FROM
          (whole.account_id, whole.friction_type_id, whole.severity, whole.happened_at, whole.recorded_at,
           whole.resolved_at);
    RETURN NULL;
END $$;
CREATE TRIGGER responsibility_follows AFTER UPDATE ON departments_incident
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION responsibility_follows_incident();
"""

# A statement, not a deferred row trigger: shares are therefore always written in one statement an incident.
SHARES = """
CREATE FUNCTION shares_sum_to_one() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
    SELECT part.incident_id, sum(part.share) AS total INTO wrong
    FROM departments_responsibility AS part
    JOIN departments_incident AS incident ON incident.id = part.incident_id
    WHERE part.incident_id IN (SELECT incident_id FROM new_rows)
    GROUP BY part.incident_id
    HAVING abs(sum(part.share) - 1) > 1e-9 AND NOT (sum(part.share) = 0 AND bool_and(incident.merged_into_id IS NOT NULL))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the shares of incident % sum to %, not 1', wrong.incident_id, wrong.total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_sum_to_one';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION responsibility_repeats_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM new_rows AS part JOIN departments_incident AS whole ON whole.id = part.incident_id
        WHERE (part.account_id, part.friction_type_id, part.severity, part.happened_at, part.recorded_at,
               part.resolved_at)
              IS DISTINCT FROM
              (whole.account_id, whole.friction_type_id, whole.severity, whole.happened_at, whole.recorded_at,
               whole.resolved_at)
    ) THEN
        RAISE EXCEPTION 'a responsibility differs from its incident'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'responsibility_repeats_incident';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER shares_sum_after_insert AFTER INSERT ON departments_responsibility
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION shares_sum_to_one();
CREATE TRIGGER shares_sum_after_update AFTER UPDATE ON departments_responsibility
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION shares_sum_to_one();
CREATE TRIGGER repeats_after_insert AFTER INSERT ON departments_responsibility
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION responsibility_repeats_incident();
CREATE TRIGGER repeats_after_update AFTER UPDATE ON departments_responsibility
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION responsibility_repeats_incident();
"""

DROP_FOLLOW = """
DROP TRIGGER responsibility_follows ON departments_incident;
DROP FUNCTION responsibility_follows_incident();
"""
DROP_SHARES = """
DROP TRIGGER repeats_after_update ON departments_responsibility;
DROP TRIGGER repeats_after_insert ON departments_responsibility;
DROP TRIGGER shares_sum_after_update ON departments_responsibility;
DROP TRIGGER shares_sum_after_insert ON departments_responsibility;
DROP FUNCTION responsibility_repeats_incident();
DROP FUNCTION shares_sum_to_one();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_marks"), ("departments", "0001_initial")]

    operations = [
        migrations.RunSQL(FOLLOW, DROP_FOLLOW),
        migrations.RunSQL(SHARES, DROP_SHARES),
        marking("departments_responsibility", "account_id"),
        marking("departments_adoption", "account_id"),
        marking("departments_commitment", "account_id"),
    ]
