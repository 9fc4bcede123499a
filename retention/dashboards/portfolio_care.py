"""What is being done about the accounts of a portfolio: marks for their rows, and choices to filter by."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Account
from accounts.prepared import Prepared, given
from accounts.presence import Places, present
from departments.models import CallRequest, Capability, Person
from retention.models import Recovery, Snooze

OF_ACCOUNTS: Places = {
    "recoveries": (Recovery, "account"),
    "calls": (CallRequest, "account"),
    "snoozes": (Snooze, "account"),
}
USUAL_SNOOZE = datetime.timedelta(days=14)
RISES = (("0.02", "2 points"), ("0.05", "5 points"), ("0.1", "10 points"), ("0.2", "20 points"))
CHOICES = (
    ("recovery", "In recovery"),
    ("overdue", "Recovery overdue"),
    ("call", "Waiting for the desk’s call"),
    ("none", "Nothing under way"),
)


@dataclass
class Marks:
    """What is under way at one account."""

    recovery: Recovery | None = None
    overdue_steps: int = 0
    call: CallRequest | None = None
    snoozes: list[Snooze] = field(default_factory=list)

    @property
    def are_any(self) -> bool:
        """Return whether there is any."""
        return bool(self.recovery or self.call or self.snoozes)

    @property
    def is_overdue(self) -> bool:
        """Return whether the recovery is past its day, or one of its steps is."""
        is_past = self.recovery is not None and self.recovery.due_on < timezone.localdate()
        return is_past or self.overdue_steps > 0


def marks_by_account(accounts: Iterable[Account]) -> Mapping[int, Marks]:
    """Return what is under way at each of the accounts, in a fixed number of queries."""
    keys, marks = [account.pk for account in accounts], defaultdict[int, Marks](Marks)
    there = present(OF_ACCOUNTS, keys)
    for recovery in _under_way(keys) if "recoveries" in there else ():
        marks[recovery.account_id].recovery, marks[recovery.account_id].overdue_steps = recovery, recovery.late
    for call in _asked_for(keys) if "calls" in there else ():
        marks[call.account_id].call = call
    for snooze in _set_aside(keys) if "snoozes" in there else ():
        marks[snooze.account_id].snoozes.append(snooze)
    return marks


_OWN_SNOOZES = Prepared(
    lambda: (
        Snooze.objects.in_force(given("today"))
        .order_by()
        .filter(person=given("person"))
        .values_list("account", flat=True)
    )
)


def _under_way(keys: Collection[int]) -> QuerySet[Any]:
    late = Count("steps", filter=Q(steps__done_at=None, steps__due_on__lt=timezone.localdate()))
    return Recovery.objects.open().filter(account__in=keys).order_by().annotate(late=late)


def _asked_for(keys: Collection[int]) -> QuerySet[CallRequest]:
    return CallRequest.objects.open().filter(account__in=keys).select_related("asked_by")


def _set_aside(keys: Collection[int]) -> QuerySet[Snooze]:
    standing = Snooze.objects.in_force(timezone.localdate()).filter(account__in=keys)
    return standing.select_related("person").order_by("pk")


def by_care(choice: str) -> Q:
    """Return what makes an account fit a choice of what is under way."""
    today = timezone.localdate()
    under_way = Q(pk__in=Recovery.objects.open().order_by().values("account"))
    waiting = Q(pk__in=CallRequest.objects.open().order_by().values("account"))
    if choice == "overdue":
        return Q(pk__in=Recovery.objects.overdue(today).order_by().values("account"))
    return {"recovery": under_way, "call": waiting, "none": ~under_way & ~waiting}[choice]


def snoozed_ids(person: Person) -> Collection[int] | QuerySet[Any, Any]:
    """Return the accounts that the person has set aside; for those who only look on, that anybody has.

    A person's own are few and asked for many times in one statement, so they are read beforehand.
    """
    if not person.can(Capability.SNOOZE):
        return snoozed_by_anybody()
    return _OWN_SNOOZES(person=person.pk, today=timezone.localdate())


def snoozed_by_anybody() -> QuerySet[Any, Any]:
    """Return the accounts that somebody has set aside."""
    return Snooze.objects.in_force(timezone.localdate()).order_by().values("account")
