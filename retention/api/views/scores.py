"""Scores: the number, and the ledger that it is made of."""

from django.db.models import QuerySet
from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from retention.api.filters import ScoreFilters
from retention.api.serializers.scores import ScoreSerializer
from retention.models import Score


class ScoreViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Score]):
    """The current score of each account, named by the account's id."""

    queryset: QuerySet[Score] = Score.objects.select_related("account", "model")
    serializer_class = ScoreSerializer
    filterset_class = ScoreFilters
    lookup_field = "account__public_id"
    lookup_url_kwarg = "account"
    lookup_value_converter = "uuid"
