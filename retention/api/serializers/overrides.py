"""Overrides of risks: what is shown of them, and what making and answering one takes."""

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from retention.api.serializers.common import AccountName, PersonName, public_id
from retention.api.serializers.inputs import ById
from retention.models import Override


class OverrideSerializer(serializers.ModelSerializer[Override]):
    """A person's own judgement of a risk beside the computed one; times without an end are null."""

    id = public_id()
    account = AccountName(read_only=True)
    made_by = PersonName(read_only=True)
    answered_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Override
        fields = [
            "id",
            "account",
            "risk",
            "computed_risk",
            "reason",
            "made_by",
            "made_at",
            "expires_at",
            "approval",
            "answered_by",
            "answered_at",
            "answer_words",
            "ended_at",
        ]
        read_only_fields = fields


class StandingOverride(serializers.ModelSerializer[Override]):
    """The override that holds now, where one does; the computed risk stays beside it."""

    id = public_id()
    made_by = PersonName(read_only=True)

    class Meta:
        model = Override
        fields = ["id", "risk", "reason", "made_by", "expires_at"]
        read_only_fields = fields


class NewOverride(serializers.Serializer[Any]):
    """Another risk, why, and until which day it holds."""

    account = ById(Account.objects.all())
    risk = serializers.FloatField(help_text="0 to 1")
    reason = serializers.CharField(max_length=2000)
    expires_on = serializers.DateField(help_text="the last day on which it holds")
