"""Purchases: what retention is measured on where there is no contract."""

from typing import Self

from django.db import models

from accounts.models.account import Account
from accounts.models.base import BookQuerySet, SourcedModel


class OrderQuerySet(BookQuerySet["Order"]):
    """Orders, as sets."""

    def under_way(self) -> Self:
        """Return the orders that have not been delivered."""
        return self.filter(delivered_on=None, promised_on__isnull=False)


class Order(SourcedModel):
    """A purchase by an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="orders", db_index=False)
    number = models.CharField(max_length=64, blank=True, db_default="")
    ordered_at = models.DateTimeField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, help_text="in the organisation's currency")
    promised_on = models.DateField(null=True, blank=True)
    delivered_on = models.DateField(null=True, blank=True)
    lines_digest = models.CharField(
        max_length=32, blank=True, db_default="", editable=False, help_text="tells whether an import changed the lines"
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-ordered_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="order_comes_once_from_its_source"),
        ]
        indexes = [
            # Covers what the rhythm of an account is read from, so that scoring never visits the table.
            models.Index(fields=["account", "ordered_at"], include=["amount", "recorded_at"], name="order_rhythm"),
            models.Index(
                fields=["account", "promised_on"], name="order_under_way", condition=models.Q(delivered_on=None)
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class OrderLine(models.Model):
    """One product on an order."""

    # Held by triggers, a check a statement: see accounts/line_integrity.py.
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="lines", db_index=False, db_constraint=False
    )
    position = models.PositiveIntegerField()
    sku = models.CharField(max_length=64, help_text="the product's code")
    description = models.CharField(max_length=300, blank=True, db_default="")
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit_price = models.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_has_its_own_position"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"
