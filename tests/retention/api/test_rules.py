"""Detection rules through the API: the same actions, preview and permissions as on the pages."""

from typing import Any

import pytest

from departments.models import DetectionRule, RuleBackfill
from tests import make
from tests.retention.api.calls import Caller, ids

pytestmark = pytest.mark.django_db

RULE = {
    "signal_kind": "shipment",
    "name": "Very late",
    "condition": "days_late > 9",
    "friction_type": "late_shipment",
    "severity": "0.9",
    "title": "Late, {days_late} days",
}


@pytest.fixture
def head() -> Caller:
    return Caller(make.head(make.department()))


def less(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def test_a_rule_is_made_changed_and_switched_off(head: Caller) -> None:
    made = head.post("/rules", RULE)
    assert made.status_code == 201, made.content
    address = f"/rules/{made.json()['id']}"
    change = less(RULE, "signal_kind") | {"revision": 1, "condition": "damaged", "title": "Damaged"}
    changed = head.post(f"{address}/change", change | {"grouping_count": 2, "grouping_days": 9}).json()
    assert (changed["version"], changed["grouping_count"]) == (2, 2)
    assert [one["condition"] for one in changed["versions"]] == ["damaged", "days_late > 9"]
    assert head.post(f"{address}/change", change).status_code == 409
    assert head.post(f"{address}/switch", {"is_active": False, "revision": 2}).json()["is_active"] is False
    assert ids(head.get("/rules", is_active="false")) == [made.json()["id"]]


def test_what_cannot_be_used_is_refused_at_its_field(head: Caller) -> None:
    refused = head.post("/rules", RULE | {"condition": "day_late > 9"})
    assert refused.status_code == 400
    assert [problem["field"] for problem in refused.json()["errors"]] == ["condition"]


def test_a_preview_tells_what_it_would_have_opened(head: Caller) -> None:
    make.signal(make.account(), data={"days_late": 12})
    told = head.post("/rules/preview", RULE).json()
    assert (told["incidents"], told["accounts"], told["left"], told["signals"]) == (1, 1, 0, 1)
    assert (told["examples"][0]["title"], told["examples"][0]["account"]) == ("Late, 12 days", None)
    refused = head.post("/rules/preview", RULE | {"condition": "days_late"})
    assert (refused.status_code, refused.json()["detail"][:12]) == (400, "A condition ")
    assert DetectionRule.objects.filter(name="Very late").count() == 0


def test_a_rule_is_held_against_the_past(head: Caller) -> None:
    rule = DetectionRule.objects.get(slug="late_shipment")
    days = {"first_day": "2026-01-01", "last_day": "2026-01-31"}
    asked = head.post(f"/rules/{rule.public_id}/backfill", days)
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert RuleBackfill.objects.get().rule == rule
    assert head.post(f"/rules/{rule.public_id}/backfill", days).status_code == 409


def test_rules_of_other_departments_are_out_of_reach(head: Caller) -> None:
    other = DetectionRule.objects.get(slug="long_wait")
    assert head.get(f"/rules/{other.public_id}").status_code == 404
    foreign = RULE | {"friction_type": "wrong_amount"}
    assert head.post("/rules", foreign).status_code == 403
    assert head.post("/rules/preview", foreign).status_code == 403
