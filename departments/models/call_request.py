"""Calls that an account manager asks the service desk to make."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models import Account, Touchpoint
from accounts.models.base import BookQuerySet, PublicModel
from departments.models.person import Person


class CallState(models.TextChoices):
    OPEN = "open", "Waiting for the call"
    CALLED = "called", "Called"
    RETURNED = "returned", "Returned"
    WITHDRAWN = "withdrawn", "Withdrawn"


class CallRequestQuerySet(BookQuerySet["CallRequest"]):
    """Calls that were asked for, as sets."""

    def open(self) -> Self:
        """Return what waits for a call."""
        return self.filter(state=CallState.OPEN)


class CallRequest(PublicModel):
    """Somebody asks the service desk to call an account: what to say there, and by when.

    A recorded call answers it; the desk can also return it, and whoever keeps the books can withdraw it.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="call_requests")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="asked_calls")
    asked_at = models.DateTimeField(db_default=Now())
    words = models.TextField(help_text="what to say, or to find out")
    due_on = models.DateField(help_text="the last day for the call")
    state = models.CharField(
        max_length=10, choices=CallState.choices, default=CallState.OPEN, db_default=CallState.OPEN
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="answered_calls"
    )
    answer_words = models.TextField(blank=True, db_default="", help_text="why it was returned")
    touchpoint = models.ForeignKey(
        Touchpoint, on_delete=models.SET_NULL, null=True, blank=True, related_name="answers", help_text="the call"
    )

    objects = CallRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(state="open"), name="one_open_call_request_an_account"
            ),
            models.CheckConstraint(condition=~models.Q(words=""), name="call_request_says_what_for"),
            models.CheckConstraint(
                condition=models.Q(state="open", answered_at=None, answered_by=None)
                | (~models.Q(state="open") & models.Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="answered_call_requests_say_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="returned") | ~models.Q(answer_words=""),
                name="returned_call_requests_say_why",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-asked_at"], name="call_requests_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.words[:60]}"

    @property
    def is_open(self) -> bool:
        """Return whether the call is still to be made."""
        return self.state == CallState.OPEN
