"""A department head keeps a rule by keyboard: words are completed and explained, and the preview follows."""

from playwright.sync_api import expect

from departments.models import DetectionRule
from tests.e2e.conftest import Visit
from tests.populated import Company
from tests.test_permissions import filled


def test_a_rule_is_changed_by_keyboard_with_help_and_a_live_preview(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.goto(filled("/rules/<rule>/edit", company))
    condition = page.get_by_label("It is friction when")
    condition.fill("")
    condition.press_sequentially("day")
    expect(page.get_by_role("option", name="days_late")).to_be_visible()
    condition.press("Enter")
    expect(condition).to_have_value("days_late")
    expect(page.get_by_text("delivered after the promised day").first).to_be_visible()

    condition.press_sequentially(" > 2")
    expect(page.locator("#preview")).to_contain_text("Would have opened 3 incidents in the last 90 days at 3 accounts")
    condition.press_sequentially(" and dmaged")
    expect(page.locator("#preview")).to_contain_text("Did you mean damaged?")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_condition_error")).to_contain_text("Did you mean damaged?")
    expect(condition).to_be_focused()

    page.get_by_label("It is friction when").fill("days_late > 5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("version 2, is in use for signals from now on")).to_be_visible()
    rule = DetectionRule.objects.get(slug="late_shipment")
    assert (rule.condition, rule.version) == ("days_late > 5", 2)
