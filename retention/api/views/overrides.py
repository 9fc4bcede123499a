"""Overrides: made by whoever looks after an account, above a value approved by somebody else."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from departments.models import Capability
from retention.api.callers import caller
from retention.api.filters import OverrideFilters
from retention.api.serializers.inputs import Nothing, Words
from retention.api.serializers.overrides import NewOverride, OverrideSerializer
from retention.api.views.common import Records
from retention.models import Override
from retention.overrides import actions


class OverrideViewSet(Records[Override]):
    """Risks as people judge them, for a while, beside the computed ones."""

    queryset = Override.objects.select_related("account", "made_by", "answered_by")
    serializer_class = OverrideSerializer
    filterset_class = OverrideFilters
    capabilities = {
        "create": Capability.OVERRIDE_RISK,
        "withdraw": Capability.OVERRIDE_RISK,
        "approve": Capability.APPROVE_OVERRIDES,
        "refuse": Capability.APPROVE_OVERRIDES,
    }

    @extend_schema(request=NewOverride, responses={201: OverrideSerializer})
    def create(self, request: Request) -> Response:
        """Override a risk; `approval` says whether it waits for a second person."""
        made = actions.override_risk(**self.read(NewOverride), acting_person=caller(request))
        return self.show_created(made.pk)

    @extend_schema(request=Words, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, public_id: UUID) -> Response:
        """Let it hold, as the second person."""
        return self._act(actions.approve_override, Words)

    @extend_schema(request=Words, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, public_id: UUID) -> Response:
        """Let it not hold, and say why."""
        return self._act(actions.refuse_override, Words)

    @extend_schema(request=None, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, public_id: UUID) -> Response:
        """Take it back before it expires."""
        return self._act(actions.withdraw_override, Nothing)

    def _act(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        override = self.get_object()
        act(override=override, acting_person=caller(self.request), **self.read(form))
        return self.show(override.pk)
