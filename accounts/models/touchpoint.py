"""Contacts with the customer."""

from django.conf import settings
from django.db import models

from accounts.models.account import Account, Contact
from accounts.models.base import BookQuerySet, SourcedModel
from accounts.models.order import Order


class Channel(models.TextChoices):
    CALL = "call", "Call"
    VISIT = "visit", "Visit"
    MAIL = "mail", "Mail"


class Purpose(models.TextChoices):
    CHECK_IN = "check_in", "Regular contact"
    WORK_IN_PROCESS = "work_in_process", "Work in process"
    ORDER = "order", "Taking an order"
    PROBLEM = "problem", "About a problem"
    RECOVERY = "recovery", "Winning back"
    RENEWAL = "renewal", "Renewal"
    OFFER = "offer", "Offering a service"


class Touchpoint(SourcedModel):
    """A call, visit or mail: by whom, how long, what for, and the order it brought."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="touchpoints", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="touchpoints")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="touchpoints"
    )
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(max_length=20, choices=Purpose.choices, db_default=Purpose.CHECK_IN)
    happened_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    summary = models.TextField(blank=True, db_default="")
    order_taken = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="taken_on")

    objects = BookQuerySet["Touchpoint"].as_manager()

    class Meta:
        ordering = ["-happened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="touchpoint_comes_once_from_its_source"),
        ]
        indexes = [
            models.Index(fields=["account", "-happened_at"], include=["recorded_at"], name="touchpoint_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.happened_at:%d %b %Y}"
