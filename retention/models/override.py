"""A person's own judgement of a risk, for a while, beside the computed one."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account
from accounts.models.base import PublicModel
from departments.models import Person
from retention.models.model import ModelVersion


class Approval(models.TextChoices):
    NOT_NEEDED = "not_needed", "Needs no approval"
    PENDING = "pending", "Waits for approval"
    APPROVED = "approved", "Approved"
    REFUSED = "refused", "Refused"


IN_FORCE = (Approval.NOT_NEEDED, Approval.APPROVED)


class OverrideQuerySet(models.QuerySet["Override"]):
    """Overrides, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the overrides at accounts whose books are open to the person."""
        accounts = person.open_book_account_ids()
        return self if accounts is None else self.filter(account__in=accounts)

    def unended(self, moment: datetime.datetime) -> Self:
        """Return what was neither withdrawn nor refused and has not expired."""
        return self.filter(ended_at=None, expires_at__gt=moment)

    def standing(self, moment: datetime.datetime) -> Self:
        """Return what holds at the moment."""
        return self.unended(moment).filter(approval__in=IN_FORCE)

    def pending(self, moment: datetime.datetime) -> Self:
        """Return what waits for a second person."""
        return self.unended(moment).filter(approval=Approval.PENDING)

    def held_once(self) -> Self:
        """Return what ever held: made without need of approval, or approved."""
        return self.filter(approval__in=IN_FORCE)


class Override(PublicModel):
    """What a person holds an account's risk to be, why, and until when; beside it what had been computed then.

    It ends by itself when it expires; `ended_at` is set where it ended before, and on expired ones once another is
    made. The computed risk stays what lists sort, filter and add up by.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="overrides", db_index=False)
    risk = models.FloatField(help_text="0 to 1, in the person's judgement")
    reason = models.TextField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    computed_risk = models.FloatField(help_text="what the model said when it was made")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    annual_revenue = models.DecimalField(max_digits=14, decimal_places=2, help_text="of the account when it was made")
    approval = models.CharField(max_length=10, choices=Approval.choices)
    answered_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="answered_overrides"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_words = models.TextField(blank=True, db_default="", default="")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="withdrawn, refused, or followed by another")

    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(ended_at=None), name="one_override_of_an_account_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(risk__gte=0, risk__lte=1), name="overridden_risk_lies_between_0_and_1"
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="an_override_says_why"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="an_override_expires_after_it_was_made"
            ),
            models.CheckConstraint(
                condition=models.Q(answered_by=None) | ~models.Q(answered_by=models.F("made_by")),
                name="nobody_approves_their_own_override",
            ),
            models.CheckConstraint(
                condition=models.Q(approval__in=["not_needed", "pending"], answered_by=None, answered_at=None)
                | models.Q(approval__in=["approved", "refused"], answered_by__isnull=False, answered_at__isnull=False),
                name="an_answered_override_says_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(approval="refused") | models.Q(ended_at__isnull=False),
                name="a_refused_override_has_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-made_at"], name="overrides_of_an_account"),
            models.Index(
                fields=["made_at"],
                name="overrides_to_approve",
                condition=models.Q(approval="pending", ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.risk:.0%} until {self.expires_at:%Y-%m-%d}"

    @property
    def is_pending(self) -> bool:
        """Return whether a second person must still approve it."""
        return self.approval == Approval.PENDING
