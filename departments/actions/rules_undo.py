"""Taking back a change of a detection rule: as a change of its own, so that no version ever means two things."""

import datetime

from django.utils import timezone

from accounts.errors import Conflict
from accounts.moments import first_id_of
from departments.actions.rules import MEANING, save_rule
from departments.detection.draining import mark_signals_since, wait_for_detection
from departments.models import DetectionRule, Incident, Person, RuleMatch

# Signals are known once they are committed: what was read in before may have been looked at only afterwards.
ON_THEIR_WAY = datetime.timedelta(minutes=1)


def take_back_rule(
    *, left: DetectionRule, before: DetectionRule | None, done_at: datetime.datetime, acting_person: Person
) -> None:
    """Let a rule say what it said before the change that left it so; one that there was not before is switched off.

    Versions stay on record, and the one that is taken back says so. Signals that came meanwhile are looked at again.
    Raises Conflict where the rule as it was changed has found anything, or is held against the past.
    """
    wait_for_detection()
    is_of_meaning = before is None or before.version != left.version
    if left.is_active:
        _require_nothing_found(left, done_at, done_at - ON_THEIR_WAY if is_of_meaning else done_at)
    rule = DetectionRule.objects.select_related("friction_type__department").get(pk=left.pk)
    for name in (*MEANING, "name", "is_active"):
        setattr(rule, name, getattr(before or left, name))
    rule.is_active = rule.is_active and before is not None
    save_rule(rule=rule, acting_person=acting_person)
    if is_of_meaning:
        rule.versions.filter(number=left.version, taken_back_at=None).update(taken_back_at=timezone.now())
    if rule.is_active:
        mark_signals_since(rule.signal_kind, done_at - ON_THEIR_WAY)


def _require_nothing_found(rule: DetectionRule, since: datetime.datetime, in_signals_since: datetime.datetime) -> None:
    if rule.backfills.filter(asked_at__gte=since).exists():
        raise Conflict("It is held against the past since, so it stays as it is: change it on its page.")
    matches = RuleMatch.objects.filter(rule=rule, version=rule.version)
    found = matches.filter(signal__public_id__gte=first_id_of(in_signals_since)).exists()
    if found or Incident.objects.filter(rule=rule, public_id__gte=first_id_of(since)).exists():
        raise Conflict("It has found friction since, which stays on record: change the rule on its page.")
