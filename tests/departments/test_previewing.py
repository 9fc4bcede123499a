"""What a rule would have opened, before it is kept; and holding it against the past once it is."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.backfills import ask_for_backfill
from departments.detection import detect_changes
from departments.detection.backfilling import perform, stale_backfills
from departments.detection.previewing import Preview, preview
from departments.models import BackfillState, DetectionRule, Incident, Person, Role, RuleBackfill
from tests import make

pytestmark = pytest.mark.django_db


def rule_of(**fields: Any) -> DetectionRule:
    values = {"signal_kind": "shipment", "condition": "days_late > 2", "severity": "days_late / 10", "title": "Late"}
    return DetectionRule(friction_type=make.friction_type("late_shipment"), name="Late", **{**values, **fields})


def asked(rule: DetectionRule, person: Person | None = None, **options: Any) -> Preview:
    return preview(rule, now=timezone.now(), person=person or make.person(Role.ADMINISTRATOR), **options)


def test_a_preview_counts_incidents_accounts_and_who_left() -> None:
    staying, gone = make.account(), make.account(left_on=make.ago(days=5).date())
    for account in (staying, staying, gone):
        make.signal(account)
    make.signal(staying, happened_at=make.ago(days=95))
    make.signal(staying, data={"days_late": 0})
    found = asked(rule_of())
    assert (found.incidents, found.accounts, found.left, found.signals, found.is_cut) == (3, 2, 1, 4, False)
    assert {example.account for example in found.examples} == {staying, gone}
    assert found.examples[0].why == {"days_late": 3}
    assert Incident.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "opened"),
    [
        ({}, 5),
        ({"condition": "partial", "grouping_count": 2, "grouping_days": 7}, 3),
        ({"signal_kind": "inspection", "condition": "not passed", "severity": "0.5", "batch_days": 30}, 3),
    ],
)
def test_the_preview_is_what_detection_then_opens(fields: dict[str, Any], opened: int) -> None:
    DetectionRule.objects.update(is_active=False)
    accounts = [make.account() for _ in range(3)]
    for days in range(1, 12, 2):
        data = {"days_late": days, "partial": True, "batch": f"B{days % 2}"}
        make.signal(accounts[days % 3], data=data, happened_at=make.ago(days=days))
    make.signal(accounts[0], "inspection", {"passed": False, "batch": "B1"})
    rule = rule_of(slug=make.number(), **fields)
    assert asked(rule).incidents == opened
    rule.save()
    assert detect_changes().opened == opened


def test_of_too_many_signals_the_newest_are_looked_at_and_it_says_since_when() -> None:
    account = make.account()
    signals = [make.signal(account, happened_at=make.ago(days=days)) for days in (1, 2, 3, 4)]
    found = asked(rule_of(), most_signals=3)
    assert (found.incidents, found.signals, found.is_cut, found.since) == (3, 3, True, signals[2].happened_at)


def test_a_head_sees_how_many_but_no_account_that_is_hidden() -> None:
    make.signal(make.account())
    found = asked(rule_of(), make.head(make.department()))
    assert (found.incidents, found.examples[0].account, found.examples[0].has_open_book) == (1, None, False)


def test_a_preview_takes_the_same_statements_however_many_it_finds(django_assert_num_queries: Any) -> None:
    person, rule = make.person(Role.ADMINISTRATOR), rule_of()
    for _ in range(12):
        make.signal(make.account())
    with django_assert_num_queries(6):
        asked(rule, person)


@pytest.fixture
def new_rule() -> DetectionRule:
    """A rule made after signals had come; others are out of use."""
    DetectionRule.objects.update(is_active=False)
    for days in (3, 13, 23, 33):
        make.signal(make.account(), happened_at=make.ago(days=days))
    detect_changes()
    return make.rule(make.friction_type("late_shipment"))


def since(rule: DetectionRule, days: int, person: Person | None = None) -> RuleBackfill:
    first, last = make.ago(days=days).date(), timezone.now().date()
    head = person or make.head(make.department())
    return ask_for_backfill(rule=rule, first_day=first, last_day=last, acting_person=head)


def test_a_rule_is_held_against_the_days_that_were_asked_for(new_rule: DetectionRule) -> None:
    backfill = since(new_rule, 25)
    assert backfill.signals == 3
    perform(backfill.pk, size=2)
    backfill.refresh_from_db()
    assert (backfill.state, backfill.looked_at, backfill.opened) == (BackfillState.DONE, 3, 3)
    assert Incident.objects.filter(rule=new_rule).count() == 3


def test_a_backfill_opens_nothing_twice(new_rule: DetectionRule) -> None:
    for _ in range(2):
        backfill = since(new_rule, 40)
        perform(backfill.pk)
        perform(backfill.pk)
    backfill.refresh_from_db()
    assert (backfill.looked_at, backfill.opened) == (4, 0)
    assert Incident.objects.count() == 4


def test_a_backfill_ends_where_the_rule_was_changed(new_rule: DetectionRule) -> None:
    backfill = since(new_rule, 40)
    DetectionRule.objects.filter(pk=new_rule.pk).update(version=2)
    perform(backfill.pk)
    backfill.refresh_from_db()
    assert (backfill.state, Incident.objects.count()) == (BackfillState.REPLACED, 0)


def test_a_backfill_whose_worker_died_is_taken_up(new_rule: DetectionRule) -> None:
    backfill = since(new_rule, 40)
    assert stale_backfills() == []
    RuleBackfill.objects.update(asked_at=make.ago(minutes=3))
    assert stale_backfills() == [backfill.pk]


def test_a_backfill_is_refused_with_a_sentence(new_rule: DetectionRule) -> None:
    head, today = make.head(make.department()), timezone.now().date()
    tomorrow = today + datetime.timedelta(days=1)
    for first, last, error in ((tomorrow, today, "before the first"), (today, tomorrow, "lies ahead")):
        with pytest.raises(Invalid, match=error):
            ask_for_backfill(rule=new_rule, first_day=first, last_day=last, acting_person=head)
    with pytest.raises(NotAllowed):
        since(new_rule, 3, make.head(make.department("billing")))
    since(new_rule, 3)
    with pytest.raises(Conflict, match="already"):
        since(new_rule, 3)
