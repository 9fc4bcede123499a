"""Asking that a rule be held against the past, too."""

import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.rules import may_keep
from departments.detection.backfilling import signals_between
from departments.models import DetectionRule, Person, RuleBackfill


@transaction.atomic
def ask_for_backfill(
    *, rule: DetectionRule, first_day: datetime.date, last_day: datetime.date, acting_person: Person
) -> RuleBackfill:
    """Keep what was asked for, for a worker to do; the rule's version of now is what is held against the past.

    Raises NotAllowed, Invalid with a sentence, and Conflict where the rule is out of use or one is under way.
    """
    if not may_keep(acting_person, rule.friction_type):
        raise NotAllowed("Only who keeps this rule holds it against the past.")
    if first_day > last_day:
        raise Invalid("last_day", "The last day lies before the first.")
    if last_day > timezone.now().date():
        raise Invalid("last_day", "The last day lies ahead: from now on the rule finds what comes by itself.")
    rule = DetectionRule.objects.select_for_update().get(pk=rule.pk)
    if not rule.is_active:
        raise Conflict("The rule is switched off: switch it on first.")
    if rule.backfills.unfinished().exists():
        raise Conflict("It is being held against the past already: wait until that has ended.")
    asked = RuleBackfill.objects.create(
        rule=rule,
        version=rule.version,
        first_day=first_day,
        last_day=last_day,
        asked_by=acting_person,
        signals=signals_between(rule, first_day, last_day).count(),
    )
    asked.refresh_from_db()
    details = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat(), "version": rule.version}
    record_audit(verb="rule.backfill", subject=rule.public_id, details=details, acting_person=acting_person)
    return asked
