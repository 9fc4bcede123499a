"""A rule opens one incident for a signal at an account: one bad batch concerns several accounts."""

from django.db import migrations, models

BEFORE, AFTER = "a_rule_opens_one_incident_a_signal", "a_rule_opens_one_incident_a_signal_at_an_account"
MADE_BY_RULE = models.Q(rule__isnull=False, signal__isnull=False)
CREATE = (
    "CREATE UNIQUE INDEX CONCURRENTLY {} ON departments_incident ({}) "
    "WHERE (rule_id IS NOT NULL AND signal_id IS NOT NULL)"
)
CREATE_BEFORE = CREATE.format(BEFORE, "rule_id, signal_id")
CREATE_AFTER = CREATE.format(AFTER, "rule_id, signal_id, account_id")
DROP_BEFORE, DROP_AFTER = (f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in (BEFORE, AFTER))


class Migration(migrations.Migration):
    # Indexes are built and dropped beside the running system, which no transaction allows.
    atomic = False
    dependencies = [("departments", "0012_rules_are_versioned")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    "incident",
                    models.UniqueConstraint(fields=("rule", "signal", "account"), condition=MADE_BY_RULE, name=AFTER),
                ),
                migrations.RemoveConstraint("incident", BEFORE),
            ],
            database_operations=[
                migrations.RunSQL(CREATE_AFTER, DROP_AFTER),
                migrations.RunSQL(DROP_BEFORE, CREATE_BEFORE),
            ],
        ),
    ]
