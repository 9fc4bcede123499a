"""What everybody may know: departments, friction types, kinds of signal."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts.signals import KINDS
from departments.models import Department, FrictionType
from retention.api.serializers.catalogue import KindSerializer
from retention.api.serializers.incidents import DepartmentSerializer, FrictionTypeSerializer


class DepartmentViewSet(mixins.ListModelMixin, GenericViewSet[Department]):
    """The departments of the company."""

    integrations_may = ("list",)
    queryset = Department.objects.all()
    serializer_class = DepartmentSerializer
    filter_backends: list[Any] = []


class FrictionTypeViewSet(mixins.ListModelMixin, GenericViewSet[FrictionType]):
    """The kinds of trouble, and who answers for each by default."""

    integrations_may = ("list",)
    queryset = FrictionType.objects.select_related("department")
    serializer_class = FrictionTypeSerializer
    filter_backends: list[Any] = []


class SignalKindsView(APIView):
    """The kinds of signal and the fields of each."""

    # A plain view, whose deeds have no name.
    integrations_may = ("",)

    @extend_schema(responses=KindSerializer(many=True), operation_id="signal_kinds_list")
    def get(self, request: Request) -> Response:
        """Return the registry that validation, imports and detection read too."""
        return Response(KindSerializer(list(KINDS.values()), many=True).data)
