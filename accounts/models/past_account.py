"""An account's segment and renewal before they changed: what learning may know of a past day."""

from django.db import models

from accounts.models.account import Account


class PastAccount(models.Model):
    """An account's segment and renewal as they stood until a moment; a trigger writes it at every change."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="past", db_index=False)
    segment = models.CharField(max_length=80, blank=True)
    renews_on = models.DateField(null=True, blank=True)
    until = models.DateTimeField()

    class Meta:
        ordering = ["until", "pk"]
        indexes = [models.Index(fields=["account", "until"], name="past_of_an_account")]

    def __str__(self) -> str:
        return f"{self.account} until {self.until:%Y-%m-%d %H:%M}"
