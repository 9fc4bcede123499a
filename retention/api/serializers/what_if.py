"""The question what if some friction had not been, and its answer."""

import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account
from departments.models import Department, FrictionType, Person
from retention.api.serializers.common import BANDS, AccountName, PersonName, public_id
from retention.api.serializers.inputs import BySlug
from retention.models import WhatIfRun
from retention.scoring.what_if import Question
from retention.scoring.what_if_answers import Told


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


def as_told(told: Told, as_of: datetime.datetime, person: Person) -> dict[str, Any]:
    """Return an answer as the serializer shows it, naming of its accounts those that the person sees now."""
    accounts = Account.objects.visible_to(person).in_bulk([one.account_id for one in told.heaviest])
    return {
        "as_of": as_of,
        "incidents": told.incidents,
        "accounts": told.accounts,
        "revenue_at_risk_before": told.at_risk_before,
        "revenue_at_risk_after": told.at_risk_after,
        "money_kept": told.total_kept,
        "crossings": [
            {"before": one.value, "after": other.value, "accounts": count} for one, other, count in told.crossings
        ],
        "most_kept": [
            {
                "account": accounts[one.account_id],
                "before": one.before,
                "after": one.after,
                "money_kept": one.kept,
            }
            for one in told.heaviest
            if one.account_id in accounts
        ],
    }


class WhatIfRunSerializer(serializers.ModelSerializer[WhatIfRun]):
    """A question that was kept, and whether it is answered."""

    id = public_id()
    asked_by = PersonName(read_only=True)
    model_number = serializers.IntegerField(source="model.number", read_only=True)

    class Meta:
        model = WhatIfRun
        fields = ["id", "words", "question", "asked_by", "asked_at", "as_of", "model_number", "finished_at"]
        read_only_fields = fields


class WhatIfRunDetail(WhatIfRunSerializer):
    """The same with how far the workers are, and the answer once they are done."""

    progress = serializers.FloatField(read_only=True, help_text="the part of the accounts that is done, 0 to 1")
    answer = serializers.SerializerMethodField()

    class Meta(WhatIfRunSerializer.Meta):
        fields = [*WhatIfRunSerializer.Meta.fields, "progress", "answer"]
        read_only_fields = fields

    @extend_schema_field(AnswerSerializer(allow_null=True))
    def get_answer(self, run: WhatIfRun) -> Any:
        """Return the answer, null while there is none."""
        if run.answer is None:
            return None
        return AnswerSerializer(as_told(Told.from_dict(run.answer), run.as_of, self.context["person"])).data
