"""What actions are given: each field carries the name of the action's own argument."""

from typing import Any
from uuid import UUID

from django.db import models
from rest_framework import serializers

from accounts.models import Account, Channel, Contact, Order, Purpose
from departments.actions.outcome import MOST_AT_ONCE
from departments.models import CauseCode, Department, DisputeReason, FrictionType, Incident, Person, Reason
from retention.api.callers import caller

NOT_FOUND = "There is no such {what}, or you may not see it."


class ById(serializers.UUIDField):
    """A record named by its public id, among those that the caller may see."""

    def __init__(self, queryset: models.QuerySet[Any], **options: Any) -> None:
        super().__init__(**options)
        self.records = queryset

    def to_internal_value(self, data: Any) -> Any:
        """Return the record."""
        record = self.seen().filter(public_id=super().to_internal_value(data)).first()
        if record is None:
            raise serializers.ValidationError(NOT_FOUND.format(what=self.records.model._meta.verbose_name))
        return record

    def seen(self) -> models.QuerySet[Any]:
        """Return what the caller may name."""
        return self.records.visible_to(caller(self.context["request"]))  # type: ignore[attr-defined, no-any-return]  # each model's own

    def to_representation(self, value: Any) -> str:
        """Return the public id."""
        return str(value if isinstance(value, UUID) else value.public_id)


class ManyById(serializers.ListField):
    """Records named by their public ids, among those that the caller may see: found in one query."""

    child = serializers.UUIDField()

    def __init__(self, queryset: models.QuerySet[Any], **options: Any) -> None:
        super().__init__(**options)
        self.records = queryset

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the records, each once."""
        wanted = set(super().to_internal_value(data))
        seen = self.records.visible_to(caller(self.context["request"]))  # type: ignore[attr-defined]  # each model's own
        found = list(seen.filter(public_id__in=wanted).order_by("pk"))
        if len(found) < len(wanted):
            raise serializers.ValidationError(NOT_FOUND.format(what=self.records.model._meta.verbose_name))
        return found


class AnyById(ById):
    """A record named by its public id, of a kind that everybody knows."""

    def seen(self) -> models.QuerySet[Any]:
        """Return all of them."""
        return self.records.all()


class BySlug(serializers.SlugRelatedField[Any]):
    """A configured record named by its slug."""

    def __init__(self, queryset: models.QuerySet[Any], **options: Any) -> None:
        super().__init__(slug_field="slug", queryset=queryset, **options)


class FrictionReport(serializers.Serializer[Any]):
    """Friction at an account, as somebody tells it."""

    account = ById(Account.objects.all())
    friction_type = BySlug(FrictionType.objects.all())
    severity = serializers.FloatField(min_value=0, max_value=1, help_text="0 to 1")
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    description = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)
    happened_at = serializers.DateTimeField()
    order = ById(Order.objects.all(), required=False, allow_null=True, default=None)


class Nothing(serializers.Serializer[Any]):
    """An action that needs no more than its address."""


class Assignee(serializers.Serializer[Any]):
    """Who works on it; null for nobody."""

    assignee = AnyById(Person.objects.all(), allow_null=True)


class HandOffProposal(serializers.Serializer[Any]):
    """Whom to ask, for which share, and why."""

    to = BySlug(Department.objects.all())
    reason = serializers.ChoiceField(choices=Reason.choices)
    words = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)
    expected = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)
    share = serializers.FloatField(required=False, default=1.0, help_text="of what the department answers for")


class DisputeText(serializers.Serializer[Any]):
    """Why it is not the caller's department's."""

    reason = serializers.ChoiceField(choices=DisputeReason.choices)
    words = serializers.CharField(max_length=20_000)


class DisputeAnswer(serializers.Serializer[Any]):
    """What the other side takes of what is disputed, and why."""

    share = serializers.FloatField(help_text="1 takes it at once, less is offered, 0 leaves it with them")
    words = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)


class CounterOffer(serializers.Serializer[Any]):
    """Another share than the one offered, and why."""

    share = serializers.FloatField(help_text="of what the other department answers for now, 0 to 1")
    words = serializers.CharField(max_length=20_000)


class Grade(serializers.Serializer[Any]):
    """How grave it is, of which type, and why."""

    friction_type = BySlug(FrictionType.objects.all())
    severity = serializers.FloatField(help_text="above 0 and up to 1")
    words = serializers.CharField(max_length=20_000)


class RulingText(serializers.Serializer[Any]):
    """Who answers for which share, and why; what is not named answers for nothing."""

    shares = serializers.DictField(child=serializers.FloatField(), help_text="shares by department slug; they sum to 1")
    words = serializers.CharField(max_length=20_000)
    regrading_stands = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="for a contested grade: whether the new one stands"
    )

    def validate_shares(self, shares: dict[str, float]) -> dict[Department, float]:
        """Return the shares by department."""
        found = {department.slug: department for department in Department.objects.filter(slug__in=shares)}
        if unknown := sorted(set(shares) - set(found)):
            raise serializers.ValidationError(f"There is no department {', '.join(unknown)}.")
        return {found[slug]: share for slug, share in shares.items()}


class Resolution(serializers.Serializer[Any]):
    """How it was put right, and why it happened."""

    resolution = serializers.CharField(max_length=20_000)
    cause = AnyById(CauseCode.objects.all(), required=False, allow_null=True, default=None)


class MergeInto(serializers.Serializer[Any]):
    """Which incident is kept."""

    into = ById(Incident.objects.all())


class UndoKey(serializers.Serializer[Any]):
    """The `undo` that a deed was answered with."""

    undo = serializers.UUIDField()


class Several(serializers.Serializer[Any]):
    """Up to 500 incidents, among those that the caller may see."""

    incidents = ManyById(
        Incident.objects.select_related("department", "friction_type", "account"),
        allow_empty=False,
        max_length=MOST_AT_ONCE,
    )


class SeveralAssigned(Several, Assignee):
    """Incidents, and who works on them."""


class SeveralHandedOff(Several, HandOffProposal):
    """Incidents, and whom to ask to take them."""


class SeveralDisputed(Several, DisputeText):
    """Incidents, and why they are not the caller's department's."""


class SeveralResolved(Several, Resolution):
    """Incidents, and how they were put right."""


class SeveralMerged(Several, MergeInto):
    """Duplicates, and which incident is kept."""


class Words(serializers.Serializer[Any]):
    """Why."""

    words = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)


class NoteText(serializers.Serializer[Any]):
    """A remark."""

    text = serializers.CharField(max_length=20_000)
    is_internal = serializers.BooleanField(required=False, default=False)


class ContactLog(serializers.Serializer[Any]):
    """A call, visit or mail by the caller."""

    account = ById(Account.objects.all())
    channel = serializers.ChoiceField(choices=Channel.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices, required=False, default=Purpose.CHECK_IN)
    happened_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)
    summary = serializers.CharField(required=False, default="", allow_blank=True, max_length=20_000)
    contact = ById(Contact.objects.all(), required=False, allow_null=True, default=None)
    order_taken = ById(Order.objects.all(), required=False, allow_null=True, default=None)


class OrderTaken(serializers.Serializer[Any]):
    """An order taken on the spot."""

    account = ById(Account.objects.all())
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    promised_on = serializers.DateField(required=False, allow_null=True, default=None)
