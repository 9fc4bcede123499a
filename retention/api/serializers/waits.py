"""Waiting without handing on: what is shown and what is sent."""

from typing import Any

from rest_framework import serializers

from departments.actions.past_waits import LONGEST_NAME
from departments.actions.waits import SAYABLE_ENDS
from departments.models import Department, Wait, WaitedFor, WaitReason
from retention.api.serializers.common import PersonName, public_id, slug
from retention.api.serializers.inputs import BySlug

WAITED_FOR = WaitedFor.choices
SAYABLE = [(end.value, end.label) for end in SAYABLE_ENDS]


class WaitSerializer(serializers.ModelSerializer[Wait]):
    """A department that holds an incident waits for somebody; the time is charged to them."""

    id = public_id()
    incident = public_id("incident.public_id")
    waiting_department = slug("waiting_department")
    department = slug("department", allow_null=True, default=None)
    started_by = PersonName(read_only=True, allow_null=True)
    ended_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Wait
        fields = [
            "id",
            "incident",
            "waiting_department",
            "waited_for",
            "department",
            "name",
            "reason",
            "words",
            "expected_on",
            "started_at",
            "started_by",
            "due_at_then",
            "hours_left",
            "ended_at",
            "ended_by",
            "end",
            "end_words",
        ]
        read_only_fields = fields


class NewWait(serializers.Serializer[Any]):
    """For whom the work waits, why, and until which day at the latest."""

    waited_for = serializers.ChoiceField(choices=WAITED_FOR)
    department = BySlug(Department.objects.all(), required=False, allow_null=True, default=None)
    name = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_NAME,
        help_text="of the supplier or somebody else",
    )
    reason = serializers.ChoiceField(choices=WaitReason.choices)
    words = serializers.CharField(max_length=20_000)
    expected_on = serializers.DateField()


class EndOfWait(serializers.Serializer[Any]):
    """How it ended."""

    end = serializers.ChoiceField(choices=SAYABLE)
    words = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)
