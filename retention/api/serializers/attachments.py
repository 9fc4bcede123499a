"""Files of incidents: what is shown and what is sent."""

from typing import Any

from rest_framework import serializers

from departments.models import Attachment
from retention.api.serializers.common import PersonName, public_id, slug


class AttachmentSerializer(serializers.ModelSerializer[Attachment]):
    """A file of an incident; what it holds is at `content`, as long as nobody removed it."""

    id = public_id()
    incident = public_id("incident.public_id")
    note = public_id("note.public_id", allow_null=True, default=None)
    person = PersonName(read_only=True)
    department = slug("department", allow_null=True, default=None)
    removed_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Attachment
        fields = [
            "id",
            "incident",
            "note",
            "person",
            "department",
            "is_internal",
            "name",
            "kind",
            "size",
            "digest",
            "attached_at",
            "removed_at",
            "removed_by",
            "removal_words",
            "emptied_at",
        ]
        read_only_fields = fields


class NewAttachment(serializers.Serializer[Any]):
    """A file, perhaps with a note."""

    file = serializers.FileField(max_length=1_000)
    words = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=20_000, help_text="a note with it"
    )
    is_internal = serializers.BooleanField(required=False, default=False)


class Removal(serializers.Serializer[Any]):
    """Why it is removed."""

    words = serializers.CharField(max_length=500)
