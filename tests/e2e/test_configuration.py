"""An administrator configures the company in a browser; the pages break no rule of the content security policy."""

from django.apps import apps
from playwright.sync_api import expect

from departments import seeds
from departments.models import DetectionRule
from tests.e2e.conftest import Visit
from tests.populated import Company


def test_a_rule_is_changed_with_help_and_a_wrong_one_is_told(company: Company, visit: Visit) -> None:
    seeds.plant(apps)
    page = visit(company.people["administrator"])
    page.goto("/admin/departments/detectionrule/?q=late_shipment")
    page.get_by_role("link", name="Delivered late").click()
    expect(page.get_by_text("days_late (number)").first).to_be_visible()

    page.get_by_label("Condition").fill("day_late > 5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Did you mean days_late?")).to_be_visible()

    page.get_by_label("Condition").fill("days_late > 5")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    rule = DetectionRule.objects.get(slug="late_shipment")
    assert (rule.condition, rule.version) == ("days_late > 5", 2)


def test_every_list_of_the_configuration_opens(company: Company, visit: Visit) -> None:
    page = visit(company.people["administrator"])
    page.goto("/admin/")
    lists = page.locator("#content-main th a").evaluate_all("links => links.map(link => link.href)")
    assert len(lists) > 20
    for address in lists:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
