"""A call from the service desk: what was said, what was ordered, and what went wrong, recorded together."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.actions import log_contact, take_order
from accounts.models import Account, Channel, Contact, Order, Touchpoint
from departments.actions.call_requests import answer_by_call
from departments.actions.incidents import report_friction
from departments.models import CallRequest, FrictionType, Incident, Person


@dataclass(frozen=True, slots=True)
class Call:
    """What came of a call; an order needs an amount, friction a type, and both may be missing.

    `answers` is the request that it answers, where somebody had asked for the call.
    """

    purpose: str
    minutes: int | None
    summary: str
    contact: Contact | None
    order_amount: Decimal | None
    order_promised_on: datetime.date | None
    friction_type: FrictionType | None
    severity: float
    friction_words: str
    answers: CallRequest | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What was written."""

    touchpoint: Touchpoint
    order: Order | None
    incident: Incident | None
    answered: CallRequest | None


@transaction.atomic
def record_call(*, account: Account, call: Call, acting_person: Person) -> RecordedCall:
    """Record a call that has just ended: all of it, or where one part is refused none."""
    order = None
    if call.order_amount is not None:
        order = take_order(
            account=account,
            amount=call.order_amount,
            promised_on=call.order_promised_on,
            acting_person=acting_person,
        )
    touchpoint = log_contact(
        account=account,
        channel=Channel.CALL,
        purpose=call.purpose,
        happened_at=timezone.now(),
        minutes=call.minutes,
        summary=call.summary,
        contact=call.contact,
        order_taken=order,
        acting_person=acting_person,
    )
    answered = call.answers and answer_by_call(
        call_request=call.answers, touchpoint=touchpoint, acting_person=acting_person
    )
    return RecordedCall(touchpoint, order, _reported(account, call, acting_person), answered)


def _reported(account: Account, call: Call, acting_person: Person) -> Incident | None:
    if call.friction_type is None:
        return None
    return report_friction(
        account=account,
        friction_type=call.friction_type,
        severity=call.severity,
        title="",
        description=call.friction_words,
        happened_at=timezone.now(),
        order=None,
        acting_person=acting_person,
    )
