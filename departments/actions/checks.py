"""Effectiveness checks: opened by the clock with the figures they are read from, decided by a person."""

import datetime

from django.db import transaction
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, QuerySet, Value
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from accounts.models import Order
from departments.actions.cure_steps import as_it_was, fresh, record_problem_step, said, write_down
from departments.actions.permissions import require_answering
from departments.actions.steps import record_step
from departments.cure.poisson import compare
from departments.models import (
    CorrectiveAction,
    Decision,
    EffectivenessCheck,
    Person,
    Problem,
    Responsibility,
)

DAY = datetime.timedelta(days=1)


def open_due_checks(now: datetime.datetime) -> int:
    """Open the check of each action that was done long enough ago; return how many.

    What another worker is at is left to it; what has a check already gets no second one.
    """
    return sum(_open(action_id, now) for action_id in _due(now).values_list("pk", flat=True))


def _due(now: datetime.datetime) -> QuerySet[CorrectiveAction]:
    wait = ExpressionWrapper(F("check_after_days") * Value(DAY), output_field=DurationField())
    done = CorrectiveAction.objects.standing().order_by("done_at").filter(done_at__isnull=False)
    checked = EffectivenessCheck.objects.filter(action=OuterRef("pk"), done_at=OuterRef("done_at"))
    due = done.annotate(due_at=ExpressionWrapper(F("done_at") + wait, output_field=DateTimeField()))
    return due.filter(~Exists(checked), due_at__lte=now)


@transaction.atomic
def _open(action_id: int, now: datetime.datetime) -> bool:
    locked = CorrectiveAction.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=action_id)
    action = locked.select_related("incident", "problem").first()
    if action is None or not _due(now).filter(pk=action_id).exists():
        return False
    check = measured(action)
    check.opened_at = now
    check.save()
    check.refresh_from_db()
    details = {"action": action.words, "verdict": check.verdict}
    subject = action.subject
    if isinstance(subject, Problem):
        record_problem_step(subject, "check_opened", "", None, details)
    else:
        record_step(incident=subject, verb="check_opened", words="", acting_person=None, details=details)
    return True


def measured(action: CorrectiveAction) -> EffectivenessCheck:
    """Return the check of a done action, not stored yet: as many days before it was done as after.

    Incidents are those of the action's friction type that its department answers for, each as one, whatever its share;
    they are held against all orders of the same days.
    """
    if action.done_at is None:
        raise ValueError("Only what is done can be checked.")
    span = action.check_after_days * DAY
    before = _counts(action, action.done_at - span, action.done_at)
    after = _counts(action, action.done_at, action.done_at + span)
    found = compare(before=before[0], exposure_before=before[1], after=after[0], exposure_after=after[1])
    return EffectivenessCheck(
        action=action,
        done_at=action.done_at,
        days=action.check_after_days,
        incidents_before=before[0],
        orders_before=before[1],
        incidents_after=after[0],
        orders_after=after[1],
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        verdict=found.verdict,
    )


def _counts(action: CorrectiveAction, since: datetime.datetime, until: datetime.datetime) -> tuple[int, int]:
    incidents = Responsibility.objects.filter(
        incident__friction_type=action.friction_type_id,
        department=action.department_id,
        share__gt=0,
        incident__happened_at__gte=since,
        incident__happened_at__lt=until,
    )
    orders = Order.objects.filter(ordered_at__gte=since, ordered_at__lt=until)
    return incidents.count(), orders.count()


@transaction.atomic
def confirm_check(*, check: EffectivenessCheck, words: str, thanks: str, acting_person: Person) -> EffectivenessCheck:
    """Close an action, having looked at what became of the rate; the figures stay beside the decision."""
    subject = fresh(check.action.subject)
    require_answering(acting_person, check.action.department)
    reason = said(words, "words", "Say what you conclude.")
    _decide(check, Decision.CONFIRMED, reason, thanks.strip(), acting_person)
    undo = as_it_was(check, **UNDECIDED)
    details = {"verdict": check.verdict, "action": check.action.words}
    write_down(subject, "check_confirmed", reason, acting_person, also=[undo], details=details)
    check.refresh_from_db()
    return check


UNDECIDED = {"decision": "", "decided_at": None, "decided_by_id": None, "words": "", "thanks": ""}


def _decide(check: EffectivenessCheck, decision: Decision, words: str, thanks: str, acting_person: Person) -> None:
    undecided = EffectivenessCheck.objects.filter(pk=check.pk, decision="", action__undone_at=None)
    if not undecided.update(
        decision=decision, words=words, thanks=thanks, decided_at=timezone.now(), decided_by=acting_person
    ):
        raise Conflict("Somebody has decided on this check already.")


@transaction.atomic
def reopen_action(
    *, check: EffectivenessCheck, words: str, due_on: datetime.date, acting_person: Person
) -> EffectivenessCheck:
    """Say that the action was not enough: it is planned again, and once done it is checked anew."""
    action = check.action
    subject = fresh(action.subject)
    require_answering(acting_person, action.department)
    reason = said(words, "words", "Say what is still missing.")
    if due_on < timezone.localdate():
        raise Invalid("due_on", "This day has passed.")
    _decide(check, Decision.REOPENED, reason, "", acting_person)
    undo = [
        as_it_was(check, **UNDECIDED),
        as_it_was(
            action,
            done_at=action.done_at,
            done_by_id=action.done_by_id,
            done_words=action.done_words,
            due_on=action.due_on,
            reopened=action.reopened,
        ),
    ]
    CorrectiveAction.objects.filter(pk=action.pk).update(
        done_at=None, done_by=None, done_words="", due_on=due_on, reopened=F("reopened") + 1
    )
    details = {"verdict": check.verdict, "action": action.words, "due_on": due_on.isoformat()}
    write_down(subject, "action_reopened", reason, acting_person, also=undo, details=details)
    check.refresh_from_db()
    return check
