"""From containment to proven cure, as the API tells it and is told it."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from departments.actions.cure_steps import undo_of_problem
from departments.actions.outcome import MOST_AT_ONCE
from departments.actions.undo import undo_of
from departments.models import (
    ActionKind,
    CauseCode,
    Containment,
    CorrectiveAction,
    Cost,
    CostKind,
    CustomerStep,
    CustomerStepKind,
    Department,
    EffectivenessCheck,
    FrictionType,
    Incident,
    Person,
    Problem,
    RootCause,
)
from departments.models.cure import BEST_SCORE, MOST_WHYS
from retention.api.callers import caller
from retention.api.serializers.common import PersonName, public_id, slug
from retention.api.serializers.inputs import AnyById, BySlug, ManyById

LONGEST = 20_000
ACTION_STATES = [("planned", "Planned"), ("done", "Done")]
OF_SUBJECT = ["id", "incident", "problem", "person", "recorded_at"]


class OfSubjectSerializer(serializers.ModelSerializer[Any]):
    """What every row of a cure tells: of which incident or problem, by whom and when."""

    id = public_id()
    incident = public_id("incident.public_id", allow_null=True, default=None)
    problem = public_id("problem.public_id", allow_null=True, default=None)
    person = PersonName(read_only=True)


class ContainmentSerializer(OfSubjectSerializer):
    """What was done at once for the customer."""

    class Meta:
        model = Containment
        fields = [*OF_SUBJECT, "words", "done_at"]
        read_only_fields = fields


class RootCauseSerializer(OfSubjectSerializer):
    """Why it happened; of several, the last stands."""

    whys = serializers.ListField(child=serializers.CharField(), read_only=True)
    cause = serializers.CharField(source="cause.name", read_only=True, allow_null=True, default=None)

    class Meta:
        model = RootCause
        fields = [*OF_SUBJECT, "whys", "cause", "escape"]
        read_only_fields = fields


class EffectivenessCheckSerializer(serializers.ModelSerializer[EffectivenessCheck]):
    """Whether the rate per order fell, the figures that says it, and what a person decided."""

    id = public_id()
    action = public_id("action.public_id")
    decided_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = EffectivenessCheck
        fields = [
            *("id", "action", "opened_at", "done_at", "days", "incidents_before", "orders_before"),
            *("incidents_after", "orders_after", "ratio", "low", "high", "verdict"),
            *("decision", "decided_at", "decided_by", "words", "thanks"),
        ]
        read_only_fields = fields


class CorrectiveActionSerializer(OfSubjectSerializer):
    """What is changed so that it does not happen again, with the checks of its effect."""

    owner = PersonName(read_only=True)
    department = slug("department")
    friction_type = slug("friction_type")
    done_by = PersonName(read_only=True, allow_null=True)
    state = serializers.ChoiceField(choices=ACTION_STATES, read_only=True)
    checks = EffectivenessCheckSerializer(many=True, read_only=True)

    class Meta:
        model = CorrectiveAction
        fields = [
            *(*OF_SUBJECT, "words", "kind", "owner", "due_on", "department", "friction_type", "check_after_days"),
            *("state", "done_at", "done_by", "done_words", "reopened", "undone_at", "withdrawn_words", "checks"),
        ]
        read_only_fields = fields


class CostSerializer(OfSubjectSerializer):
    """What an incident cost directly."""

    class Meta:
        model = Cost
        fields = [*OF_SUBJECT, "kind", "amount", "hours", "hourly_rate", "words"]
        read_only_fields = fields


class CustomerStepSerializer(OfSubjectSerializer):
    """What passed with the customer."""

    class Meta:
        model = CustomerStep
        fields = [*OF_SUBJECT, "kind", "happened_at", "score", "words"]
        read_only_fields = fields


class CureSerializer(serializers.ModelSerializer[Incident]):
    """What was recorded of an incident's cure, without what was taken back."""

    id = public_id()
    problem = public_id("problem.public_id", allow_null=True, default=None)
    containments = ContainmentSerializer(many=True, read_only=True)
    root_causes = RootCauseSerializer(source="rootcauses", many=True, read_only=True)
    actions = CorrectiveActionSerializer(source="correctiveactions", many=True, read_only=True)
    costs = CostSerializer(many=True, read_only=True)
    customer_steps = CustomerStepSerializer(source="customersteps", many=True, read_only=True)

    class Meta:
        model = Incident
        fields = ["id", "problem", "containments", "root_causes", "actions", "costs", "customer_steps"]
        read_only_fields = fields


class CureDetail(CureSerializer):
    """A single cure; `undo` takes the caller's last step back for ten seconds."""

    undo = serializers.SerializerMethodField(help_text="null where there is nothing to take back")

    class Meta(CureSerializer.Meta):
        fields = [*CureSerializer.Meta.fields, "undo"]
        read_only_fields = fields

    def get_undo(self, incident: Incident) -> UUID | None:
        """Return by what the last step can be taken back."""
        return undo_of([incident], caller(self.context["request"]))


