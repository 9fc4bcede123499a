"""Accounts that somebody does not want to see for a while, and why."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from accounts.models.base import BookQuerySet, PublicModel
from departments.models import Person

NOTICEABLE = 0.05


class WokenBy(models.TextChoices):
    PERSON = "person", "Woken by hand"
    DAY = "day", "Its day came"
    RISK = "risk", "The risk rose"


class SnoozeQuerySet(BookQuerySet["Snooze"]):
    """Snoozes, as sets."""

    def in_force(self, day: datetime.date) -> Self:
        """Return those that still hold: not woken, their day not come, the risk not noticeably higher."""
        return self.filter(woken_at=None).exclude(self._day_came(day)).exclude(self._risk_rose())

    def due(self, day: datetime.date) -> Self:
        """Return those that are over and not yet marked as such."""
        return self.filter(woken_at=None).filter(self._day_came(day) | self._risk_rose())

    @staticmethod
    def _day_came(day: datetime.date) -> models.Q:
        return models.Q(until__isnull=False, until__lte=day)

    @staticmethod
    def _risk_rose() -> models.Q:
        rose = models.F("risk_then") + models.F("wakes_at_rise")
        return models.Q(risk_then__isnull=False, account__score__isnull=False, account__score__risk__gte=rose)


class Snooze(PublicModel):
    """A person sets an account aside until a day, or until its risk rises by so much; colleagues see it.

    It is the person's own: the account stays in the lists of everybody else who looks after it.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="snoozes")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="snoozes")
    reason = models.CharField(max_length=300)
    until = models.DateField(null=True, blank=True, help_text="the day it comes back; empty: only when the risk rises")
    wakes_at_rise = models.FloatField(
        default=NOTICEABLE, db_default=NOTICEABLE, help_text="it comes back early if the risk rises by so much"
    )
    risk_then = models.FloatField(null=True, blank=True, help_text="the risk at which it was set aside")
    snoozed_at = models.DateTimeField(db_default=Now())
    woken_at = models.DateTimeField(null=True, blank=True)
    woken_by = models.CharField(max_length=10, choices=WokenBy.choices, blank=True, db_default="")

    objects = SnoozeQuerySet.as_manager()

    class Meta:
        ordering = ["-snoozed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "person"],
                condition=models.Q(woken_at=None),
                name="a_person_snoozes_an_account_once_at_a_time",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="snooze_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(until__isnull=False) | models.Q(risk_then__isnull=False),
                name="snooze_ends_by_a_day_or_by_the_risk",
            ),
            models.CheckConstraint(
                condition=models.Q(wakes_at_rise__gt=0, wakes_at_rise__lte=1), name="snooze_wakes_at_a_real_rise"
            ),
            models.CheckConstraint(
                condition=models.Q(woken_at=None, woken_by="")
                | (models.Q(woken_at__isnull=False) & ~models.Q(woken_by="")),
                name="woken_snoozes_say_by_what",
            ),
        ]
        indexes = [
            models.Index(fields=["person"], name="snoozes_in_force", condition=models.Q(woken_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.account} until {self.until or 'the risk rises'}"

    @property
    def rise_in_points(self) -> int:
        """Return by how many points of risk it wakes."""
        return round(self.wakes_at_rise * 100)
