"""What product development delivered or promised, and who uses it."""

from django.db import models

from accounts.models import Account
from accounts.models.base import BookQuerySet, SourcedModel


class Release(SourcedModel):
    """An innovation: promised for a day, delivered on a day, or not yet."""

    name = models.CharField(max_length=160)
    description = models.TextField(blank=True, db_default="")
    promised_for = models.DateField(null=True, blank=True)
    delivered_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-promised_for", "name"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="release_comes_once_from_its_source"),
        ]

    def __str__(self) -> str:
        return self.name


class Commitment(SourcedModel):
    """A release that was promised to one account, for a day."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="commitments")
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="commitments")
    promised_for = models.DateField()

    objects = BookQuerySet["Commitment"].as_manager()

    class Meta:
        ordering = ["promised_for", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="commitment_comes_once_from_its_source"),
            models.UniqueConstraint(fields=["account", "release"], name="a_release_is_promised_once_to_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.release} for {self.account}"


class Adoption(SourcedModel):
    """An account uses a release since a day."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="adoptions")
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="adoptions")
    adopted_on = models.DateField()

    objects = BookQuerySet["Adoption"].as_manager()

    class Meta:
        ordering = ["-adopted_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="adoption_comes_once_from_its_source"),
            models.UniqueConstraint(fields=["account", "release"], name="an_account_adopts_a_release_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account} uses {self.release}"
