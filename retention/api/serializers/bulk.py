"""Items of a bulk call, and what became of each."""

from typing import Any

from rest_framework import serializers

from accounts.signals import KINDS

MOST_ITEMS = 5_000


class AccountItem(serializers.Serializer[Any]):
    """What every item says: its name in the system it comes from, and its account by id here or by id there."""

    # Declared fields leave the class, so that they hide none of its attributes.
    source = serializers.CharField(max_length=64, help_text="the system it comes from")  # type: ignore[assignment]  # see above
    external_id = serializers.CharField(max_length=200, help_text="its id there")
    account = serializers.UUIDField(required=False, help_text="the account's id; or else account_external_id")
    account_external_id = serializers.CharField(required=False, max_length=200)
    account_source = serializers.CharField(required=False, max_length=64, help_text="unless it is the item's source")


class OrderItem(AccountItem):
    """One order, without its lines."""

    number = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    ordered_at = serializers.DateTimeField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0)
    promised_on = serializers.DateField(required=False, allow_null=True, default=None)
    delivered_on = serializers.DateField(required=False, allow_null=True, default=None)


class Item(AccountItem):
    """What happened at an account, with one of its orders or without."""

    order = serializers.UUIDField(required=False, allow_null=True)
    order_external_id = serializers.CharField(required=False, max_length=200)
    order_source = serializers.CharField(required=False, max_length=64, help_text="unless it is the item's source")
    happened_at = serializers.DateTimeField()


class SignalItem(Item):
    """One signal; what `data` may hold is said by the list of kinds."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    data = serializers.DictField(  # type: ignore[assignment]  # see Item
        child=serializers.JSONField(allow_null=True), required=False, default=dict
    )


class IncidentItem(Item):
    """One incident, answered for by its type's department until somebody hands it on."""

    friction_type = serializers.SlugField()
    severity = serializers.FloatField(min_value=0, max_value=1, help_text="0 to 1")
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="")


class Orders(serializers.Serializer[Any]):
    """Up to 5,000 orders."""

    items = OrderItem(many=True)


class Signals(serializers.Serializer[Any]):
    """Up to 5,000 signals."""

    items = SignalItem(many=True)


class Incidents(serializers.Serializer[Any]):
    """Up to 5,000 incidents."""

    items = IncidentItem(many=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """A refused field; `field` is empty where the whole is refused."""

    field = serializers.CharField()
    reason = serializers.CharField()


class ResultSerializer(serializers.Serializer[Any]):
    """What became of one item."""

    index = serializers.IntegerField(help_text="its place among the items, from 0")
    result = serializers.ChoiceField(choices=["created", "updated", "unchanged", "refused"])
    id = serializers.UUIDField(allow_null=True, help_text="of the record; null where it was refused")
    errors = ProblemSerializer(many=True)  # type: ignore[assignment]  # see Item


class CountsSerializer(serializers.Serializer[Any]):
    """How many became what."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class ResultsSerializer(serializers.Serializer[Any]):
    """What became of the items, in their order."""

    counts = CountsSerializer()
    results = ResultSerializer(many=True)
