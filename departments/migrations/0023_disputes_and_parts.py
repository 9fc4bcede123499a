"""Disputes: a department says that it is not its own; and hand-offs of a part beside the holder's."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import accounts.models.base


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_past_of_accounts"),
        ("departments", "0022_severe_hours"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(db_default=accounts.models.base.UuidV7(), editable=False, unique=True)),
                (
                    "is_of_part",
                    models.BooleanField(db_default=False, default=False, help_text="of a part beside the holder's"),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("caused_elsewhere", "It was caused elsewhere"),
                            ("only_others_can_fix", "Only others can put it right"),
                            ("shared_cause", "Others caused it with us"),
                            ("wrong_type", "It is another kind of trouble"),
                            ("duplicate", "It is known already"),
                            ("nothing_wrong", "Nothing went wrong"),
                        ],
                        max_length=20,
                    ),
                ),
                ("words", models.TextField()),
                ("raised_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("upheld_at", models.DateTimeField(help_text="when the other side said that it stays", null=True)),
                ("upheld_words", models.TextField(blank=True, db_default="")),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("withdrawn", "Withdrawn"),
                            ("accepted", "Accepted after all"),
                            ("handed_on", "Settled by a hand-off"),
                            ("taken", "Taken by the other side"),
                            ("ruled", "Ruled on"),
                            ("closed", "The incident was closed"),
                            ("taken_back", "Taken back at once"),
                        ],
                        db_default="",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "ordering": ["raised_at", "pk"],
            },
        ),
        migrations.AddField(
            model_name="handoff",
            name="is_of_part",
            field=models.BooleanField(
                db_default=False, default=False, help_text="a part beside the holder's, whose work goes on meanwhile"
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="against",
            field=models.ForeignKey(
                help_text="the other side",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes_to_answer",
                to="departments.department",
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="department",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="raised_disputes", to="departments.department"
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="ended_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="disputes", to="departments.incident"
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="raised_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="upheld_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["department"], name="open_disputes_raised"
            ),
        ),
        migrations.AddIndex(
            model_name="dispute",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["against"], name="open_disputes_to_answer"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("incident", "department"),
                name="a_department_disputes_an_incident_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("against", None), models.Q(("against", models.F("department")), _negated=True), _connector="OR"
                ),
                name="no_department_disputes_with_itself",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(("words", ""), _negated=True), name="a_dispute_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("upheld_at", None), ("upheld_by", None)),
                    models.Q(
                        ("upheld_at__isnull", False),
                        ("upheld_by__isnull", False),
                        models.Q(("upheld_words", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="an_upheld_attribution_says_why_and_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end", ""), ("ended_at", None)),
                    models.Q(("ended_at__isnull", False), models.Q(("end", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_dispute_that_ended_says_how",
            ),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER the_record_stays BEFORE DELETE ON departments_dispute"
            " FOR EACH ROW EXECUTE FUNCTION the_record_stays();",
            "DROP TRIGGER the_record_stays ON departments_dispute;",
        ),
    ]
