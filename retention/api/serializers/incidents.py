"""Incidents, who answers for them, and their way."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from departments.actions.outcome import Outcome
from departments.actions.undo import Undone, undo_of
from departments.models import (
    Department,
    FrictionType,
    HandOff,
    Incident,
    IncidentEvent,
    Note,
    Regrading,
    Responsibility,
    Ruling,
    Statement,
)
from retention.api.callers import caller
from retention.api.serializers.attachments import AttachmentSerializer
from retention.api.serializers.common import AccountName, PersonName, public_id, slug
from retention.api.serializers.disputes import DisputeSerializer
from retention.api.serializers.waits import WaitSerializer


class DepartmentSerializer(serializers.ModelSerializer[Department]):
    """A department; other records name it by its slug."""

    id = public_id()

    class Meta:
        model = Department
        fields = ["id", "slug", "name", "position", "colour", "exposure", "is_active"]
        read_only_fields = fields


class FrictionTypeSerializer(serializers.ModelSerializer[FrictionType]):
    """A kind of trouble; other records name it by its slug."""

    id = public_id()
    department = slug("department")

    class Meta:
        model = FrictionType
        fields = [
            "id",
            "slug",
            "name",
            "definition",
            "department",
            "weight",
            "half_life_days",
            "answer_hours",
            "resolve_hours",
            "severe_from",
            "severe_answer_hours",
            "severe_resolve_hours",
            "is_active",
        ]
        read_only_fields = fields


class ResponsibilitySerializer(serializers.ModelSerializer[Responsibility]):
    """One department's share; the shares of an incident sum to 1."""

    department = slug("department")

    class Meta:
        model = Responsibility
        fields = ["department", "share", "is_provisional", "since"]
        read_only_fields = fields


class HandOffSerializer(serializers.ModelSerializer[HandOff]):
    """A department asks another to answer for an incident, wholly or for a share."""

    id = public_id()
    incident = public_id("incident.public_id")
    from_department = slug("from_department")
    to_department = slug("to_department")
    proposed_by = PersonName(read_only=True, allow_null=True)
    answered_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = HandOff
        fields = [
            "id",
            "incident",
            "from_department",
            "to_department",
            "direction",
            "share",
            "is_of_part",
            "reason",
            "words",
            "expected",
            "answer",
            "answer_words",
            "proposed_at",
            "proposed_by",
            "answer_due_at",
            "answered_at",
            "answered_by",
        ]
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[IncidentEvent]):
    """One step in the record of an incident."""

    person = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = IncidentEvent
        fields = ["at", "person", "verb", "words"]
        read_only_fields = fields


class RegradingSerializer(serializers.ModelSerializer[Regrading]):
    """A change of severity or type by the department that answers, and whether it is contested."""

    id = public_id()
    person = PersonName(read_only=True)
    department = slug("department")
    type_before = slug("type_before")
    type_after = slug("type_after")
    contested_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Regrading
        fields = [
            "id",
            "at",
            "person",
            "department",
            "severity_before",
            "severity_after",
            "type_before",
            "type_after",
            "words",
            "contested_at",
            "contested_by",
            "contest_words",
            "stands",
            "undone_at",
        ]
        read_only_fields = fields


class StatementSerializer(serializers.ModelSerializer[Statement]):
    """What one side says before a ruling."""

    department = slug("department", allow_null=True, default=None)
    person = PersonName(read_only=True)

    class Meta:
        model = Statement
        fields = ["department", "person", "written_at", "words", "taken_back_at"]
        read_only_fields = fields


class RulingSerializer(serializers.ModelSerializer[Ruling]):
    """A dispute before an executive, and what was ruled."""

    id = public_id()
    incident = public_id("incident.public_id")
    asked_by = PersonName(read_only=True, allow_null=True)
    decided_by = PersonName(read_only=True, allow_null=True)
    regrading = RegradingSerializer(read_only=True, allow_null=True)
    statements = StatementSerializer(many=True, read_only=True)

    class Meta:
        model = Ruling
        fields = [
            "id",
            "incident",
            "asked_at",
            "asked_by",
            "words",
            "regrading",
            "statements",
            "state",
            "decided_at",
            "decided_by",
            "decision",
            "shares",
        ]
        read_only_fields = fields


