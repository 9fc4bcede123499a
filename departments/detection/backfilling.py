"""Holding one rule against the past: in batches, each done wholly or not at all, and taken up where they end."""

import datetime

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Signal
from departments.conditions import ConditionError
from departments.detection.draining import BATCH, WAIT_FOR_LOCK, Detection, hold
from departments.detection.matching import compile_rule
from departments.models import BackfillState, DetectionRule, RuleBackfill

STALE = datetime.timedelta(minutes=1)


def signals_between(rule: DetectionRule, first_day: datetime.date, last_day: datetime.date) -> QuerySet[Signal]:
    """Return the signals of the rule's kind that happened on the days, the last included, by UTC."""
    begin = datetime.datetime.combine(first_day, datetime.time.min, datetime.UTC)
    end = datetime.datetime.combine(last_day, datetime.time.min, datetime.UTC) + datetime.timedelta(days=1)
    return Signal.objects.filter(kind=rule.signal_kind, happened_at__gte=begin, happened_at__lt=end)


def perform(backfill_id: int, size: int = BATCH) -> None:
    """Do what is left of a backfill; a repeated message finds it done."""
    while _do_some(backfill_id, size):
        pass


def stale_backfills() -> list[int]:
    """Return the backfills whose message may be lost, or whose worker died."""
    before = timezone.now() - STALE
    waiting = Q(worked_at=None, asked_at__lt=before) | Q(worked_at__lt=before)
    return list(RuleBackfill.objects.unfinished().filter(waiting).values_list("pk", flat=True))


@transaction.atomic
def _do_some(backfill_id: int, size: int) -> bool:
    """Hold the rule against the next signals, and return whether there may be more."""
    with connection.cursor() as cursor:
        cursor.execute(WAIT_FOR_LOCK)
    backfill = RuleBackfill.objects.unfinished().select_for_update(of=["self"]).filter(pk=backfill_id).first()
    if backfill is None:
        return False
    rule = DetectionRule.objects.get(pk=backfill.rule_id)
    if rule.version != backfill.version or not rule.is_active:
        return _finish(backfill, BackfillState.REPLACED)
    signals = signals_between(rule, backfill.first_day, backfill.last_day).filter(pk__gt=backfill.reached)
    marked = list(signals.order_by("pk").values_list("pk", flat=True)[:size])
    if not marked:
        return _finish(backfill, BackfillState.DONE)
    try:
        done = hold(marked, {rule.signal_kind: (compile_rule(rule),)})
    except ConditionError:
        return _finish(backfill, BackfillState.REPLACED)
    _note(backfill, marked, done)
    return True


def _note(backfill: RuleBackfill, marked: list[int], done: Detection) -> None:
    RuleBackfill.objects.filter(pk=backfill.pk).update(
        state=BackfillState.RUNNING,
        reached=marked[-1],
        worked_at=timezone.now(),
        looked_at=F("looked_at") + len(marked),
        opened=F("opened") + done.opened,
        corrected=F("corrected") + done.corrected,
        withdrawn=F("withdrawn") + done.withdrawn,
    )


def _finish(backfill: RuleBackfill, state: BackfillState) -> bool:
    RuleBackfill.objects.filter(pk=backfill.pk).update(state=state, finished_at=timezone.now())
    return False
