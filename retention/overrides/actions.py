"""Overriding a risk: by whoever looks after the account, with a reason and an expiry, above a value by two people."""

import datetime
import math
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account, Organisation
from departments.actions.permissions import require
from departments.models import Capability, Person
from retention.models import Approval, Override, Score

MOST_DAYS = 90
PENNY = Decimal("0.01")


@transaction.atomic
def override_risk(
    *, account: Account, risk: float, reason: str, expires_on: datetime.date, acting_person: Person
) -> Override:
    """Hold the account's risk to be another than the computed one, to the end of a day; it waits if it needs approval.

    `risk` lies from 0 to 1. One override of an account at a time: the first of two people stands.
    """
    require(acting_person, Capability.OVERRIDE_RISK)
    _require_book(account, acting_person)
    _check(risk, reason, expires_on)
    # One at a time, so that the second of two is told of the first: the account's row is the queue.
    locked = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    score = _standing_score(locked)
    _end_expired(locked)
    _refuse_a_second(locked)
    override = Override.objects.create(
        account=locked,
        risk=risk,
        reason=reason.strip(),
        made_by=acting_person,
        expires_at=_end_of(expires_on),
        computed_risk=score.risk,
        model_id=score.model_id,
        annual_revenue=Decimal(score.annual_revenue).quantize(PENNY),
        approval=Approval.PENDING if needs_approval(score) else Approval.NOT_NEEDED,
    )
    override.refresh_from_db()
    details = {"account": str(locked.public_id), "risk": risk, "computed": score.risk, "until": expires_on.isoformat()}
    record_audit(verb="override.make", subject=override.public_id, details=details, acting_person=acting_person)
    return override


def needs_approval(score: Score) -> bool:
    """Return whether overriding it takes a second person: the account's annual revenue lies above the limit."""
    limit = Organisation.objects.values_list("override_approval_revenue", flat=True).first()
    return limit is not None and score.annual_revenue > limit


@transaction.atomic
def approve_override(*, override: Override, words: str, acting_person: Person) -> Override:
    """Let an override hold, as the second person."""
    return _answer(override, Approval.APPROVED, words, acting_person)


@transaction.atomic
def refuse_override(*, override: Override, words: str, acting_person: Person) -> Override:
    """Let an override not hold, and say why."""
    if not words.strip():
        raise Invalid("words", "Say why it is refused: whoever made it must know.")
    return _answer(override, Approval.REFUSED, words, acting_person)


def _answer(override: Override, approval: Approval, words: str, acting_person: Person) -> Override:
    require(acting_person, Capability.APPROVE_OVERRIDES)
    if override.made_by_id == acting_person.pk:
        raise NotAllowed("Somebody else must answer for an override that you made.")
    now = timezone.now()
    waiting = Override.objects.pending(now).filter(pk=override.pk)
    ended_at = now if approval == Approval.REFUSED else None
    if not waiting.update(
        approval=approval, answered_by=acting_person, answered_at=now, answer_words=words.strip(), ended_at=ended_at
    ):
        raise Conflict(_why_it_does_not_wait(override))
    override.refresh_from_db()
    details = {"answer": str(approval), "words": words.strip()}
    record_audit(verb="override.answer", subject=override.public_id, details=details, acting_person=acting_person)
    return override


@transaction.atomic
def withdraw_override(*, override: Override, acting_person: Person) -> Override:
    """Take an override back before it expires: whoever looks after the account may."""
    require(acting_person, Capability.OVERRIDE_RISK)
    _require_book(override.account, acting_person)
    now = timezone.now()
    if not Override.objects.unended(now).filter(pk=override.pk).update(ended_at=now):
        raise Conflict("It has ended already: withdrawn, refused or expired.")
    override.refresh_from_db()
    record_audit(verb="override.withdraw", subject=override.public_id, details={}, acting_person=acting_person)
    return override


def _require_book(account: Account, person: Person) -> None:
    if not Account.objects.open_book_to(person).filter(pk=account.pk).exists():
        raise NotAllowed("This account is not among those you look after.")


def _check(risk: float, reason: str, expires_on: datetime.date) -> None:
    if not (math.isfinite(risk) and 0.0 <= risk <= 1.0):
        raise Invalid("risk", "A risk lies from 0% to 100%.")
    if not reason.strip():
        raise Invalid("reason", "Say what you know that the computed risk does not.")
    days = (expires_on - timezone.localdate()).days
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("expires_on", f"An override ends between tomorrow and {MOST_DAYS} days from now.")


def _standing_score(account: Account) -> Score:
    if account.has_left:
        raise Invalid(None, "This customer has left: there is no risk any more that could be another.")
    score = Score.objects.filter(account=account).first()
    if score is None:
        raise Invalid(None, "This account has no score yet that could be overridden.")
    return score


def _end_expired(account: Account) -> None:
    """Close what has expired by itself, so that another can be made."""
    expired = Override.objects.filter(account=account, ended_at=None, expires_at__lte=timezone.now())
    expired.update(ended_at=F("expires_at"))


def _refuse_a_second(account: Account) -> None:
    first = Override.objects.filter(account=account, ended_at=None).select_related("made_by").first()
    if first is not None:
        raise Conflict(
            f"{first.made_by} has overridden this risk to {first.risk:.0%} until {first.expires_at:%d %B %Y}: "
            "withdraw that first."
        )


def _why_it_does_not_wait(override: Override) -> str:
    now = Override.objects.select_related("answered_by").get(pk=override.pk)
    if now.answered_by is not None:
        return f"{now.answered_by} was first: {now.get_approval_display().lower()}."
    if now.ended_at is not None:
        return "It was withdrawn."
    return "It has expired." if now.is_pending else "It needs no approval."


def _end_of(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.max))
