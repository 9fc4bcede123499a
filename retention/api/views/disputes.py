"""Disputes between departments: listed, answered by the other side, withdrawn."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from departments.actions.dispute_answers import answer_dispute
from departments.actions.disputing import withdraw_dispute
from departments.models import Capability, Dispute
from retention.api.callers import caller
from retention.api.filters import Filters
from retention.api.serializers.disputes import DisputeSerializer
from retention.api.serializers.inputs import DisputeAnswer, Words
from retention.api.views.common import UNDO, Records

DISPUTES = Dispute.objects.select_related(
    "incident__reporter", "department", "against", "raised_by", "upheld_by", "ended_by"
)


class DisputeFilters(Filters):
    """Filters of disputes."""

    incident = filters.UUIDFilter("incident__public_id")
    department = filters.CharFilter("department__slug", help_text="slug of the department that disputes")
    against = filters.CharFilter("against__slug", help_text="slug of the other side")
    is_open = filters.BooleanFilter("ended_at", "isnull", help_text="whether nothing has ended it")

    class Meta(Filters.Meta):
        model = Dispute
        fields: tuple[str, ...] = ()


class DisputeViewSet(Records[Dispute]):
    """What departments say is not theirs, without naming whose it is."""

    queryset = DISPUTES
    serializer_class = DisputeSerializer
    filterset_class = DisputeFilters
    capabilities = {"answer": Capability.REPORT_FRICTION, "withdraw": Capability.ANSWER_INCIDENTS}

    @extend_schema(parameters=[UNDO], request=DisputeAnswer, responses=DisputeSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, public_id: UUID) -> Response:
        """Answer as the other side: take all of it, offer to take a share, or say that it stays."""
        return self._do(answer_dispute, DisputeAnswer)

    @extend_schema(parameters=[UNDO], request=Words, responses=DisputeSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, public_id: UUID) -> Response:
        """Dispute it no longer; the deadlines have run on."""
        return self._do(withdraw_dispute, Words)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        dispute = self.get_object()
        act(dispute=dispute, acting_person=caller(self.request), **self.read(form))
        self.can_undo(dispute.incident)
        return self.show(dispute.pk)
