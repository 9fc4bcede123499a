"""Accounts and what passed between us."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts.models import Account, Contact, Holding, Order, OrderLine, Signal, Touchpoint
from retention.api.serializers.common import AccountName, PersonName, public_id
from retention.api.serializers.scores import ScoreSummary

SOURCED = ["source", "external_id", "recorded_at"]
# What a department needs of a customer at whose incidents it works; the rest is for those who keep its books.
ALWAYS_SHOWN = frozenset({"id", "name", "annual_revenue", "score", "book_is_open"})


class ContactSerializer(serializers.ModelSerializer[Contact]):
    """A person at the account."""

    id = public_id()

    class Meta:
        model = Contact
        fields = ["id", "name", "position", "email", "phone"]
        read_only_fields = fields


class HoldingSerializer(serializers.ModelSerializer[Holding]):
    """A product that the account holds, at a monthly value."""

    id = public_id()
    product = serializers.CharField(source="product.name", read_only=True)

    class Meta:
        model = Holding
        fields = ["id", "product", "held_from", "held_until", "monthly_value"]
        read_only_fields = fields


class AccountSerializer(serializers.ModelSerializer[Account]):
    """A customer. Fields that only those who keep its books may read are absent where `book_is_open` is false."""

    id = public_id()
    score = ScoreSummary(read_only=True, allow_null=True)
    book_is_open = serializers.BooleanField(read_only=True)

    class Meta:
        model = Account
        fields = [
            "id",
            "name",
            "annual_revenue",
            "score",
            "book_is_open",
            "segment",
            "city",
            "country",
            "customer_since",
            "renews_on",
            "left_on",
            "contact_cadence_days",
            *SOURCED,
        ]
        read_only_fields = fields
        extra_kwargs = {name: {"required": False} for name in fields if name not in ALWAYS_SHOWN}

    def to_representation(self, instance: Account) -> dict[str, Any]:
        """Return the account, with its book or without."""
        shown = super().to_representation(instance)
        if shown["book_is_open"]:
            return shown
        return {name: value for name, value in shown.items() if name in ALWAYS_SHOWN}


class AccountDetail(AccountSerializer):
    """A customer with its people and what it holds."""

    contacts = ContactSerializer(many=True, read_only=True)
    holdings = HoldingSerializer(many=True, read_only=True)

    class Meta(AccountSerializer.Meta):
        fields = [*AccountSerializer.Meta.fields, "contacts", "holdings"]
        read_only_fields = fields


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    """One product on an order."""

    class Meta:
        model = OrderLine
        fields = ["position", "sku", "description", "quantity", "unit_price"]
        read_only_fields = fields


class OrderSerializer(serializers.ModelSerializer[Order]):
    """A purchase."""

    id = public_id()
    account = AccountName(read_only=True)

    class Meta:
        model = Order
        fields = ["id", "account", "number", "ordered_at", "amount", "promised_on", "delivered_on", *SOURCED]
        read_only_fields = fields


class OrderDetail(OrderSerializer):
    """A purchase with its lines."""

    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "lines"]
        read_only_fields = fields


class SignalSerializer(serializers.ModelSerializer[Signal]):
    """An operational fact; `kind` says which fields `data` may hold: see the list of kinds."""

    id = public_id()
    account = AccountName(read_only=True)
    order = public_id("order.public_id", allow_null=True, default=None)

    class Meta:
        model = Signal
        fields = ["id", "account", "kind", "order", "happened_at", "data", *SOURCED]
        read_only_fields = fields


@extend_schema_serializer(component_name="Touchpoint")
class TouchpointSerializer(serializers.ModelSerializer[Touchpoint]):
    """A call, visit or mail."""

    id = public_id()
    account = AccountName(read_only=True)
    contact = public_id("contact.public_id", allow_null=True, default=None)
    person = PersonName(read_only=True, allow_null=True)
    order_taken = public_id("order_taken.public_id", allow_null=True, default=None)

    class Meta:
        model = Touchpoint
        fields = [
            "id",
            "account",
            "contact",
            "person",
            "channel",
            "purpose",
            "happened_at",
            "minutes",
            "summary",
            "order_taken",
            *SOURCED,
        ]
        read_only_fields = fields
