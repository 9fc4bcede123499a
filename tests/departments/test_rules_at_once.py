"""Rules on real connections: two people save one at once, and two workers hold one against the past."""

from functools import partial

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.errors import Conflict
from departments import seeds
from departments.actions.backfills import ask_for_backfill
from departments.actions.rows_undo import restore_rows
from departments.actions.rules import save_rule
from departments.actions.undoable import of_rule
from departments.detection import Detection, batches
from departments.detection.backfilling import perform
from departments.models import DetectionRule, Incident, Role, RuleBackfill
from tests import make
from tests.together import refusals, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _planted() -> None:
    seeds.plant(apps)


def changed(condition: str) -> DetectionRule:
    rule = DetectionRule.objects.get(slug="late_shipment")
    rule.condition = condition
    return rule


def test_of_people_who_change_a_rule_at_once_one_is_first_and_the_others_are_told() -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    rules = [changed(f"days_late > {days}") for days in (3, 4, 5, 6)]
    told = refusals(together(*(partial(save_rule, rule=rule, acting_person=administrator) for rule in rules)))
    assert [type(refusal) for refusal in told] == [Conflict] * 3
    rule = DetectionRule.objects.get(slug="late_shipment")
    assert (rule.version, rule.revision, rule.versions.count()) == (2, 2, 2)


def test_two_workers_at_one_backfill_open_each_incident_once() -> None:
    DetectionRule.objects.update(is_active=False)
    for _ in range(30):
        make.signal(make.account())
    assert sum(detection.opened for detection in batches()) == 0
    rule = make.rule(make.friction_type("late_shipment"))
    asked = ask_for_backfill(
        rule=rule,
        first_day=make.ago(days=9).date(),
        last_day=timezone.now().date(),
        acting_person=make.person(Role.ADMINISTRATOR),
    )
    together(*(partial(perform, asked.pk, size=7) for _ in range(3)))
    backfill = RuleBackfill.objects.get()
    assert (backfill.state, backfill.looked_at, backfill.opened) == ("done", 30, 30)
    assert Incident.objects.count() == 30


def test_what_is_looked_at_while_a_rule_is_taken_back_is_not_lost() -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    accounts = [make.account() for _ in range(30)]
    rule = changed("days_late > 30")
    undoing = of_rule(rule, administrator)
    kept = undoing(partial(save_rule, rule=rule, acting_person=administrator))()
    assert kept is not None
    for account in accounts:
        make.signal(account, data={"days_late": 7})
    taken_back = partial(restore_rows, batch=kept.batch, acting_person=administrator)
    assert refusals(together(*(partial(sum, batches(4), Detection()) for _ in range(2)), taken_back)) == []
    list(batches())
    found = Incident.objects.filter(rule__slug="late_shipment")
    assert (found.count(), DetectionRule.objects.get(slug="late_shipment").version) == (30, 3)
