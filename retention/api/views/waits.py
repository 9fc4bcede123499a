"""Waits: who is waited for, and how it ended."""

from uuid import UUID

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from departments.actions.waits import end_wait
from departments.models import Capability, Wait, WaitedFor
from retention.api.callers import caller
from retention.api.filters import Filters
from retention.api.serializers.waits import EndOfWait, WaitSerializer
from retention.api.views.common import UNDO, Records

WAITS = Wait.objects.select_related("incident", "waiting_department", "department", "started_by", "ended_by")


class WaitFilters(Filters):
    """Filters of waits."""

    incident = filters.UUIDFilter("incident__public_id")
    department = filters.CharFilter("department__slug", help_text="slug of the department that is waited for")
    waited_for = filters.ChoiceFilter(choices=WaitedFor.choices)
    is_open = filters.BooleanFilter("ended_at", "isnull", help_text="whether it lasts")

    class Meta(Filters.Meta):
        model = Wait
        fields: tuple[str, ...] = ()


class WaitViewSet(Records[Wait]):
    """Work that waits for somebody without being handed on."""

    queryset = WAITS
    serializer_class = WaitSerializer
    filterset_class = WaitFilters
    capabilities = {"end": Capability.WORK_ON_INCIDENTS}

    @extend_schema(parameters=[UNDO], request=EndOfWait, responses=WaitSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, public_id: UUID) -> Response:
        """Say that what was waited for is there, or is needed no longer."""
        wait = self.get_object()
        end_wait(wait=wait, acting_person=caller(request), **self.read(EndOfWait))
        self.can_undo(wait.incident)
        return self.show(wait.pk)
