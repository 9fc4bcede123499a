"""Scores: the number, and the ledger that it is made of."""

import datetime
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.models import Account
from retention.api.callers import caller
from retention.api.filters import ScoreFilters
from retention.api.serializers.scores import (
    LedgerSerializer,
    MovementSerializer,
    ScoreSerializer,
    SinceSerializer,
    WhatIfSerializer,
    WithoutSerializer,
    standing_overrides_for,
)
from retention.api.views.common import InUtc
from retention.models import Score
from retention.scoring.explaining import Explanation, explain
from retention.scoring.moves import explain_movement, score_by

WEEK = datetime.timedelta(days=7)


class ScoreViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, InUtc, GenericViewSet[Score]):
    """The current score of each account, named by the account's id."""

    queryset: QuerySet[Score] = Score.objects.select_related("account", "model")
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilters
    lookup_field = "account__public_id"
    lookup_url_kwarg = "account"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Score]:
        """Return scores that know what overrides them."""
        return (
            super().get_queryset().prefetch_related(standing_overrides_for(caller(self.request), "account__overrides"))
        )

    @extend_schema(responses=LedgerSerializer)
    @action(detail=True)
    def ledger(self, request: Request, account: UUID) -> Response:
        """Take the score apart: who adds how much, down to the incident. For those who keep the account's book."""
        explanation = self._explanation()
        points = explanation.points_of_incidents()
        ledger = {
            "risk": explanation.risk,
            "annual_revenue": explanation.annual_revenue,
            "lines": explanation.lines,
            "incidents": [{"id": incident, "points": added} for incident, added in points.items()],
            "parts": explanation.parts,
        }
        return Response(LedgerSerializer(ledger).data)

    @extend_schema(parameters=[SinceSerializer], responses=MovementSerializer)
    @action(detail=True)
    def movement(self, request: Request, account: UUID) -> Response:
        """Say why the risk moved between two kept scores; each moment stands for the last score kept by then."""
        score = self._open_score()
        given = SinceSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        until, since = given.validated_data["until"], given.validated_data["since"]
        after = score_by(score.account, until) if until and until < score.as_of else score
        before = score_by(score.account, since or after.as_of - WEEK) if after else None
        if after is None or before is None or before.as_of >= after.as_of:
            raise NotFound("No two scores were kept that these moments stand for.")
        return Response(MovementSerializer(explain_movement(before, after)).data)

    @extend_schema(request=WithoutSerializer, responses=WhatIfSerializer)
    @action(detail=True, methods=["post"], url_path="what-if")
    def what_if(self, request: Request, account: UUID) -> Response:
        """Rescore the account as if some incidents had not been; nothing is changed."""
        explanation = self._explanation()
        given = WithoutSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        outcome = explanation.without(frozenset(given.validated_data["without"]))
        before, after = float(outcome.before[0]), float(outcome.after[0])
        money_kept = (before - after) * explanation.annual_revenue
        return Response(WhatIfSerializer({"before": before, "after": after, "money_kept": money_kept}).data)

    def _open_score(self) -> Score:
        score = self.get_object()
        if not Account.objects.open_book_to(caller(self.request)).filter(pk=score.account_id).exists():
            raise PermissionDenied("The ledger is for those who look after the account.")
        return score

    def _explanation(self) -> Explanation:
        explanation = explain(self._open_score().account)
        if explanation is None:
            raise NotFound
        return explanation
