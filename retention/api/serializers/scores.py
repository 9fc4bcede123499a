"""Scores and their ledger."""

from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from departments.models import Person
from retention.api.serializers.common import BANDS, AccountName
from retention.api.serializers.overrides import StandingOverride
from retention.models import Override, Score
from retention.scoring.bands import band_of
from retention.scoring.ledger import LineKind
from retention.scoring.movement import Cause


def standing_overrides_for(person: Person, way: str) -> "Prefetch[str]":
    """Return how to read along what holds now, as `ScoreSummary` shows it; `way` leads to the account's overrides."""
    standing = Override.objects.visible_to(person).standing(timezone.now()).select_related("made_by")
    return Prefetch(way, standing, to_attr="standing_overrides")


class ScoreSummary(serializers.ModelSerializer[Score]):
    """The risk of leaving within the horizon, 0 to 1: an index until `is_probability` says that it was backtested."""

    band = serializers.SerializerMethodField()
    is_probability = serializers.BooleanField(source="model.is_backtested", read_only=True)
    model = serializers.IntegerField(source="model.number", read_only=True, help_text="number of the model's version")
    horizon_days = serializers.IntegerField(source="model.horizon_days", read_only=True)
    revenue_at_risk = serializers.FloatField(read_only=True, help_text="risk × annual revenue")
    override = serializers.SerializerMethodField()

    class Meta:
        model = Score
        fields = [
            "risk",
            "risk_low",
            "risk_high",
            "band",
            "is_probability",
            "horizon_days",
            "revenue_at_risk",
            "override",
            "risk_week_ago",
            "is_frozen",
            "model",
            "as_of",
            "scored_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=BANDS))
    def get_band(self, score: Score) -> str:
        """Return the word for the risk."""
        return band_of(score.risk).value

    @extend_schema_field(StandingOverride(allow_null=True))
    def get_override(self, score: Score) -> dict[str, Any] | None:
        """Return what a person holds the risk to be, if somebody does and the caller keeps the book."""
        standing: list[Override] = score.account.standing_overrides  # type: ignore[attr-defined]  # standing_overrides_for
        return StandingOverride(standing[0]).data if standing else None


class ScoreSerializer(ScoreSummary):
    """A score with its account and its main parts."""

    account = AccountName(read_only=True)

    class Meta(ScoreSummary.Meta):
        fields = ["account", *ScoreSummary.Meta.fields, "baseline", "friction_points", "not_attributed"]
        read_only_fields = fields


class LineSerializer(serializers.Serializer[Any]):
    """One line of a ledger; the lines sum to the risk."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # declared fields leave the class
    kind = serializers.ChoiceField(choices=[kind.value for kind in LineKind])
    points = serializers.FloatField(help_text="0.27 is 27 points of risk")
    money = serializers.FloatField(help_text="points × annual revenue")
    department = serializers.CharField(allow_blank=True, help_text="slug of who answers for it, if anyone")
    reason = serializers.CharField(allow_blank=True, help_text="why nobody answers for it")


class IncidentPointsSerializer(serializers.Serializer[Any]):
    """What one incident adds to the risk."""

    id = serializers.UUIDField()
    points = serializers.FloatField()


class PartSerializer(serializers.Serializer[Any]):
    """One department's part in one incident; the parts of a department sum to its line."""

    incident = serializers.UUIDField()
    department = serializers.CharField(help_text="slug of the department that has the part")
    friction_type = serializers.CharField(source="kind", help_text="name of the friction's type")
    points = serializers.FloatField()
    reason = serializers.CharField(allow_blank=True, help_text="why nobody answers for these points, if nobody does")


class LedgerSerializer(serializers.Serializer[Any]):
    """A score taken apart, down to the incident."""

    risk = serializers.FloatField()
    annual_revenue = serializers.FloatField()
    lines = LineSerializer(many=True)
    incidents = IncidentPointsSerializer(many=True, help_text="what departments answer for, by incident")
    parts = PartSerializer(many=True, help_text="× annual_revenue it is money")


class WithoutSerializer(serializers.Serializer[Any]):
    """The incidents that are thought away."""

    without = serializers.ListField(child=serializers.UUIDField(), max_length=10_000)


class WhatIfSerializer(serializers.Serializer[Any]):
    """The risk as it is and as the model would see it without them: model-based, not proven causal, not additive."""

    before = serializers.FloatField()
    after = serializers.FloatField()
    money_kept = serializers.FloatField()


class SinceSerializer(serializers.Serializer[Any]):
    """Between which moments a movement is asked for; without them, the last week."""

    since = serializers.DateTimeField(required=False, default=None, allow_null=True)
    until = serializers.DateTimeField(required=False, default=None, allow_null=True)


class MoveLineSerializer(serializers.Serializer[Any]):
    """Why the risk moved by so many points."""

    cause = serializers.ChoiceField(choices=[cause.value for cause in Cause])
    label = serializers.CharField()  # type: ignore[assignment]  # declared fields leave the class
    points = serializers.FloatField(help_text="0.03 is three points of risk; below zero where it fell")
    department = serializers.CharField(allow_blank=True, help_text="slug of the department whose incidents they are")
    reason = serializers.CharField(allow_blank=True, help_text="why nobody answers for these points, if nobody does")
    incidents = serializers.DictField(child=serializers.FloatField(), help_text="points by incident")


class MovementSerializer(serializers.Serializer[Any]):
    """The change between two kept scores; the lines sum to after − before."""

    since = serializers.DateTimeField(help_text="moment of the earlier score")
    until = serializers.DateTimeField(help_text="moment of the later score")
    before = serializers.FloatField()
    after = serializers.FloatField()
    lines = MoveLineSerializer(many=True)
