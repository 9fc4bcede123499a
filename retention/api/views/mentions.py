"""Being addressed in notes."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from departments.actions.mentions import see_mentions
from departments.models import Mention
from retention.api.callers import caller
from retention.api.serializers.mentions import MentionSerializer
from retention.api.views.common import Records


class MentionViewSet(Records[Mention]):
    """Notes that address the caller, on incidents that they may see."""

    queryset = Mention.objects.select_related("note__incident", "note__person")
    serializer_class = MentionSerializer

    @extend_schema(request=None, responses=MentionSerializer)
    @action(detail=True, methods=["post"])
    def seen(self, request: Request, public_id: UUID) -> Response:
        """Say that one has seen it."""
        mention = self.get_object()
        see_mentions(mentions=Mention.objects.filter(pk=mention.pk), acting_person=caller(request))
        return self.show(mention.pk)
