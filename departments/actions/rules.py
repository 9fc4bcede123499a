"""Changing the rules that find friction: each change is a new version, and the audit keeps the old one."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.actions import record_audit
from accounts.errors import Invalid
from departments.actions.permissions import require
from departments.models import Capability, DetectionRule, Person

# What an incident that the rule has opened was judged by.
MEANING = ("signal_kind", "condition", "friction_type_id", "severity", "title")
RECORDED = (*MEANING, "slug", "name", "is_active", "version")


@transaction.atomic
def save_rule(*, rule: DetectionRule, acting_person: Person) -> DetectionRule:
    """Keep a new or changed rule; it applies to signals from now on, to earlier ones by `detect --all`."""
    require(acting_person, Capability.CONFIGURE)
    before = DetectionRule.objects.select_for_update().filter(pk=rule.pk).first()
    if before is not None:
        rule.version = before.version + any(getattr(rule, name) != getattr(before, name) for name in MEANING)
    _validate(rule)
    rule.save()
    rule.refresh_from_db()
    details = {"before": _recorded(before) if before else None, "after": _recorded(rule)}
    verb = "rule.change" if before else "rule.create"
    record_audit(verb=verb, subject=rule.public_id, details=details, acting_person=acting_person)
    return rule


def _validate(rule: DetectionRule) -> None:
    try:
        rule.full_clean()
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise Invalid(field, " ".join(sentences)) from None


def _recorded(rule: DetectionRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in RECORDED}
