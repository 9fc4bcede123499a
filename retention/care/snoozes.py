"""Setting accounts aside for a while, and waking them: by hand, on their day, or when the risk rises."""

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Invalid, NotAllowed
from accounts.models import Account
from departments.actions.permissions import require
from departments.models import Capability, Person
from retention.models import Score, Snooze, WokenBy

LONGEST = datetime.timedelta(days=180)
LEAST_RISE, MOST_RISE = 0.01, 0.5


@transaction.atomic
def snooze_accounts(
    *,
    accounts: Collection[Account],
    until: datetime.date | None,
    wakes_at_rise: float,
    reason: str,
    acting_person: Person,
) -> list[Snooze]:
    """Set accounts aside until a day, or until the risk of each rises by `wakes_at_rise` (a share of 1).

    It is the acting person's own: everybody else keeps seeing them. What they had set aside before is set anew.
    Set-based: the number of statements does not grow with the accounts.
    """
    require(acting_person, Capability.SNOOZE)
    keys = sorted({account.pk for account in accounts})
    _check(keys, until, wakes_at_rise, reason, acting_person)
    # In the order of their keys, as everybody locks them; two tabs of one person wait here for each other.
    list(Account.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))
    risks = dict(Score.objects.filter(account__in=keys).values_list("account_id", "risk"))
    if until is None:
        _check_can_wake(keys, risks, wakes_at_rise)
    earlier = Snooze.objects.filter(person=acting_person, account__in=keys, woken_at=None)
    earlier.update(woken_at=timezone.now(), woken_by=WokenBy.PERSON)
    Snooze.objects.bulk_create(
        Snooze(
            account_id=key,
            person=acting_person,
            reason=reason.strip(),
            until=until,
            wakes_at_rise=wakes_at_rise,
            risk_then=risks.get(key),
        )
        for key in keys
    )
    made = list(Snooze.objects.filter(person=acting_person, account__in=keys, woken_at=None).select_related("account"))
    details = {
        "accounts": [str(snooze.account.public_id) for snooze in made],
        "until": until.isoformat() if until else None,
        "wakes_at_rise": wakes_at_rise,
        "reason": reason.strip(),
    }
    record_audit(verb="account.snooze", subject=_subject(made), details=details, acting_person=acting_person)
    return made


@transaction.atomic
def wake_accounts(*, accounts: Collection[Account], acting_person: Person) -> int:
    """Bring back what the person had set aside; return how many came back."""
    require(acting_person, Capability.SNOOZE)
    keys = [account.pk for account in accounts]
    own = Snooze.objects.filter(person=acting_person, account__in=keys, woken_at=None).select_related("account")
    waking = list(own.select_for_update(of=("self",)))
    Snooze.objects.filter(pk__in=[snooze.pk for snooze in waking]).update(
        woken_at=timezone.now(), woken_by=WokenBy.PERSON
    )
    if waking:
        details = {"accounts": [str(snooze.account.public_id) for snooze in waking]}
        record_audit(verb="account.wake", subject=_subject(waking), details=details, acting_person=acting_person)
    return len(waking)


@transaction.atomic
def wake_what_is_due() -> int:
    """Mark as woken what came back by itself, so that a risk that falls again does not hide it; return how many."""
    today = timezone.localdate()
    due = Snooze.objects.due(today).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    waking = list(due.values_list("pk", "until"))
    by_day = [key for key, until in waking if until and until <= today]
    now = timezone.now()
    Snooze.objects.filter(pk__in=by_day).update(woken_at=now, woken_by=WokenBy.DAY)
    by_risk = Snooze.objects.filter(pk__in=[key for key, _ in waking]).exclude(pk__in=by_day)
    by_risk.update(woken_at=now, woken_by=WokenBy.RISK)
    return len(waking)


def _check(
    keys: Sequence[int], until: datetime.date | None, wakes_at_rise: float, reason: str, acting_person: Person
) -> None:
    if not keys:
        raise Invalid("accounts", "Tick at least one account.")
    if not reason.strip():
        raise Invalid("reason", "Say why: colleagues read it.")
    if not LEAST_RISE <= wakes_at_rise <= MOST_RISE:
        raise Invalid("wakes_at_rise", "An account wakes when its risk rises by 1 to 50 points.")
    today = timezone.localdate()
    if until is not None and not today < until <= today + LONGEST:
        raise Invalid("until", f"Choose a day from tomorrow on, within {LONGEST.days} days.")
    kept = Account.objects.open_book_to(acting_person).filter(pk__in=keys)
    if kept.count() != len(keys):
        raise NotAllowed("You set aside accounts that you look after, and no others.")
    if kept.filter(left_on__isnull=False).exists():
        raise Invalid("accounts", "Accounts that have left are in no list to be set aside from.")


def _check_can_wake(keys: Sequence[int], risks: Mapping[int, float], rise: float) -> None:
    """Without a day, only the risk can wake an account: it must be known, and there must be room for it to rise."""
    if any(key not in risks for key in keys):
        raise Invalid("until", "What is not scored yet cannot wake by its risk: give a day.")
    if any(risks[key] + rise > 1 for key in keys):
        raise Invalid("until", "The risk of some cannot rise by so much any more: give a day.")


def _subject(snoozes: Sequence[Snooze]) -> uuid.UUID | None:
    return snoozes[0].account.public_id if len(snoozes) == 1 else None
