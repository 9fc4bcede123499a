"""What is done to keep customers: recoveries, calls asked of the desk, snoozes. Shown, and given to the actions."""

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from departments.models import CallRequest, Incident, Person
from retention.api.serializers.common import AccountName, PersonName, public_id
from retention.api.serializers.inputs import AnyById, ById, ManyById
from retention.care.recoveries import NewStep
from retention.care.snoozes import LEAST_RISE, MOST_RISE
from retention.models import NOTICEABLE, OUTCOMES, Recovery, RecoveryStep, Snooze

PEOPLE = Person.objects.filter(is_active=True)


class StepSerializer(serializers.ModelSerializer[RecoveryStep]):
    """One thing to do in a recovery."""

    id = public_id()
    owner = PersonName(read_only=True)
    done_by = PersonName(read_only=True, allow_null=True)

    class Meta:
        model = RecoveryStep
        fields = ["id", "words", "owner", "due_on", "done_at", "done_by"]
        read_only_fields = fields


class RecoverySerializer(serializers.ModelSerializer[Recovery]):
    """A recovery with its steps. The risks are those of its start and end; their difference proves nothing."""

    id = public_id()
    account = AccountName(read_only=True)
    owner = PersonName(read_only=True)
    started_by = PersonName(read_only=True)
    closed_by = PersonName(read_only=True, allow_null=True)
    model_at_start = serializers.IntegerField(source="model_at_start.number", read_only=True, default=None)
    model_at_close = serializers.IntegerField(source="model_at_close.number", read_only=True, default=None)
    steps = StepSerializer(many=True, read_only=True)
    incidents = serializers.SerializerMethodField()

    class Meta:
        model = Recovery
        fields = [
            "id",
            "account",
            "goal",
            "owner",
            "due_on",
            "state",
            "started_at",
            "started_by",
            "risk_at_start",
            "model_at_start",
            "closed_at",
            "closed_by",
            "risk_at_close",
            "model_at_close",
            "outcome_words",
            "steps",
            "incidents",
        ]
        read_only_fields = fields

    def get_incidents(self, recovery: Recovery) -> list[str]:
        """Return the public ids of the incidents that it is about, as far as the caller sees them."""
        return [str(incident.public_id) for incident in recovery.incidents.all()]


class CallRequestSerializer(serializers.ModelSerializer[CallRequest]):
    """A call that the service desk was asked to make, and what came of it."""

    id = public_id()
    account = AccountName(read_only=True)
    asked_by = PersonName(read_only=True)
    answered_by = PersonName(read_only=True, allow_null=True)
    touchpoint = public_id("touchpoint.public_id", allow_null=True, default=None)

    class Meta:
        model = CallRequest
        fields = [
            "id",
            "account",
            "words",
            "due_on",
            "asked_by",
            "asked_at",
            "state",
            "answered_by",
            "answered_at",
            "answer_words",
            "touchpoint",
        ]
        read_only_fields = fields


class SnoozeSerializer(serializers.ModelSerializer[Snooze]):
    """An account that somebody has set aside: until when, or until which rise of its risk, and why."""

    id = public_id()
    account = AccountName(read_only=True)
    person = PersonName(read_only=True)

    class Meta:
        model = Snooze
        fields = [
            "id",
            "account",
            "person",
            "reason",
            "until",
            "wakes_at_rise",
            "risk_then",
            "snoozed_at",
            "woken_at",
            "woken_by",
        ]
        read_only_fields = fields


class StepInput(serializers.Serializer[Any]):
    """Something to do: what, by whom, until when."""

    words = serializers.CharField(max_length=300)
    owner = AnyById(PEOPLE)
    due_on = serializers.DateField()


class RecoveryPlanInput(serializers.Serializer[Any]):
    """What is to be reached, by whom, until when, and about which incidents."""

    goal = serializers.CharField(max_length=300)
    owner = AnyById(PEOPLE)
    due_on = serializers.DateField()
    incidents = ManyById(Incident.objects.all(), required=False, default=list, max_length=200)


class RecoveryStart(RecoveryPlanInput):
    """A recovery of an account, with its first steps."""

    account = ById(Account.objects.all())
    steps = StepInput(many=True, required=False, default=list)

    def validate_steps(self, steps: list[dict[str, Any]]) -> list[NewStep]:
        """Return the steps as the action takes them."""
        return [NewStep(**step) for step in steps]


class Outcome(serializers.Serializer[Any]):
    """How it ended, in words."""

    outcome = serializers.ChoiceField(choices=[(state.value, state.label) for state in OUTCOMES])
    words = serializers.CharField(max_length=5_000)


class CallAsked(serializers.Serializer[Any]):
    """What to say at an account, and until when."""

    account = ById(Account.objects.all())
    words = serializers.CharField(max_length=2_000)
    due_on = serializers.DateField()


class Return(serializers.Serializer[Any]):
    """Why the call is not made."""

    words = serializers.CharField(max_length=2_000)


class SnoozeInput(serializers.Serializer[Any]):
    """Which accounts to set aside, until when or until which rise of their risk, and why."""

    accounts = ManyById(Account.objects.all(), min_length=1, max_length=1_000)
    until = serializers.DateField(required=False, allow_null=True, default=None)
    wakes_at_rise = serializers.FloatField(
        required=False, default=NOTICEABLE, min_value=LEAST_RISE, max_value=MOST_RISE, help_text="a share of 1"
    )
    reason = serializers.CharField(max_length=300)


class Accounts(serializers.Serializer[Any]):
    """Which accounts."""

    accounts = ManyById(Account.objects.all(), min_length=1, max_length=1_000)


class WokenSerializer(serializers.Serializer[Any]):
    """How many came back."""

    woken = serializers.IntegerField()
