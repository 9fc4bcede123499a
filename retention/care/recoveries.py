"""Recoveries: started, changed, worked on step by step, and closed with words.

Each action is atomic and writes the audit. Whoever looks after the account leads; a step may be anybody's.
"""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.permissions import require, require_book
from departments.models import Capability, Incident, Person
from departments.models.person import SEES_EVERYTHING
from retention.models import OUTCOMES, Recovery, RecoveryState, RecoveryStep, Score

LONGEST = datetime.timedelta(days=730)


@dataclass(frozen=True, slots=True)
class NewStep:
    """Something to do: what, by whom, until when."""

    words: str
    owner: Person
    due_on: datetime.date


@transaction.atomic
def start_recovery(
    *,
    account: Account,
    goal: str,
    owner: Person,
    due_on: datetime.date,
    incidents: Collection[Incident],
    steps: Collection[NewStep],
    acting_person: Person,
) -> Recovery:
    """Begin to win an account back, and keep the risk of today beside it; `owner` leads it until `due_on`."""
    _require_lead(acting_person, account)
    if account.has_left:
        raise Invalid(None, f"{account} has left: what comes now is winning back a former customer.")
    check_plan(goal, owner, due_on)
    # One at a time: the account's row is the queue.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if under_way := Recovery.objects.open().filter(account=account).first():
        raise Conflict(f"A recovery of {account} is under way: “{under_way.goal}”.")
    score = Score.objects.filter(account=account).first()
    recovery = Recovery.objects.create(
        account=account,
        goal=goal.strip(),
        owner=owner,
        due_on=due_on,
        started_by=acting_person,
        risk_at_start=score.risk if score else None,
        model_at_start_id=score.model_id if score else None,
    )
    recovery.refresh_from_db()
    link_incidents(recovery, incidents, acting_person)
    _audit(
        "start", recovery, acting_person, goal=recovery.goal, owner=str(owner.public_id), risk=recovery.risk_at_start
    )
    for step in steps:
        add_step(recovery=recovery, words=step.words, owner=step.owner, due_on=step.due_on, acting_person=acting_person)
    return recovery


@transaction.atomic
def change_recovery(
    *,
    recovery: Recovery,
    goal: str,
    owner: Person,
    due_on: datetime.date,
    incidents: Collection[Incident],
    acting_person: Person,
) -> Recovery:
    """Change what is to be reached, by whom, until when, and which incidents it is about."""
    _require_lead(acting_person, recovery.account)
    check_plan(goal, owner, due_on, before=recovery)
    now = _require_under_way(recovery)
    before = {"goal": now.goal, "owner": str(now.owner.public_id), "due_on": now.due_on.isoformat()}
    recovery.goal, recovery.owner, recovery.due_on = goal.strip(), owner, due_on
    recovery.save(update_fields=["goal", "owner", "due_on"])
    link_incidents(recovery, incidents, acting_person)
    after = {"goal": recovery.goal, "owner": str(owner.public_id), "due_on": due_on.isoformat()}
    linked = [str(incident.public_id) for incident in incidents]
    _audit("change", recovery, acting_person, before=before, after=after, incidents=linked)
    return recovery


@transaction.atomic
def close_recovery(*, recovery: Recovery, outcome: str, words: str, acting_person: Person) -> Recovery:
    """Say how it ended, in words; the risk of today is kept beside that of the start."""
    _require_lead(acting_person, recovery.account)
    if outcome not in OUTCOMES:
        raise Invalid("outcome", f"A recovery ends as one of {', '.join(OUTCOMES)}.")
    if not words.strip():
        raise Invalid("words", "Say in words how it ended: the next one learns from it.")
    _require_under_way(recovery)
    score = Score.objects.filter(account=recovery.account_id).first()
    recovery.state, recovery.outcome_words = outcome, words.strip()
    recovery.closed_at, recovery.closed_by = timezone.now(), acting_person
    recovery.risk_at_close, recovery.model_at_close = (score.risk, score.model) if score else (None, None)
    changed = ["state", "outcome_words", "closed_at", "closed_by", "risk_at_close", "model_at_close"]
    recovery.save(update_fields=changed)
    _audit("close", recovery, acting_person, outcome=outcome, words=words.strip(), risk=recovery.risk_at_close)
    return recovery


@transaction.atomic
def add_step(
    *, recovery: Recovery, words: str, owner: Person, due_on: datetime.date, acting_person: Person
) -> RecoveryStep:
    """Add something to do."""
    _require_lead(acting_person, recovery.account)
    check_step(words, owner, due_on)
    _require_under_way(recovery)
    step = RecoveryStep.objects.create(recovery=recovery, words=words.strip(), owner=owner, due_on=due_on)
    step.refresh_from_db()
    _audit("add_step", recovery, acting_person, **_told(step))
    return step


@transaction.atomic
def change_step(
    *, step: RecoveryStep, words: str, owner: Person, due_on: datetime.date, acting_person: Person
) -> RecoveryStep:
    """Change what is to be done, by whom, until when."""
    _require_lead(acting_person, step.recovery.account)
    check_step(words, owner, due_on, before=step)
    _require_under_way(step.recovery)
    before = _told(step)
    step.words, step.owner, step.due_on = words.strip(), owner, due_on
    step.save(update_fields=["words", "owner", "due_on"])
    _audit("change_step", step.recovery, acting_person, before=before, after=_told(step))
    return step


