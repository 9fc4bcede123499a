"""Rules keep their versions, gather signals and follow batches; what they matched is on record."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import accounts.models.base

KEEP_VERSIONS = """
    INSERT INTO departments_ruleversion (
        rule_id, number, signal_kind, condition, friction_type_id, severity, title, made_by)
    SELECT id, version, signal_kind, condition, friction_type_id, severity, title, changed_by
    FROM departments_detectionrule;

    CREATE FUNCTION keep_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO departments_ruleversion (
            rule_id, number, signal_kind, condition, friction_type_id, severity, title,
            grouping_count, grouping_days, batch_days, made_by)
        VALUES (
            NEW.id, NEW.version, NEW.signal_kind, NEW.condition, NEW.friction_type_id, NEW.severity, NEW.title,
            NEW.grouping_count, NEW.grouping_days, NEW.batch_days, NEW.changed_by)
        ON CONFLICT DO NOTHING;
        RETURN NULL;
    END $$;
    CREATE TRIGGER keep_version AFTER INSERT OR UPDATE ON departments_detectionrule
        FOR EACH ROW EXECUTE FUNCTION keep_rule_version();

    CREATE FUNCTION refuse_to_change_a_rule_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'versions of detection rules are kept as they were' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER refuse_change BEFORE UPDATE ON departments_ruleversion
        FOR EACH ROW EXECUTE FUNCTION refuse_to_change_a_rule_version();
"""
FORGET_VERSIONS = """
    DROP TRIGGER keep_version ON departments_detectionrule;
    DROP FUNCTION keep_rule_version();
    DROP TRIGGER refuse_change ON departments_ruleversion;
    DROP FUNCTION refuse_to_change_a_rule_version();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_signals_of_a_batch"),
        ("departments", "0011_integrations"),
    ]

    operations = [
        migrations.AddField(
            model_name="detectionrule",
            name="batch_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="an incident at every account that got the signal's batch so many days before or after",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
            ),
        ),
        migrations.AddField(
            model_name="detectionrule",
            name="changed_by",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=120),
        ),
        migrations.AddField(
            model_name="detectionrule",
            name="grouping_count",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="so many signals of an account are one incident; empty where each is one of its own",
                null=True,
                validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(100)],
            ),
        ),
        migrations.AddField(
            model_name="detectionrule",
            name="grouping_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="within so many days of the first",
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)],
            ),
        ),
        migrations.AddField(
            model_name="detectionrule",
            name="revision",
            field=models.PositiveIntegerField(
                db_default=1,
                default=1,
                editable=False,
                help_text="counts changes, so that two people at once are noticed",
            ),
        ),
        migrations.AddConstraint(
            model_name="detectionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("grouping_count", None), ("grouping_days", None)),
                    models.Q(
                        ("grouping_count__gte", 2),
                        ("grouping_count__isnull", False),
                        ("grouping_days__gte", 1),
                        ("grouping_days__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="grouping_says_how_many_within_how_many_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="detectionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("grouping_count", None), ("batch_days", None), _connector="OR"),
                name="a_rule_groups_or_follows_batches",
            ),
        ),
        migrations.CreateModel(
            name="RuleBackfill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(db_default=accounts.models.base.UuidV7(), editable=False, unique=True)),
                ("version", models.PositiveIntegerField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a worker"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("replaced", "Ended: the rule was changed meanwhile"),
                        ],
                        db_default="waiting",
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("signals", models.PositiveIntegerField(db_default=0, default=0, help_text="to be looked at")),
                ("looked_at", models.PositiveIntegerField(db_default=0, default=0)),
                ("reached", models.BigIntegerField(db_default=0, default=0)),
                ("opened", models.PositiveIntegerField(db_default=0, default=0)),
                ("corrected", models.PositiveIntegerField(db_default=0, default=0)),
                ("withdrawn", models.PositiveIntegerField(db_default=0, default=0)),
                ("worked_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="backfills",
                        to="departments.detectionrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first_day__lte", models.F("last_day"))),
                        name="backfill_begins_before_it_ends",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=("rule",),
                        name="a_rule_has_one_backfill_under_way",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("batch", models.CharField(blank=True, db_default="", max_length=200)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("severity", models.FloatField()),
                (
                    "fields",
                    models.JSONField(db_default={}, default=dict, help_text="what the condition read, by field"),
                ),
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
                    "carrier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="carried",
                        to="accounts.signal",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="matches",
                        to="departments.incident",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="matches",
                        to="departments.detectionrule",
                    ),
                ),
                (
                    "signal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="matches", to="accounts.signal"
                    ),
                ),
            ],
            options={
                "ordering": ["happened_at", "signal"],
                "indexes": [
                    models.Index(fields=["rule", "account", "happened_at"], name="what_a_rule_gathers"),
                    models.Index(
                        condition=models.Q(("batch", ""), _negated=True), fields=["batch"], name="match_of_a_batch"
                    ),
                    models.Index(
                        condition=models.Q(("carrier__isnull", False)), fields=["carrier"], name="match_by_carrier"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("rule", "signal", "account"), name="a_rule_matches_a_signal_once_at_an_account"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("signal_kind", models.CharField(max_length=40)),
                ("condition", models.TextField()),
                ("severity", models.TextField()),
                ("title", models.CharField(max_length=160)),
                ("grouping_count", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("grouping_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("batch_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "made_by",
                    models.CharField(blank=True, db_default="", help_text="empty for what was shipped", max_length=120),
                ),
                (
                    "friction_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="departments.frictiontype"
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="departments.detectionrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("rule", "number"), name="a_rule_has_each_version_once")
                ],
            },
        ),
        migrations.RunSQL(KEEP_VERSIONS, FORGET_VERSIONS),
    ]
