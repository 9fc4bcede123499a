"""Being addressed in notes."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from departments.actions.mentions import see_mentions
from departments.actions.undoable import of_mention
from departments.models import Mention
from retention.api.callers import caller
from retention.api.serializers.mentions import MentionSerializer
from retention.api.views.common import UNDO, Records


class MentionViewSet(Records[Mention]):
    """Notes that address the caller, on incidents that they may see."""

    queryset = Mention.objects.select_related("note__incident", "note__person")
    serializer_class = MentionSerializer

    @extend_schema(parameters=[UNDO], request=None, responses=MentionSerializer)
    @action(detail=True, methods=["post"])
    def seen(self, request: Request, public_id: UUID) -> Response:
        """Say that one has seen it."""
        mention, person = self.get_object(), caller(request)
        seen = Mention.objects.filter(pk=mention.pk)
        self.take(of_mention(mention, person), lambda: see_mentions(mentions=seen, acting_person=person))
        return self.show(mention.pk)
