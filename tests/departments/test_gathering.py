"""Rules that gather: several signals are one incident, or one bad batch is an incident at everybody who got it."""

import datetime
import itertools
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, Signal
from departments.actions.incidents import accept
from departments.detection import Detection, detect_changes, mark_all_signals
from departments.models import DetectionRule, Incident, RuleMatch, State
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_calls() -> DetectionRule:
    """Three calls in a week are one incident; nothing else is in use."""
    DetectionRule.objects.update(is_active=False)
    return make.rule(
        make.friction_type("long_wait"),
        signal_kind="call",
        condition="wait_seconds > 60",
        severity="wait_seconds / 1000",
        title="{count} calls, the last waited {wait_seconds} seconds",
        grouping_count=3,
        grouping_days=7,
    )


@pytest.fixture
def bad_batch() -> DetectionRule:
    """A failed inspection concerns everybody who got the batch within 180 days."""
    DetectionRule.objects.update(is_active=False)
    return make.rule(
        make.friction_type("defect"),
        signal_kind="inspection",
        condition="passed == false",
        severity="0.6",
        title="Batch {batch} failed",
        batch_days=180,
    )


def call(account: Account, days: float, wait: float = 100, **fields: Any) -> Signal:
    return make.signal(account, "call", {"wait_seconds": wait}, happened_at=make.ago(days=days), **fields)


def shipped(account: Account, days: float, batch: str = "B1", **fields: Any) -> Signal:
    data = {"days_late": 0, "batch": batch}
    return make.signal(account, "shipment", data, happened_at=make.ago(days=days), **fields)


def failed(account: Account, days: float = 5, batch: str = "B1") -> Signal:
    return make.signal(account, "inspection", {"passed": False, "batch": batch}, happened_at=make.ago(days=days))


def changed(signal: Signal, **data: Any) -> Detection:
    signal.data = data
    signal.save()
    return detect_changes()


def test_three_calls_in_a_week_are_one_incident(three_calls: DetectionRule) -> None:
    account = make.account()
    call(account, 9, 200)
    call(account, 8)
    assert detect_changes().opened == 0
    third = call(account, 7, 500)
    assert detect_changes().opened == 1
    incident = Incident.objects.get()
    assert (incident.title, incident.severity) == ("3 calls, the last waited 500 seconds", 0.5)
    assert (incident.signal, incident.happened_at) == (third, third.happened_at)
    assert (incident.rule, incident.rule_version) == (three_calls, 1)
    assert list(incident.matches.values_list("fields", flat=True)) == [
        {"wait_seconds": 200}, {"wait_seconds": 100}, {"wait_seconds": 500}
    ]  # fmt: skip


def test_a_later_signal_within_the_window_joins_and_one_after_it_begins_anew(three_calls: DetectionRule) -> None:
    account = make.account()
    for days in (9, 8, 7):
        call(account, days)
    detect_changes()
    call(account, 3, 900)
    call(account, 1)
    assert detect_changes().opened == 0
    incident = Incident.objects.get()
    assert (incident.matches.count(), incident.severity) == (4, 0.9)
    assert list(incident.events.values_list("verb", flat=True)) == ["detected", "corrected", "joined"]
    assert RuleMatch.objects.filter(incident=None).count() == 1


def test_the_order_in_which_signals_come_does_not_matter(three_calls: DetectionRule) -> None:
    for order in itertools.permutations((9, 8, 7, 3)):
        account = make.account()
        for days in order:
            call(account, days)
            detect_changes()
        incident = Incident.objects.get(account=account)
        assert (incident.title[:7], incident.matches.count()) == ("4 calls", 4)
        assert timezone.now() - incident.happened_at > datetime.timedelta(days=6)


def test_each_account_is_counted_for_itself(three_calls: DetectionRule) -> None:
    for days in (3, 2, 1):
        call(make.account(), days)
    assert detect_changes().opened == 0


def test_detecting_again_opens_nothing_twice(three_calls: DetectionRule, django_assert_max_num_queries: Any) -> None:
    for account in (make.account(), make.account()):
        for days in (3, 2, 1):
            call(account, days)
    assert detect_changes().opened == 2
    mark_all_signals()
    with django_assert_max_num_queries(25):
        assert detect_changes() == Detection(marks=6, signals=6)


