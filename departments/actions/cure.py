"""The steps of a cure: containment, cause, corrective action, what it cost, and what passed with the customer."""

import datetime
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Organisation
from accounts.moments import why_impossible
from departments.actions.cure_steps import as_it_was, fresh, of, require_curing, said, taken_back, write_down
from departments.actions.permissions import require, require_sight
from departments.models import (
    ActionKind,
    Capability,
    CauseCode,
    Containment,
    CorrectiveAction,
    Cost,
    CostKind,
    CustomerStep,
    CustomerStepKind,
    Incident,
    OfSubject,
    Person,
    RootCause,
    Subject,
)
from departments.models.cure import BEST_SCORE, MOST_WHYS

SHORTEST_CHECK_DAYS, LONGEST_CHECK_DAYS = 7, 730
MOST_MONEY, MOST_HOURS = Decimal("9999999999"), Decimal("9999")
CENT = Decimal("0.01")


@transaction.atomic
def contain(*, subject: Subject, words: str, done_at: datetime.datetime | None, acting_person: Person) -> Containment:
    """Record what was done at once for the customer, before anybody knew why it happened; now, unless told when."""
    require_curing(acting_person, subject)
    text = said(words, "words", "Say what was done at once.")
    _check_moment("done_at", done_at)
    row = Containment.objects.create(**of(subject), person=acting_person, words=text, done_at=done_at or timezone.now())
    write_down(subject, "contained", text, acting_person, also=[taken_back(row)])
    return row


def _check_moment(field: str, moment: datetime.datetime | None) -> None:
    if moment is not None and (problem := why_impossible(moment)):
        raise Invalid(field, problem)


@transaction.atomic
def find_cause(
    *, subject: Subject, whys: Sequence[str], cause: CauseCode | None, escape: str, acting_person: Person
) -> RootCause:
    """Record why it happened, each why the answer to the one before; what was recorded before stays in the record."""
    require_curing(acting_person, subject)
    lines = [line.strip() for line in whys if line.strip()]
    if not lines:
        raise Invalid("whys", "Say at least one why.")
    if len(lines) > MOST_WHYS:
        raise Invalid("whys", f"At most {MOST_WHYS} whys.")
    if cause is not None and cause.department_id != subject.department_id:
        raise Invalid("cause", f"“{cause}” is a cause of another department.")
    row = RootCause.objects.create(**of(subject), person=acting_person, whys=lines, cause=cause, escape=escape.strip())
    details = {"whys": lines, "cause": cause.name if cause else None, "escape": row.escape}
    write_down(subject, "cause_found", lines[-1], acting_person, also=[taken_back(row)], details=details)
    return row


@transaction.atomic
def plan_action(
    *,
    subject: Subject,
    words: str,
    kind: str,
    owner: Person,
    due_on: datetime.date,
    check_after_days: int | None,
    acting_person: Person,
) -> CorrectiveAction:
    """Plan what is changed so that it does not happen again: whose it is, and by when.

    Its effect is checked so many days after it was done; by the friction type's days, unless told otherwise.
    """
    require_curing(acting_person, subject)
    text = said(words, "words", "Say what is changed.")
    if kind not in ActionKind.values:
        raise Invalid("kind", f"A kind is one of {', '.join(ActionKind.values)}.")
    _check_owner(subject, owner)
    _check_day(due_on)
    days = subject.friction_type.check_after_days if check_after_days is None else check_after_days
    if not SHORTEST_CHECK_DAYS <= days <= LONGEST_CHECK_DAYS:
        raise Invalid("check_after_days", f"From {SHORTEST_CHECK_DAYS} to {LONGEST_CHECK_DAYS} days.")
    row = CorrectiveAction.objects.create(
        **of(subject),
        person=acting_person,
        words=text,
        kind=kind,
        owner=owner,
        due_on=due_on,
        department=subject.department,
        friction_type=subject.friction_type,
        check_after_days=days,
    )
    details = {"owner": owner.name, "due_on": due_on.isoformat(), "kind": kind}
    write_down(subject, "action_planned", text, acting_person, also=[taken_back(row)], details=details)
    return row


def _check_owner(subject: Subject, owner: Person) -> None:
    if not owner.is_active or not owner.can(Capability.WORK_ON_INCIDENTS):
        raise Invalid("owner", f"{owner} does not work on incidents.")
    if not type(subject).objects.visible_to(owner).filter(pk=subject.pk).exists():
        raise Invalid("owner", f"{owner} has nothing to do with it, and would not see it.")


def _check_day(due_on: datetime.date) -> None:
    if due_on < timezone.localdate():
        raise Invalid("due_on", "This day has passed.")


@transaction.atomic
def replan_action(
    *, action: CorrectiveAction, owner: Person, due_on: datetime.date, words: str, acting_person: Person
) -> CorrectiveAction:
    """Give an action to somebody else, or another day, and say why; the record keeps what was."""
    subject = fresh(action.subject)
    require_curing(acting_person, subject)
    reason = said(words, "words", "Say why it is planned anew.")
    _require_planned(action)
    _check_owner(subject, owner)
    _check_day(due_on)
    if (owner.pk, due_on) == (action.owner_id, action.due_on):
        raise Invalid(None, "Neither owner nor day would change.")
    undo = as_it_was(action, owner_id=action.owner_id, due_on=action.due_on)
    details = {
        "owner": [action.owner.name, owner.name],
        "due_on": [action.due_on.isoformat(), due_on.isoformat()],
        "action": action.words,
    }
    CorrectiveAction.objects.filter(pk=action.pk).update(owner=owner, due_on=due_on)
    write_down(subject, "action_replanned", reason, acting_person, also=[undo], details=details)
    action.refresh_from_db()
    return action