@transaction.atomic
def remove_step(*, step: RecoveryStep, acting_person: Person) -> None:
    """Take a step out that is not to be done; what was done stays on record."""
    _require_lead(acting_person, step.recovery.account)
    _require_under_way(step.recovery)
    if not RecoveryStep.objects.filter(pk=step.pk, done_at=None).delete()[0]:
        raise Conflict("This step is done, and stays on record.")
    _audit("remove_step", step.recovery, acting_person, **_told(step))


@transaction.atomic
def finish_step(*, step: RecoveryStep, acting_person: Person) -> RecoveryStep:
    """Say that a step is done: by whose it is, or by whoever leads the recovery."""
    _require_worker(acting_person, step)
    _require_under_way(step.recovery)
    if not RecoveryStep.objects.filter(pk=step.pk, done_at=None).update(done_at=timezone.now(), done_by=acting_person):
        raise Conflict("This step is done already.")
    step.refresh_from_db()
    _audit("finish_step", step.recovery, acting_person, **_told(step))
    return step


@transaction.atomic
def reopen_step(*, step: RecoveryStep, acting_person: Person) -> RecoveryStep:
    """Say that a step is not done after all."""
    _require_worker(acting_person, step)
    _require_under_way(step.recovery)
    if not RecoveryStep.objects.filter(pk=step.pk, done_at__isnull=False).update(done_at=None, done_by=None):
        raise Conflict("This step is not done yet.")
    step.refresh_from_db()
    _audit("reopen_step", step.recovery, acting_person, **_told(step))
    return step


def may_lead(person: Person, account: Account) -> bool:
    """Return whether the person may start, change and close recoveries of the account."""
    return (
        person.can(Capability.LEAD_RECOVERIES) and Account.objects.open_book_to(person).filter(pk=account.pk).exists()
    )


def may_work_on(person: Person, step: RecoveryStep) -> bool:
    """Return whether the person may say that the step is done."""
    return person.is_active and (step.owner_id == person.pk or may_lead(person, step.recovery.account))


def link_incidents(recovery: Recovery, incidents: Collection[Incident], acting_person: Person) -> None:
    """Say which incidents of the account the recovery is about: these, among those that the person sees."""
    seen = Incident.objects.visible_to(acting_person).filter(account=recovery.account_id).order_by()
    wanted = {incident.pk for incident in incidents}
    if wanted - set(seen.filter(pk__in=wanted).values_list("pk", flat=True)):
        raise Invalid("incidents", f"Link incidents of {recovery.account} alone.")
    kept = recovery.incidents.exclude(pk__in=seen.values("pk")).values_list("pk", flat=True)
    recovery.incidents.set(wanted.union(kept))


def check_plan(goal: str, owner: Person, due_on: datetime.date, before: Recovery | None = None) -> None:
    """Refuse a plan without a goal, led by nobody who could, or until a day that cannot be meant."""
    if not goal.strip():
        raise Invalid("goal", "Say what is to be reached.")
    if not (before and before.owner_id == owner.pk) and not _leads(owner):
        raise Invalid("owner", f"{owner} cannot lead a recovery: an account manager or the service desk does.")
    _check_day(due_on, before.due_on if before else None)


def check_step(words: str, owner: Person, due_on: datetime.date, before: RecoveryStep | None = None) -> None:
    """Refuse a step that says nothing, is nobody's, or is due on a day that cannot be meant."""
    if not words.strip():
        raise Invalid("words", "Say what is to be done.")
    if not (before and before.owner_id == owner.pk) and (not owner.is_active or owner.role in SEES_EVERYTHING):
        raise Invalid("owner", f"{owner} takes no steps on: choose somebody who looks after customers or incidents.")
    _check_day(due_on, before.due_on if before else None)


def _leads(person: Person) -> bool:
    return person.can(Capability.LOG_CONTACT)


def _check_day(due_on: datetime.date, before: datetime.date | None) -> None:
    today = timezone.localdate()
    if due_on != before and not today <= due_on <= today + LONGEST:
        raise Invalid("due_on", "Choose a day from today on, within two years.")


def _require_lead(acting_person: Person, account: Account) -> None:
    require(acting_person, Capability.LEAD_RECOVERIES)
    require_book(acting_person, account)


def _require_worker(acting_person: Person, step: RecoveryStep) -> None:
    if not may_work_on(acting_person, step):
        raise NotAllowed(f"This step is {step.owner}’s: they say when it is done, or whoever leads the recovery.")


def _require_under_way(recovery: Recovery) -> Recovery:
    """Lock the recovery, so that nothing is done to it while it is closed, refuse one that is, and return it as is."""
    now = Recovery.objects.select_for_update(of=("self",)).get(pk=recovery.pk)
    if now.state != RecoveryState.OPEN:
        raise Conflict(f"This recovery is closed: {now.get_state_display().lower()}.")
    return now


def _told(step: RecoveryStep) -> dict[str, str]:
    return {
        "step": str(step.public_id),
        "words": step.words,
        "owner": str(step.owner.public_id),
        "due_on": step.due_on.isoformat(),
    }


def _audit(verb: str, recovery: Recovery, acting_person: Person, **details: Any) -> None:
    details["account"] = str(recovery.account.public_id)
    record_audit(verb=f"recovery.{verb}", subject=recovery.public_id, details=details, acting_person=acting_person)
