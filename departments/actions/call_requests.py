"""Asking the service desk for a call: asked, called or returned, perhaps withdrawn.

The call itself is recorded by `departments/actions/calls.py`, which answers what was asked for.
"""

import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid
from accounts.models import Account, Touchpoint
from departments.actions.permissions import require, require_book
from departments.models import Assignment, CallRequest, CallState, Capability, Capacity, Person

LONGEST_WAIT = datetime.timedelta(days=90)


@transaction.atomic
def ask_for_call(*, account: Account, words: str, due_on: datetime.date, acting_person: Person) -> CallRequest:
    """Ask whoever serves the account at the desk to call it: what to say, and until which day."""
    require(acting_person, Capability.ASK_FOR_CALLS)
    require_book(acting_person, account)
    _check(account, words, due_on)
    # One at a time: the account's row is the queue.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if waiting := CallRequest.objects.open().filter(account=account).select_related("asked_by").first():
        raise Conflict(f"{waiting.asked_by} has already asked for a call, by {waiting.due_on:%d %b}.")
    asked = CallRequest.objects.create(account=account, words=words.strip(), due_on=due_on, asked_by=acting_person)
    asked.refresh_from_db()
    _audit("ask", asked, acting_person, due_on=due_on.isoformat(), words=asked.words)
    return asked


@transaction.atomic
def return_call_request(*, call_request: CallRequest, words: str, acting_person: Person) -> CallRequest:
    """Give a call back to whoever asked for it, and say why it is not made."""
    require(acting_person, Capability.RETURN_CALLS)
    require_book(acting_person, call_request.account)
    if not words.strip():
        raise Invalid("words", "Say why the call is not made.")
    _answer(call_request, CallState.RETURNED, acting_person, answer_words=words.strip())
    _audit("return", call_request, acting_person, words=words.strip())
    return call_request


@transaction.atomic
def withdraw_call_request(*, call_request: CallRequest, acting_person: Person) -> CallRequest:
    """Take back what was asked for: the call is not needed any more."""
    require(acting_person, Capability.ASK_FOR_CALLS)
    require_book(acting_person, call_request.account)
    _answer(call_request, CallState.WITHDRAWN, acting_person)
    _audit("withdraw", call_request, acting_person)
    return call_request


def answer_by_call(*, call_request: CallRequest, touchpoint: Touchpoint, acting_person: Person) -> CallRequest:
    """Answer by a call that was recorded, in the transaction of its recording."""
    if call_request.account_id != touchpoint.account_id:
        raise Invalid("call_request", "This call was asked for at another customer.")
    _answer(call_request, CallState.CALLED, acting_person, touchpoint=touchpoint)
    _audit("call", call_request, acting_person, touchpoint=str(touchpoint.public_id))
    return call_request


def _check(account: Account, words: str, due_on: datetime.date) -> None:
    today = timezone.localdate()
    if not words.strip():
        raise Invalid("words", "Say what the call is for.")
    if not today <= due_on <= today + LONGEST_WAIT:
        raise Invalid("due_on", f"A call is asked for until a day within {LONGEST_WAIT.days} days from today.")
    if account.has_left:
        raise Invalid(None, f"{account} has left: the desk calls those who stay.")
    served = Assignment.objects.in_force(today).filter(account=account, capacity=Capacity.SERVICE_DESK)
    if not served.exists():
        raise Invalid(None, f"Nobody at the service desk looks after {account}; an administrator assigns somebody.")


def _answer(call_request: CallRequest, state: str, acting_person: Person, **answer: Any) -> None:
    waiting = CallRequest.objects.open().filter(pk=call_request.pk)
    if not waiting.update(state=state, answered_at=timezone.now(), answered_by=acting_person, **answer):
        call_request.refresh_from_db()
        raise Conflict(f"Somebody was first: {call_request.get_state_display().lower()}.")
    call_request.refresh_from_db()


def _audit(verb: str, call_request: CallRequest, acting_person: Person, **details: str) -> None:
    details["account"] = str(call_request.account.public_id)
    record_audit(
        verb=f"call_request.{verb}", subject=call_request.public_id, details=details, acting_person=acting_person
    )
