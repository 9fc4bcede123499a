"""The question what if some friction had not been, and its answer."""

from typing import Any

from rest_framework import serializers

from departments.models import Department, FrictionType
from retention.api.serializers.common import BANDS, AccountName
from retention.api.serializers.inputs import BySlug
from retention.scoring.what_if import Question


class QuestionSerializer(serializers.Serializer[Any]):
    """Which friction is thought away: what fits everything that is given."""

    departments = BySlug(
        Department.objects.all(), many=True, required=False, help_text="of shared incidents, only the parts of these"
    )
    friction_types = BySlug(FrictionType.objects.all(), many=True, required=False)
    happened_from = serializers.DateTimeField(required=False, default=None, allow_null=True)
    happened_until = serializers.DateTimeField(required=False, default=None, allow_null=True, help_text="before it")
    segment = serializers.CharField(required=False, default="", allow_blank=True)
    incidents = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=10_000)

    def question(self) -> Question:
        """Return what is asked."""
        given = self.validated_data
        return Question(
            departments=tuple(one.slug for one in given.get("departments", ())),
            friction_types=tuple(one.slug for one in given.get("friction_types", ())),
            happened_from=given["happened_from"],
            happened_until=given["happened_until"],
            segment=given["segment"],
            incidents=tuple(given.get("incidents", ())),
        )


class CrossingSerializer(serializers.Serializer[Any]):
    """So many accounts that would stand in another band."""

    before = serializers.ChoiceField(choices=BANDS)
    after = serializers.ChoiceField(choices=BANDS)
    accounts = serializers.IntegerField()


class AccountWithoutSerializer(serializers.Serializer[Any]):
    """One account with both risks."""

    account = AccountName()
    before = serializers.FloatField()
    after = serializers.FloatField()
    money_kept = serializers.FloatField()


class AnswerSerializer(serializers.Serializer[Any]):
    """Each account rescored without that friction: model-based, not proven causal; answers do not add up."""

    as_of = serializers.DateTimeField()
    incidents = serializers.IntegerField(help_text="how many are thought away")
    accounts = serializers.IntegerField(help_text="how many they touch")
    revenue_at_risk_before = serializers.FloatField()
    revenue_at_risk_after = serializers.FloatField()
    money_kept = serializers.FloatField()
    crossings = CrossingSerializer(many=True)
    most_kept = AccountWithoutSerializer(many=True, help_text="the accounts where most would be kept, up to 100")
