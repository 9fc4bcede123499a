"""Signals: read by those who keep an account's books, sent by the departments' own systems."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Signal
from departments.models import Capability
from retention.api.bulk import answer, items_of
from retention.api.callers import caller
from retention.api.filters import SignalFilters
from retention.api.intake import take_signals
from retention.api.serializers.accounts import SignalSerializer
from retention.api.serializers.bulk import ResultsSerializer, SignalItem, Signals
from retention.api.views.common import Records


class SignalViewSet(Records[Signal]):
    """Operational facts. Systems send them with the token of an integration.

    A signal is known by `source` and `external_id`: sent again it changes nothing, sent differently it is replaced.
    """

    queryset = Signal.objects.select_related("account", "order")
    serializer_class = SignalSerializer
    filterset_class = SignalFilters
    capabilities = {"create": Capability.SEND_FACTS, "bulk": Capability.SEND_FACTS}
    integrations_may = ("list", "retrieve", "create", "bulk")

    @extend_schema(request=SignalItem, responses={200: SignalSerializer, 201: SignalSerializer})
    def create(self, request: Request) -> Response:
        """Send one signal: 201 where it is new, 200 where it is known."""
        [row] = take_signals([request.data], caller(request))
        if row.problems:
            raise ValidationError({problem["field"]: problem["reason"] for problem in row.problems})
        code = status.HTTP_201_CREATED if row.result == "created" else status.HTTP_200_OK
        return Response(self.get_serializer(self.get_queryset().get(public_id=str(row.public_id))).data, status=code)

    @extend_schema(request=Signals, responses=ResultsSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Send up to 5,000 signals; each is taken or refused by itself."""
        return Response(answer(take_signals(items_of(request.data), caller(request))))
