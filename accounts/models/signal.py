"""Operational facts about accounts, as the departments' own systems know them."""

from django.db import models
from django.db.models.fields.json import KT

from accounts.models.account import Account
from accounts.models.base import BookQuerySet, SourcedModel
from accounts.models.order import Order
from accounts.signals import BATCH, KINDS


class Signal(SourcedModel):
    """One operational fact about an account; its kind says which fields `data` holds."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="signals", db_index=False)
    kind = models.CharField(max_length=40, choices=[(kind.name, kind.label) for kind in KINDS.values()])
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="signals")
    happened_at = models.DateTimeField()
    data = models.JSONField(default=dict, db_default={})

    objects = BookQuerySet["Signal"].as_manager()

    class Meta:
        ordering = ["-happened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="signal_comes_once_from_its_source"),
        ]
        indexes = [
            models.Index(fields=["account", "-happened_at"], name="signal_timeline"),
            models.Index(fields=["kind", "happened_at"], name="signal_feed"),
            # Who got a batch: few signals name one.
            models.Index(KT(f"data__{BATCH}"), name="signal_batch", condition=models.Q(data__has_key=BATCH)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.happened_at:%d %b %Y}"