class ProblemRecordSerializer(serializers.ModelSerializer[Problem]):
    """A common cause of several incidents, held by one department."""

    id = public_id()
    department = slug("department")
    friction_type = slug("friction_type")
    opened_by = PersonName(read_only=True)
    closed_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = Problem
        fields = [
            *("id", "title", "description", "department", "friction_type", "opened_at", "opened_by"),
            *("closed_at", "closed_by", "closing_words", "version"),
        ]
        read_only_fields = fields


class ProblemDetail(ProblemRecordSerializer):
    """A problem with its cure, and the incidents that the caller may see; `undo` takes the last step back."""

    containments = ContainmentSerializer(many=True, read_only=True)
    root_causes = RootCauseSerializer(source="rootcauses", many=True, read_only=True)
    actions = CorrectiveActionSerializer(source="correctiveactions", many=True, read_only=True)
    incidents = serializers.SerializerMethodField(help_text="ids")
    undo = serializers.SerializerMethodField(help_text="null where there is nothing to take back")

    class Meta(ProblemRecordSerializer.Meta):
        fields = [
            *ProblemRecordSerializer.Meta.fields,
            *("containments", "root_causes", "actions", "incidents", "undo"),
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_incidents(self, problem: Problem) -> list[UUID]:
        """Return the ids of its incidents."""
        return [incident.public_id for incident in problem.incidents.all()]

    def get_undo(self, problem: Problem) -> UUID | None:
        """Return by what the last step can be taken back."""
        person = caller(self.context["request"])
        return undo_of_problem(problem, person) or undo_of(problem.incidents.all(), person)


def _words() -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST)


def _perhaps() -> serializers.CharField:
    return serializers.CharField(max_length=LONGEST, required=False, default="", allow_blank=True)


class ContainmentInput(serializers.Serializer[Any]):
    """What was done at once for the customer."""

    words = _words()
    done_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null for now")


class RootCauseInput(serializers.Serializer[Any]):
    """Up to five whys, each the answer to the one before."""

    whys = serializers.ListField(
        child=serializers.CharField(max_length=500), min_length=1, max_length=MOST_WHYS, allow_empty=False
    )
    cause = AnyById(CauseCode.objects.all(), required=False, allow_null=True, default=None)
    escape = _perhaps()


class ActionInput(serializers.Serializer[Any]):
    """What is changed, whose it is, by when."""

    words = _words()
    kind = serializers.ChoiceField(choices=ActionKind.choices, required=False, default=ActionKind.CORRECTIVE)
    owner = AnyById(Person.objects.all())
    due_on = serializers.DateField()
    check_after_days = serializers.IntegerField(
        min_value=7, max_value=730, required=False, allow_null=True, default=None, help_text="null for the type's"
    )


class ReplanInput(serializers.Serializer[Any]):
    """Another owner or another day, and why."""

    owner = AnyById(Person.objects.all())
    due_on = serializers.DateField()
    words = _words()


class ConclusionInput(serializers.Serializer[Any]):
    """What is concluded from a check, and who is thanked."""

    words = _words()
    thanks = _perhaps()


class ReopenInput(serializers.Serializer[Any]):
    """What is still missing, and by when."""

    words = _words()
    due_on = serializers.DateField()


class CostInput(serializers.Serializer[Any]):
    """What it cost directly: an amount, or hours."""

    kind = serializers.ChoiceField(choices=CostKind.choices)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, required=False, allow_null=True, default=None)
    hours = serializers.DecimalField(max_digits=6, decimal_places=2, required=False, allow_null=True, default=None)
    words = _perhaps()


class CustomerStepInput(serializers.Serializer[Any]):
    """What passed with the customer."""

    kind = serializers.ChoiceField(choices=CustomerStepKind.choices)
    happened_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="null for now")
    score = serializers.IntegerField(min_value=0, max_value=BEST_SCORE, required=False, allow_null=True, default=None)
    words = _perhaps()


class Reason(serializers.Serializer[Any]):
    """Why."""

    words = _words()


class ProblemInput(serializers.Serializer[Any]):
    """A common cause, who holds it, and the incidents that it brought about."""

    title = serializers.CharField(max_length=200)
    description = _perhaps()
    department = BySlug(Department.objects.filter(is_active=True))
    friction_type = BySlug(
        FrictionType.objects.all(), required=False, allow_null=True, default=None, help_text="null for the commonest"
    )
    incidents = ManyById(
        Incident.objects.select_related("department", "friction_type", "account"),
        allow_empty=False,
        max_length=MOST_AT_ONCE,
    )


class SeveralLinked(serializers.Serializer[Any]):
    """Incidents that belong to the problem."""

    incidents = ManyById(
        Incident.objects.select_related("department", "friction_type", "account"),
        allow_empty=False,
        max_length=MOST_AT_ONCE,
    )


STRIKEABLE = {"containment": Containment, "cause": RootCause, "cost": Cost, "customer_step": CustomerStep}
STRIKE_KINDS = [(kind, kind.replace("_", " ")) for kind in STRIKEABLE]


class StrikeInput(serializers.Serializer[Any]):
    """What is struck out, and what is wrong with it."""

    kind = serializers.ChoiceField(choices=STRIKE_KINDS)
    id = serializers.UUIDField()
    words = _words()