class NoteSerializer(serializers.ModelSerializer[Note]):
    """A remark; an internal one is shown in its own department alone."""

    id = public_id()
    person = PersonName(read_only=True)
    department = slug("department", allow_null=True, default=None)

    class Meta:
        model = Note
        fields = ["id", "person", "department", "is_internal", "written_at", "text", "taken_back_at"]
        read_only_fields = fields


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """One friction event at one account; `department` holds it now, `responsibilities` says who answers for it."""

    id = public_id()
    account = AccountName(read_only=True)
    friction_type = slug("friction_type")
    department = slug("department")
    responsibilities = ResponsibilitySerializer(many=True, read_only=True)
    order = public_id("order.public_id", allow_null=True, default=None)
    signal = public_id("signal.public_id", allow_null=True, default=None)
    rule = slug("rule", allow_null=True, default=None)
    reporter = PersonName(read_only=True, allow_null=True)
    reporting_department = slug("reporting_department", allow_null=True, default=None)
    assignee = PersonName(read_only=True, allow_null=True)
    cause = serializers.CharField(source="cause.name", read_only=True, allow_null=True, default=None)
    merged_into = public_id("merged_into.public_id", allow_null=True, default=None)
    points = serializers.FloatField(
        source="current_points",
        read_only=True,
        allow_null=True,
        help_text="share of the account's risk, 0 to 1; once resolved, what it was then; null 90 days later",
    )
    money_at_risk = serializers.FloatField(
        source="current_money",
        read_only=True,
        allow_null=True,
        help_text="points × the account's annual revenue; once resolved, what it was then; null 90 days later",
    )

    class Meta:
        model = Incident
        fields = [
            "id",
            "account",
            "friction_type",
            "department",
            "responsibilities",
            "severity",
            "title",
            "description",
            "happened_at",
            "state",
            "due_at",
            "answer_due_at",
            "resolve_due_at",
            "answered_at",
            "resolved_at",
            "resolution",
            "cause",
            "order",
            "signal",
            "rule",
            "reporter",
            "reporting_department",
            "assignee",
            "reopened",
            "merged_into",
            "points",
            "money_at_risk",
            "version",
            "source",
            "external_id",
            "recorded_at",
        ]
        read_only_fields = fields


class IncidentDetail(IncidentSerializer):
    """An incident with its way: hand-offs, what was done, and the notes that the caller may read."""

    hand_offs = HandOffSerializer(many=True, read_only=True)
    events = EventSerializer(many=True, read_only=True)
    notes = NoteSerializer(many=True, read_only=True)
    regradings = RegradingSerializer(many=True, read_only=True)
    disputes = DisputeSerializer(many=True, read_only=True)
    waits = WaitSerializer(many=True, read_only=True)
    attachments = AttachmentSerializer(many=True, read_only=True)

    class Meta(IncidentSerializer.Meta):
        fields = [
            *IncidentSerializer.Meta.fields,
            "hand_offs",
            "events",
            "notes",
            "regradings",
            "disputes",
            "waits",
            "attachments",
        ]
        read_only_fields = fields


class DoneIncident(IncidentDetail):
    """An incident after a deed, which the caller can take back by `undo` for ten seconds."""

    undo = serializers.SerializerMethodField(help_text="null where there is nothing to take back")

    class Meta(IncidentDetail.Meta):
        fields = [*IncidentDetail.Meta.fields, "undo"]
        read_only_fields = fields

    def get_undo(self, incident: Incident) -> UUID | None:
        """Return by what the deed can be taken back: what was put beside the incident by a key of its own."""
        beside: UUID | None = self.context.get("undo_key")
        return beside or undo_of([incident], caller(self.context["request"]))


class RefusalSerializer(serializers.Serializer[Any]):
    """One incident that was left as it is, and why."""

    id = public_id("incident.public_id")
    reason = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of several incidents; the whole deed can be taken back by `undo` for ten seconds."""

    done = serializers.SerializerMethodField(help_text="ids of those that were done")
    refused = RefusalSerializer(many=True, read_only=True)
    undo = serializers.UUIDField(allow_null=True, read_only=True)

    def get_done(self, outcome: Outcome) -> list[UUID]:
        """Return the ids of those that were done."""
        return [incident.public_id for incident in outcome.done]


class UndoneSerializer(serializers.Serializer[Any]):
    """What was taken back, and what was not."""

    undone = serializers.SerializerMethodField(help_text="ids of those that are as they were before")
    refused = RefusalSerializer(many=True, read_only=True)

    def get_undone(self, undone: Undone) -> list[UUID]:
        """Return the ids of those that are as they were before."""
        return [incident.public_id for incident in undone.incidents]
