"""Detection rules: what is shown of them, and what making, changing and previewing one takes."""

from typing import Any

from rest_framework import serializers

from accounts.signals import KINDS
from departments.models import DetectionRule, FrictionType, RuleBackfill, RuleVersion
from retention.api.serializers.common import AccountName, public_id, slug
from retention.api.serializers.inputs import BySlug

MEANING = ["condition", "friction_type", "severity", "title", "grouping_count", "grouping_days", "batch_days"]
KIND_CHOICES = [(kind.name, kind.label) for kind in KINDS.values()]


class RuleVersionSerializer(serializers.ModelSerializer[RuleVersion]):
    """A rule as it was."""

    friction_type = slug("friction_type")

    class Meta:
        model = RuleVersion
        fields = ["number", "made_at", "made_by", "taken_back_at", "signal_kind", *MEANING]
        read_only_fields = fields


class BackfillSerializer(serializers.ModelSerializer[RuleBackfill]):
    """A rule held against the past: how far it is, and what it came to."""

    id = public_id()

    class Meta:
        model = RuleBackfill
        fields = [
            "id", "version", "first_day", "last_day", "state", "asked_at", "finished_at", "signals", "looked_at",
            "opened", "corrected", "withdrawn",
        ]  # fmt: skip
        read_only_fields = fields


class RuleSerializer(serializers.ModelSerializer[DetectionRule]):
    """A rule over signals; `revision` counts every change, `version` those of meaning."""

    id = public_id()
    friction_type = slug("friction_type")
    department = slug("friction_type.department")

    class Meta:
        model = DetectionRule
        fields = [
            "id", "slug", "name", "signal_kind", *MEANING, "department", "is_active", "version", "revision",
            "changed_by",
        ]  # fmt: skip
        read_only_fields = fields


class RuleDetail(RuleSerializer):
    """A rule with the versions it had, and what it was held against."""

    versions = RuleVersionSerializer(many=True, read_only=True)
    backfills = BackfillSerializer(many=True, read_only=True)

    class Meta(RuleSerializer.Meta):
        fields = [*RuleSerializer.Meta.fields, "versions", "backfills"]
        read_only_fields = fields


class RuleChange(serializers.Serializer[Any]):
    """What a rule says from now on, all of it; `revision` is that of the rule as it was read."""

    revision = serializers.IntegerField(min_value=0)
    name = serializers.CharField(max_length=120)
    condition = serializers.CharField(help_text="over the signal's fields, such as days_late > 2")
    friction_type = BySlug(FrictionType.objects.select_related("department"))
    severity = serializers.CharField(help_text="a number or an expression between 0 and 1")
    title = serializers.CharField(max_length=160)
    grouping_count = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=2, max_value=100)
    grouping_days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=365)
    batch_days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=3650)


class NewRule(RuleChange):
    """A rule over a kind of signal."""

    revision = None  # type: ignore[assignment]  # a new rule has been read by nobody
    signal_kind = serializers.ChoiceField(choices=KIND_CHOICES)


class Switch(serializers.Serializer[Any]):
    """Whether the rule is in use from now on."""

    is_active = serializers.BooleanField()
    revision = serializers.IntegerField(min_value=0)


class BackfillDays(serializers.Serializer[Any]):
    """From which day to which, both included, by UTC."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()


class ExampleSerializer(serializers.Serializer[Any]):
    """An incident that a rule would have opened; `account` is null where the caller does not see it."""

    title = serializers.CharField()
    severity = serializers.FloatField()
    happened_at = serializers.DateTimeField()
    why = serializers.DictField(help_text="what the condition read, by field")
    signals = serializers.IntegerField(help_text="how many it stands for")
    account = AccountName(allow_null=True)
    signal = serializers.UUIDField()
    incident = serializers.UUIDField(allow_null=True, help_text="an incident that there is of it")


class PreviewSerializer(serializers.Serializer[Any]):
    """What a rule would have opened in the last 90 days, or where there were too many signals, since `since`."""

    incidents = serializers.IntegerField()
    accounts = serializers.IntegerField()
    left = serializers.IntegerField(help_text="of these accounts")
    signals = serializers.IntegerField(help_text="looked at")
    since = serializers.DateTimeField()
    is_cut = serializers.BooleanField(help_text="only the newest signals were looked at")
    examples = ExampleSerializer(many=True)
