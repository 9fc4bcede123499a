"""What we sell as a service, and who holds it."""

import datetime
from typing import Self

from django.db import models

from accounts.models.account import Account
from accounts.models.base import BookQuerySet, SourcedModel


class Product(SourcedModel):
    """Something sold as a service, which an account can hold."""

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, db_default="")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="product_comes_once_from_its_source"),
        ]

    def __str__(self) -> str:
        return self.name


class HoldingQuerySet(BookQuerySet["Holding"]):
    """Holdings, as sets."""

    def on(self, day: datetime.date) -> Self:
        """Return the holdings in force on the day; the last day does not count."""
        return self.filter(models.Q(held_until=None) | models.Q(held_until__gt=day), held_from__lte=day)


class Holding(SourcedModel):
    """An account holds a product, from a day until a day, at a monthly value."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="holdings")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="holdings")
    held_from = models.DateField()
    held_until = models.DateField(null=True, blank=True, help_text="first day on which it is no longer held")
    monthly_value = models.DecimalField(max_digits=12, decimal_places=2, db_default=0, default=0)

    objects = HoldingQuerySet.as_manager()

    class Meta:
        ordering = ["held_from", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="holding_comes_once_from_its_source"),
            models.CheckConstraint(
                condition=models.Q(held_until=None) | models.Q(held_until__gte=models.F("held_from")),
                name="holding_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=models.Q(monthly_value__gte=0), name="holding_value_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account} holds {self.product}"
