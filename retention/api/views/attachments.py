"""Files of incidents."""

from uuid import UUID

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from departments.actions.attaching import remove_attachment
from departments.actions.undoable import of_removing_a_file
from departments.attachments.handing_out import handed_out
from departments.models import Attachment, Capability
from retention.api.callers import caller
from retention.api.filters import Filters
from retention.api.serializers.attachments import AttachmentSerializer, Removal
from retention.api.views.common import UNDO, Records

ATTACHMENTS = Attachment.objects.select_related("incident", "note", "person", "department", "removed_by")


class AttachmentFilters(Filters):
    """Filters of attachments."""

    incident = filters.UUIDFilter("incident__public_id")
    is_removed = filters.BooleanFilter("removed_at", "isnull", exclude=True)

    class Meta(Filters.Meta):
        model = Attachment
        fields: tuple[str, ...] = ()


class AttachmentViewSet(Records[Attachment]):
    """Files that people put to incidents."""

    queryset = ATTACHMENTS
    serializer_class = AttachmentSerializer
    filterset_class = AttachmentFilters
    capabilities = {"remove": Capability.REPORT_FRICTION}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, public_id: UUID) -> HttpResponse:
        """Save what the file holds."""
        return handed_out(caller(request), self.get_object().public_id)

    @extend_schema(parameters=[UNDO], request=Removal, responses=AttachmentSerializer)
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, public_id: UUID) -> Response:
        """Take it away; that it was there, and who removed it, stays."""
        attachment, person, given = self.get_object(), caller(request), self.read(Removal)
        undoing = of_removing_a_file(attachment, person)
        self.take(undoing, lambda: remove_attachment(attachment=attachment, acting_person=person, **given))
        return self.show(attachment.pk)
