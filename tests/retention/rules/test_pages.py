"""The pages of rules: list, editor with its preview, record."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from departments.detection import detect_changes
from departments.models import DetectionRule, Person, Role, RuleBackfill
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def head() -> Person:
    return make.head(make.department())


@pytest.fixture
def pages(head: Person, client: Client) -> Client:
    client.force_login(head)
    return client


@pytest.fixture
def rule() -> DetectionRule:
    return DetectionRule.objects.get(slug="late_shipment")


def sent(rule: DetectionRule | None = None, **changes: str) -> dict[str, str]:
    return {
        "revision": str(rule.revision if rule else 0),
        "name": "Delivered late",
        "condition": "days_late > 4",
        "friction_type": "late_shipment",
        "title": "Late, {days_late} days",
        "severity_by": "expression",
        "severity": "0.5",
        "gathers": "single",
        **changes,
    }


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


def edit(rule: DetectionRule) -> str:
    return reverse("rule_edit", args=[rule.public_id])


def test_the_list_holds_the_rules_of_the_own_department(pages: Client) -> None:
    text = words(pages.get(reverse("rules")))
    assert "Delivered late" in text
    assert "Long wait" not in text


def test_a_head_changes_a_rule_and_its_versions_are_told(pages: Client, rule: DetectionRule, head: Person) -> None:
    assert pages.post(edit(rule), sent(rule)).status_code == 302
    rule.refresh_from_db()
    assert (rule.condition, rule.version, rule.changed_by) == ("days_late > 4", 2, head.name)
    text = words(pages.get(reverse("rule", args=[rule.public_id])))
    assert "Version 2" in text
    assert "days_late &gt; 2" in text


def test_a_new_rule_is_made_over_a_kind_of_signal(pages: Client) -> None:
    answer = pages.post(reverse("rule_new") + "?kind=shipment", sent(name="Very late"))
    made = DetectionRule.objects.get(slug="very_late")
    assert answer["Location"] == reverse("rule", args=[made.public_id])
    assert (made.signal_kind, made.version, made.is_active) == ("shipment", 1, True)


def test_an_example_fills_the_editor(pages: Client, client: Client) -> None:
    text = pages.get(reverse("rule_new") + "?example=several-calls").content.decode()
    assert "{count} calls within a week" in text


def test_severity_in_bands_is_kept_and_read_back(pages: Client, rule: DetectionRule) -> None:
    bands = "0.2 below 3, 0.5 from 3, 0.8 from 7"
    pages.post(edit(rule), sent(rule, severity_by="bands", band_field="days_late", bands=bands))
    rule.refresh_from_db()
    assert rule.severity == "days_late >= 7 ? 0.8 : (days_late >= 3 ? 0.5 : 0.2)"
    assert f'value="{bands}"' in pages.get(edit(rule)).content.decode()


def test_grouping_and_batches_are_kept(pages: Client, rule: DetectionRule) -> None:
    pages.post(edit(rule), sent(rule, gathers="several", grouping_count="3", grouping_days="7", batch_days="9"))
    rule.refresh_from_db()
    assert (rule.grouping_count, rule.grouping_days, rule.batch_days) == (3, 7, None)
    pages.post(edit(rule), sent(rule, gathers="batch", grouping_count="3", batch_days="180"))
    rule.refresh_from_db()
    assert (rule.grouping_count, rule.grouping_days, rule.batch_days) == (None, None, 180)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"condition": "day_late > 4"}, "Did you mean days_late?"),
        ({"condition": "days_late"}, "A condition answers yes or no"),
        ({"severity": ""}, "Say how severe it is"),
        ({"severity": "damaged"}, "A severity is a number"),
        ({"severity_by": "bands", "bands": "0.5"}, "is no band"),
        ({"title": "Late {days}"}, "is no field of shipment"),
        ({"title": "{count} late"}, "for rules that gather"),
        ({"gathers": "several", "grouping_count": "3"}, "Say both how many signals"),
        ({"gathers": "several"}, "Say how many signals, and within how many days."),
        ({"gathers": "batch"}, "Say within how many days"),
        ({"friction_type": "wrong_amount"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    pages: Client, rule: DetectionRule, changes: dict[str, str], sentence: str
) -> None:
    answer = pages.post(edit(rule), sent(rule, **changes))
    assert answer.status_code == 400
    assert sentence in words(answer)
    assert DetectionRule.objects.get(pk=rule.pk).version == 1


def test_the_preview_is_shown_without_saving(pages: Client, rule: DetectionRule) -> None:
    for _ in range(2):
        make.signal(make.account(left_on=make.ago(days=1).date()), data={"days_late": 6})
    answer = pages.post(edit(rule), sent(rule, preview="1"))
    assert "Would have opened 2 incidents in the last 90 days at 2 accounts, 2 of which left." in words(answer)
    assert DetectionRule.objects.get(pk=rule.pk).version == 1


def test_the_live_preview_is_a_fragment_and_tells_what_is_wrong(pages: Client, rule: DetectionRule) -> None:
    part = pages.post(edit(rule), sent(rule, preview="1"), headers={"HX-Request": "true"})
    assert words(part).startswith(" Would have opened 0 incidents")
    wrong = pages.post(edit(rule), sent(rule, preview="1", condition="days_late >"), headers={"HX-Request": "true"})
    assert "It is friction when: The condition breaks off at its end." in words(wrong)


def test_a_wrong_condition_is_told_before_the_rest_is_filled_in(pages: Client, rule: DetectionRule) -> None:
    early = sent(rule, preview="1", condition="days_late >", title="", friction_type="")
    part = words(pages.post(edit(rule), early, headers={"HX-Request": "true"}))
    assert "It is friction when: The condition breaks off at its end." in part
    assert "An incident is called: This field is required." in part


def test_whoever_was_slower_is_told_and_overwrites_nothing(pages: Client, rule: DetectionRule) -> None:
    first = sent(rule)
    pages.post(edit(rule), first)
    answer = pages.post(edit(rule), first | {"condition": "days_late > 9"})
    assert answer.status_code == 400
    assert "changed this rule while you worked on it" in words(answer)
    assert DetectionRule.objects.get(pk=rule.pk).condition == "days_late > 4"


def test_a_rule_is_switched_off_and_on(pages: Client, rule: DetectionRule) -> None:
    url = reverse("rule_switch", args=[rule.public_id])
    pages.post(url, {"is_active": "no", "revision": rule.revision})
    rule.refresh_from_db()
    assert (rule.is_active, rule.version) == (False, 1)
    answer = pages.post(url, {"is_active": "yes", "revision": 1}, follow=True)
    assert "changed this rule while you worked on it" in words(answer)
    pages.post(url, {"is_active": "yes", "revision": rule.revision})
    rule.refresh_from_db()
    assert rule.is_active


def test_a_backfill_is_asked_for_and_shown(pages: Client, rule: DetectionRule) -> None:
    days = {"first_day": "2026-01-01", "last_day": "2026-01-31"}
    pages.post(reverse("rule_backfill", args=[rule.public_id]), days)
    assert RuleBackfill.objects.get().rule == rule
    part = pages.get(reverse("rule", args=[rule.public_id]), headers={"HX-Request": "true"})
    assert "Waiting for a worker" in words(part)


def test_an_incident_says_by_which_rule_and_why(pages: Client, rule: DetectionRule) -> None:
    make.signal(make.account(), data={"days_late": 6})
    detect_changes()
    incident = rule.incidents.get()
    page = pages.get(reverse("incident", args=[incident.public_id]))
    assert reverse("rule", args=[rule.public_id]) in page.content.decode()
    assert "days late &gt; 2" in words(page)


def test_people_who_have_no_rules_do_not_come_here(client: Client) -> None:
    client.force_login(make.person(Role.ACCOUNT_MANAGER))
    assert client.get(reverse("rules")).status_code == 403