def test_a_group_that_shrinks_is_withdrawn_and_comes_back(three_calls: DetectionRule) -> None:
    account = make.account()
    calls = [call(account, days) for days in (3, 2, 1)]
    detect_changes()
    assert changed(calls[1], wait_seconds=10).withdrawn == 1
    incident = Incident.objects.get()
    assert (incident.state, incident.severity) == (State.RESOLVED, 0.0)
    assert incident.resolution == "Withdrawn: too few signals are left within the rule’s days."
    assert changed(calls[1], wait_seconds=100).corrected == 1
    incident.refresh_from_db()
    assert (incident.state, incident.matches.count()) == (State.NEW, 3)


def test_a_group_that_somebody_works_on_stays_and_still_gathers(three_calls: DetectionRule) -> None:
    account = make.account()
    calls = [call(account, days) for days in (4, 3, 2)]
    detect_changes()
    incident = Incident.objects.get()
    accept(incident=incident, acting_person=make.head(incident.department))
    call(account, 1, 900)
    changed(calls[0], wait_seconds=0)
    changed(calls[1], wait_seconds=0)
    incident.refresh_from_db()
    assert (incident.state, incident.severity) == (State.IN_WORK, 0.1)
    assert incident.matches.count() == 2
    assert incident.events.filter(verb="joined").count() == 1


def test_a_group_was_known_when_enough_of_it_was(three_calls: DetectionRule) -> None:
    account = make.account()
    late = call(account, 30, recorded_at=make.ago(days=5))
    call(account, 29, recorded_at=make.ago(days=20))
    call(account, 28, recorded_at=make.ago(days=27))
    detect_changes()
    assert Incident.objects.get().recorded_at == late.recorded_at


def test_a_bad_batch_is_an_incident_at_everybody_who_got_it(bad_batch: DetectionRule) -> None:
    inspected, got, got_long_ago, got_another = (make.account() for _ in range(4))
    order = make.order(got)
    carrier = shipped(got, 100, order=order)
    shipped(got_long_ago, 200)
    shipped(got_another, 10, "B2")
    signal = failed(inspected)
    assert detect_changes().opened == 2
    assert set(Incident.objects.values_list("account", flat=True)) == {inspected.pk, got.pk}
    incident = Incident.objects.get(account=got)
    assert (incident.title, incident.signal, incident.order) == ("Batch B1 failed", signal, order)
    assert incident.happened_at == signal.happened_at
    assert incident.matches.get().carrier == carrier
    mark_all_signals()
    assert detect_changes() == Detection(marks=4, signals=1)


def test_who_gets_the_batch_later_has_an_incident_from_then_on(bad_batch: DetectionRule) -> None:
    failed(make.account(), 20)
    detect_changes()
    later = make.account()
    carrier = shipped(later, 3)
    assert detect_changes().opened == 1
    assert Incident.objects.get(account=later).happened_at == carrier.happened_at


def test_a_batch_that_fails_twice_is_one_incident_an_account(bad_batch: DetectionRule) -> None:
    got = make.account()
    shipped(got, 50)
    failed(make.account(), 20)
    detect_changes()
    failed(make.account(), 10)
    detect_changes()
    assert Incident.objects.filter(account=got).count() == 1
    assert Incident.objects.get(account=got).matches.count() == 2
    assert Incident.objects.count() == 3


def test_who_did_not_get_the_batch_after_all_is_left_alone(bad_batch: DetectionRule) -> None:
    got = make.account()
    carrier = shipped(got, 50)
    signal = failed(make.account())
    detect_changes()
    assert changed(carrier, days_late=0, batch="B2").withdrawn == 1
    incident = Incident.objects.get(account=got)
    assert incident.resolution == "Withdrawn: no signal says any more that this account got a bad batch."
    assert changed(signal, passed=True, batch="B1").withdrawn == 1
    assert not Incident.objects.open().exists()


def test_a_changed_rule_counts_anew_and_leaves_what_it_had_opened(three_calls: DetectionRule) -> None:
    account = make.account()
    for days in (6, 5, 4):
        call(account, days)
    detect_changes()
    DetectionRule.objects.filter(pk=three_calls.pk).update(grouping_count=5, version=2)
    call(account, 3)
    assert detect_changes() == Detection(marks=1, signals=1)
    incident = Incident.objects.get()
    assert (incident.state, incident.rule_version, incident.matches.count()) == (State.NEW, 1, 3)
