"""“This is not ours”: what is shown of it."""

from rest_framework import serializers

from departments.models import Dispute
from retention.api.serializers.common import PersonName, public_id, slug


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """A department disputes what it answers for; until that is settled, the attribution stands."""

    id = public_id()
    incident = public_id("incident.public_id")
    department = slug("department")
    against = slug("against", allow_null=True, default=None, help_text="null where no department is the other side")
    raised_by = PersonName(read_only=True)
    upheld_by = PersonName(read_only=True, allow_null=True)
    ended_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Dispute
        fields = [
            "id",
            "incident",
            "department",
            "against",
            "is_of_part",
            "reason",
            "words",
            "raised_at",
            "raised_by",
            "answer_due_at",
            "upheld_at",
            "upheld_by",
            "upheld_words",
            "ended_at",
            "ended_by",
            "end",
        ]
        read_only_fields = fields
