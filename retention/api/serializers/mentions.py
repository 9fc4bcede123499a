"""Being addressed in notes, as the API tells it."""

from rest_framework import serializers

from departments.models import Mention
from retention.api.serializers.common import PersonName, public_id


class MentionSerializer(serializers.ModelSerializer[Mention]):
    """A note that addresses the caller."""

    id = public_id()
    incident = public_id("note.incident.public_id")
    by = PersonName(source="note.person", read_only=True)
    written_at = serializers.DateTimeField(source="note.written_at", read_only=True)
    text = serializers.CharField(source="note.text", read_only=True)

    class Meta:
        model = Mention
        fields = ["id", "incident", "by", "written_at", "text", "seen_at"]
        read_only_fields = fields
