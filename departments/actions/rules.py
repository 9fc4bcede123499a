"""Changing the rules that find friction: each change of meaning is a new version, and the database keeps the old."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.permissions import require
from departments.models import Capability, DetectionRule, FrictionType, Person

# What an incident that the rule has opened was judged by.
MEANING = (
    "signal_kind",
    "condition",
    "friction_type_id",
    "severity",
    "title",
    "grouping_count",
    "grouping_days",
    "batch_days",
)
RECORDED = (*MEANING, "slug", "name", "is_active", "version")


def may_keep(person: Person, friction_type: FrictionType) -> bool:
    """Return whether the person keeps the rules of a friction type: its department's head does, or an administrator."""
    if not person.can(Capability.KEEP_RULES):
        return False
    return person.can(Capability.CONFIGURE) or person.department_id == friction_type.department_id


@transaction.atomic
def save_rule(*, rule: DetectionRule, acting_person: Person) -> DetectionRule:
    """Keep a new or changed rule; it applies to signals from now on, to earlier ones when it is held against them.

    Raises Conflict where somebody changed the rule since it was read, NotAllowed, and Invalid with a sentence.
    """
    require(acting_person, Capability.KEEP_RULES)
    before = DetectionRule.objects.select_for_update().filter(pk=rule.pk).first()
    _require_keeping(rule, before, acting_person)
    _count(rule, before)
    rule.slug = rule.slug or _free_slug(rule.name)
    rule.changed_by = acting_person.name
    _validate(rule)
    rule.save()
    rule.refresh_from_db()
    details = {"before": _recorded(before) if before else None, "after": _recorded(rule)}
    verb = "rule.change" if before else "rule.create"
    record_audit(verb=verb, subject=rule.public_id, details=details, acting_person=acting_person)
    return rule


def _require_keeping(rule: DetectionRule, before: DetectionRule | None, acting_person: Person) -> None:
    """Whoever changes a rule keeps it before and after: none is pushed to another department, and none taken."""
    for one in (before, rule):
        if one is not None and not may_keep(acting_person, one.friction_type):
            raise NotAllowed(
                f"Rules over “{one.friction_type}” are kept by the head of {one.friction_type.department}"
                " and by administrators."
            )


def _count(rule: DetectionRule, before: DetectionRule | None) -> None:
    """Number the change and, where it changes what the rule means, the version."""
    if before is None:
        rule.version = rule.revision = 1
        return
    _require_unchanged(rule, before)
    rule.version = before.version + any(getattr(rule, name) != getattr(before, name) for name in MEANING)
    rule.revision = before.revision + 1


def _require_unchanged(rule: DetectionRule, before: DetectionRule) -> None:
    if rule.revision != before.revision:
        who = before.changed_by or "Somebody"
        raise Conflict(
            f"{who} changed this rule while you worked on it, and nothing of yours was saved."
            " Look at it as it is now, and change it again."
        )


def _free_slug(name: str) -> str:
    """A short name of its own; two people who make the same at once are told apart by the database."""
    wanted = slugify(name).replace("-", "_")[:50] or "rule"
    taken = set(DetectionRule.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (wanted, *numbered) if slug not in taken)


def _validate(rule: DetectionRule) -> None:
    try:
        rule.full_clean()
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise Invalid(field, " ".join(sentences)) from None


def _recorded(rule: DetectionRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in RECORDED}
