"""Scores and their ledger."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from retention.api.serializers.common import AccountName
from retention.models import Score
from retention.scoring.bands import Band, band_of


class ScoreSummary(serializers.ModelSerializer[Score]):
    """The risk of leaving within the horizon, 0 to 1: an index until `is_probability` says that it was backtested."""

    band = serializers.SerializerMethodField()
    is_probability = serializers.BooleanField(source="model.is_backtested", read_only=True)
    model = serializers.IntegerField(source="model.number", read_only=True, help_text="number of the model's version")
    horizon_days = serializers.IntegerField(source="model.horizon_days", read_only=True)
    revenue_at_risk = serializers.FloatField(read_only=True, help_text="risk × annual revenue")

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
            "risk_week_ago",
            "is_frozen",
            "model",
            "as_of",
            "scored_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=[band.value for band in Band]))
    def get_band(self, score: Score) -> str:
        """Return the word for the risk."""
        return band_of(score.risk).value


class ScoreSerializer(ScoreSummary):
    """A score with its account and its main parts."""

    account = AccountName(read_only=True)

    class Meta(ScoreSummary.Meta):
        fields = ["account", *ScoreSummary.Meta.fields, "baseline", "friction_points", "not_attributed"]
        read_only_fields = fields
