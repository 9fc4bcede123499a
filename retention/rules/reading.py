"""What the pages of rules show: how much each has opened, and the record of one."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils import timezone

from departments.actions.rules import may_keep
from departments.detection.previewing import DAYS
from departments.models import DetectionRule, Incident, Person
from departments.severity_bands import expression_to_bands

INCIDENTS_A_PAGE = 25
BACKFILLS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of the list; `opened` counts the incidents of the last 90 days that the person sees."""

    rule: DetectionRule
    opened: int
    may_keep: bool


def rules_seen_by(person: Person) -> QuerySet[DetectionRule]:
    """Return the rules that the person sees, with what a page reads of them."""
    return DetectionRule.objects.visible_to(person).select_related("friction_type__department")


def opened_since(rules: Iterable[DetectionRule], person: Person) -> QuerySet[Incident]:
    """Return the incidents that the rules have opened in the last 90 days, by when they were known."""
    since = timezone.now() - datetime.timedelta(days=DAYS)
    return Incident.objects.visible_to(person).filter(rule__in=rules, recorded_at__gte=since)


def rows(person: Person) -> list[Row]:
    """Return the list of rules."""
    rules = list(rules_seen_by(person))
    counted = opened_since(rules, person).order_by().values_list("rule").annotate(Count("pk"))
    opened = dict(counted)
    return [Row(rule, opened.get(rule.pk, 0), may_keep(person, rule.friction_type)) for rule in rules]


def incidents_page(rule: DetectionRule, person: Person, number: str | None) -> "Page[Incident]":
    """Return a page of what the rule has opened in the last 90 days, the newest first."""
    incidents = opened_since([rule], person).select_related("account", "department").order_by("-recorded_at", "-pk")
    return Paginator(incidents, INCIDENTS_A_PAGE).get_page(number)


def in_words(rule: Any) -> dict[str, str]:
    """Return what a rule or one of its versions says of severity and of what an incident stands for."""
    bands = expression_to_bands(rule.severity)
    if rule.grouping_count is not None:
        stands_for = f"{rule.grouping_count} signals within {rule.grouping_days} days"
    elif rule.batch_days is not None:
        stands_for = f"the signal’s batch, at each account that got it within {rule.batch_days} days"
    else:
        stands_for = "each signal"
    return {
        "severity": f"{bands[0].replace('_', ' ')}: {bands[1]}" if bands else rule.severity,
        "stands_for": stands_for,
    }