def _require_planned(action: CorrectiveAction) -> None:
    action.refresh_from_db(fields=["done_at", "undone_at"])
    if action.undone_at is not None:
        raise Conflict("This action was dropped.")
    if action.done_at is not None:
        raise Conflict("This action is done already.")


@transaction.atomic
def finish_action(*, action: CorrectiveAction, words: str, acting_person: Person) -> CorrectiveAction:
    """Say that an action is done; its owner can, and whoever works in the department that holds it.

    So many days later its effect on the rate per order is checked.
    """
    subject = fresh(action.subject)
    if acting_person.pk != action.owner_id:
        require_curing(acting_person, subject)
    text = said(words, "words", "Say what was changed.")
    _require_planned(action)
    undo = as_it_was(action, done_at=None, done_by_id=None, done_words="")
    CorrectiveAction.objects.filter(pk=action.pk).update(done_at=timezone.now(), done_by=acting_person, done_words=text)
    write_down(subject, "action_done", text, acting_person, also=[undo], details={"action": action.words})
    action.refresh_from_db()
    return action


@transaction.atomic
def drop_action(*, action: CorrectiveAction, words: str, acting_person: Person) -> CorrectiveAction:
    """Say why a planned action is not going to be done; the record keeps it."""
    subject = fresh(action.subject)
    require_curing(acting_person, subject)
    reason = said(words, "words", "Say why it is dropped.")
    _require_planned(action)
    undo = as_it_was(action, undone_at=None, withdrawn_words="")
    CorrectiveAction.objects.filter(pk=action.pk).update(undone_at=timezone.now(), withdrawn_words=reason)
    write_down(subject, "action_dropped", reason, acting_person, also=[undo], details={"action": action.words})
    action.refresh_from_db()
    return action


@transaction.atomic
def record_cost(
    *,
    incident: Incident,
    kind: str,
    amount: Decimal | None,
    hours: Decimal | None,
    words: str,
    acting_person: Person,
) -> Cost:
    """Record what the incident cost directly: money, or hours, which count by the organisation's hourly rate."""
    require_curing(acting_person, incident)
    if kind not in CostKind.values:
        raise Invalid("kind", f"A kind is one of {', '.join(CostKind.values)}.")
    rate = None
    if kind == CostKind.HOURS:
        if hours is None or not 0 < hours <= MOST_HOURS:
            raise Invalid("hours", "Say how many hours.")
        rate = (Organisation.objects.first() or Organisation()).hourly_rate
        amount = (hours * rate).quantize(CENT)
    if amount is None or not 0 < amount <= MOST_MONEY:
        raise Invalid("amount", "A cost is above zero.")
    row = Cost.objects.create(
        **of(incident),
        person=acting_person,
        kind=kind,
        amount=amount,
        hours=hours if rate is not None else None,
        hourly_rate=rate,
        words=words.strip(),
    )
    details = {"kind": kind, "amount": str(amount)}
    write_down(incident, "cost_recorded", row.words, acting_person, also=[taken_back(row)], details=details)
    return row


@transaction.atomic
def record_customer_step(
    *,
    incident: Incident,
    kind: str,
    happened_at: datetime.datetime | None,
    score: int | None,
    words: str,
    acting_person: Person,
) -> CustomerStep:
    """Record that the customer was told or asked: whoever may report friction there can; now, unless told when."""
    require(acting_person, Capability.REPORT_FRICTION)
    require_sight(acting_person, incident)
    if kind not in CustomerStepKind.values:
        raise Invalid("kind", f"A kind is one of {', '.join(CustomerStepKind.values)}.")
    _check_moment("happened_at", happened_at)
    if score is not None and (kind != CustomerStepKind.ASKED or not 0 <= score <= BEST_SCORE):
        raise Invalid("score", f"A score from 0 to {BEST_SCORE} answers whether the customer is satisfied.")
    row = CustomerStep.objects.create(
        **of(incident),
        person=acting_person,
        kind=kind,
        happened_at=happened_at or timezone.now(),
        score=score,
        words=words.strip(),
    )
    verb = {"acknowledged": "customer_told", "answered": "customer_answered", "asked": "customer_asked"}[kind]
    write_down(incident, verb, row.words, acting_person, also=[taken_back(row)], details={"score": score})
    return row


@transaction.atomic
def strike(*, row: OfSubject, words: str, acting_person: Person) -> OfSubject:
    """Say that something recorded is wrong, and why: it counts no longer, the record keeps it.

    Who recorded it can, and whoever works in the department that holds it.
    """
    subject = fresh(row.subject)
    if row.person_id != acting_person.pk:
        require_curing(acting_person, subject)
    if isinstance(row, CorrectiveAction):
        raise NotAllowed("An action is dropped, not struck out.")
    reason = said(words, "words", "Say what is wrong with it.")
    if not type(row)._default_manager.filter(pk=row.pk, undone_at=None).update(undone_at=timezone.now()):
        raise Conflict("It has been struck out already.")
    undo = as_it_was(row, undone_at=None)
    details = {"struck": row._meta.model_name, "what": str(row)}
    write_down(subject, "struck", reason, acting_person, also=[undo], details=details)
    row.refresh_from_db()
    return row
