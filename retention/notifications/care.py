"""What waits for a person in keeping customers: steps of recoveries, calls asked of the desk or returned by it."""

import datetime
from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from departments.models import CallRequest, CallState, Capability, Person
from retention.models import RecoveryStep
from retention.notifications.item import Item

SOON = datetime.timedelta(days=2)
# A returned call is told so long, unless a call was asked for anew.
TOLD = datetime.timedelta(days=7)


def waiting_in_care(person: Person) -> Iterator[Item]:
    """Yield the steps that are due soon, the calls to make, and the calls that came back."""
    yield _steps(person)
    if person.can(Capability.RETURN_CALLS):
        yield _calls_to_make(person)
    if person.can(Capability.ASK_FOR_CALLS):
        yield _returned_calls(person)


def _steps(person: Person) -> Item:
    due = RecoveryStep.objects.to_do().filter(owner=person, due_on__lte=timezone.localdate() + SOON)
    steps = list(due.values_list("due_on", "recovery__public_id").order_by("due_on", "pk"))
    words = ngettext("step of yours in a recovery is due", "steps of yours in recoveries are due", len(steps))
    url = reverse("recovery", args=[steps[0][1]]) if steps else ""
    is_late = bool(steps) and steps[0][0] < timezone.localdate()
    return Item(len(steps), words, url, is_urgent=is_late)


def _calls_to_make(person: Person) -> Item:
    due = list(CallRequest.objects.open().visible_to(person).order_by("due_on").values_list("due_on", flat=True))
    words = ngettext("call is asked of you", "calls are asked of you", len(due))
    return Item(len(due), words, reverse("desk"), is_urgent=bool(due) and due[0] <= timezone.localdate())


def _returned_calls(person: Person) -> Item:
    later = CallRequest.objects.filter(account=OuterRef("account"), asked_at__gt=OuterRef("asked_at"))
    since = timezone.now() - TOLD
    mine = CallRequest.objects.visible_to(person).filter(asked_by=person, state=CallState.RETURNED)
    returned = mine.filter(~Exists(later), answered_at__gte=since).order_by("-answered_at")
    accounts = list(returned.values_list("account__public_id", flat=True))
    words = ngettext("call that you asked for was returned", "calls that you asked for were returned", len(accounts))
    url = f"{reverse('account', args=[accounts[0]])}#care" if accounts else ""
    return Item(len(accounts), words, url, is_urgent=False)
