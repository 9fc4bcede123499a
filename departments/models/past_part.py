"""Who answered for an incident before that changed, and how grave it was: what learning may know of a past day."""

from django.db import models

from accounts.models import Account
from departments.models.department import Department
from departments.models.friction import FrictionType, Incident


class PastPart(models.Model):
    """One department's part in an incident as it stood until a moment; all parts of an incident share the moment.

    A trigger writes them whenever shares, severity or type change, by whatever way: hand-offs, rulings, merges, grades,
    undoing. Whoever is not among them answered for nothing.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="past_parts", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+", db_index=False)
    friction_type = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="+", db_index=False)
    share = models.FloatField()
    severity = models.FloatField()
    until = models.DateTimeField()

    class Meta:
        ordering = ["until", "pk"]
        indexes = [
            models.Index(fields=["account", "until"], name="past_parts_of_an_account"),
            models.Index(fields=["incident"], name="past_parts_of_an_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.share:.0%} until {self.until:%Y-%m-%d %H:%M}"
