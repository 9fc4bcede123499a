"""What people do with customers: the only writers of what passed between us, one at a time.

Each action is atomic and records who did it. Where records come by the thousand, see `accounts/bulk.py`.
"""

import datetime
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from django.db import transaction
from django.utils import timezone

from accounts.errors import Invalid, NotAllowed
from accounts.models import Account, AuditEntry, Channel, Contact, Order, Purpose, Touchpoint, Viewer
from accounts.moments import why_impossible

LONGEST_CONTACT_MINUTES = 24 * 60


class Actor(Viewer, Protocol):
    """A person as this app needs to know one: what they may see, and what they may do."""

    @property
    def pk(self) -> Any:
        """Return the person's key."""

    def can(self, capability: Any) -> bool:
        """Return whether the person's role includes the capability, given by its name."""


def record_audit(
    *, verb: str, subject: uuid.UUID | None, details: Mapping[str, Any], acting_person: Actor | None
) -> AuditEntry:
    """Write who did what; call it in the transaction of the deed itself. Without a person, the system did it."""
    return AuditEntry.objects.create(
        verb=verb, subject=subject, details=dict(details), person_id=acting_person.pk if acting_person else None
    )


@transaction.atomic
def log_contact(
    *,
    account: Account,
    channel: str,
    purpose: str,
    happened_at: datetime.datetime,
    minutes: int | None,
    summary: str,
    contact: Contact | None,
    order_taken: Order | None,
    acting_person: Actor,
) -> Touchpoint:
    """Record a call, visit or mail with the customer by the acting person."""
    _require(acting_person, "log_contact", account, "log a contact")
    _check_contact_values(channel, purpose, happened_at, minutes)
    _check_belongs(account, contact, "contact", "This contact works for another customer.")
    _check_belongs(account, order_taken, "order_taken", "This order is another customer's.")
    touchpoint = Touchpoint.objects.create(
        account=account,
        channel=channel,
        purpose=purpose,
        happened_at=happened_at,
        minutes=minutes,
        summary=summary.strip(),
        contact=contact,
        order_taken=order_taken,
        person_id=acting_person.pk,
        external_id=str(uuid.uuid4()),
    )
    details = {"account": str(account.public_id), "channel": channel, "purpose": purpose, "minutes": minutes}
    record_audit(verb="contact.log", subject=_id_of(touchpoint), details=details, acting_person=acting_person)
    return touchpoint


@transaction.atomic
def take_order(*, account: Account, amount: Decimal, promised_on: datetime.date | None, acting_person: Actor) -> Order:
    """Take an order on the spot; `amount` is in the organisation's currency."""
    _require(acting_person, "take_orders", account, "take an order")
    if not amount.is_finite() or amount <= 0:
        raise Invalid("amount", "An order's amount must be above zero.")
    now = timezone.now()
    if promised_on is not None and promised_on < now.date():
        raise Invalid("promised_on", "The promised day lies in the past.")
    identity = uuid.uuid4()
    order = Order.objects.create(
        account=account,
        number=f"T{identity.hex[:8].upper()}",
        amount=amount.quantize(Decimal("0.01")),
        ordered_at=now,
        promised_on=promised_on,
        external_id=str(identity),
    )
    details = {"account": str(account.public_id), "amount": str(order.amount)}
    record_audit(verb="order.take", subject=_id_of(order), details=details, acting_person=acting_person)
    return order


def _require(acting_person: Actor, capability: str, account: Account, deed: str) -> None:
    if not acting_person.can(capability):
        raise NotAllowed(f"Your role does not {deed}.")
    if not Account.objects.open_book_to(acting_person).filter(pk=account.pk).exists():
        raise NotAllowed(f"You do not look after {account}.")


def _check_contact_values(channel: str, purpose: str, happened_at: datetime.datetime, minutes: int | None) -> None:
    if channel not in Channel.values:
        raise Invalid("channel", f"A contact is one of {', '.join(Channel.values)}.")
    if purpose not in Purpose.values:
        raise Invalid("purpose", f"A contact's purpose is one of {', '.join(Purpose.values)}.")
    if problem := why_impossible(happened_at):
        raise Invalid("happened_at", problem)
    if minutes is not None and not 0 <= minutes <= LONGEST_CONTACT_MINUTES:
        raise Invalid("minutes", "A contact takes between 0 minutes and a day.")


def _check_belongs(account: Account, record: Contact | Order | None, field: str, sentence: str) -> None:
    if record is not None and record.account_id != account.pk:
        raise Invalid(field, sentence)


def _id_of(record: Touchpoint | Order) -> uuid.UUID:
    """The database gives public ids, so that a fresh row has to be asked for its own."""
    record.refresh_from_db(fields=["public_id"])
    return record.public_id
