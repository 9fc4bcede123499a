"""What people come for, by mouse and by keys."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Touchpoint
from departments.models import Incident
from tests.e2e.conftest import Visit
from tests.populated import Company

LANDING = {
    "manager": "My portfolio",
    "head": "Shipping",
    "member": "Shipping",
    "executive": "Retention scorecard",
    "administrator": "Portfolio",
}


@pytest.mark.parametrize("role", LANDING)
def test_each_role_lands_on_its_own_dashboard(role: str, company: Company, visit: Visit) -> None:
    page = visit(company.people[role])
    expect(page.get_by_role("heading", level=1)).to_have_text(LANDING[role])


def test_friction_is_reported_by_keys(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"])
    page.goto(f"/accounts/{company.ids['account']}")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Report friction")
    page.get_by_label("What kind of trouble").select_option("late_shipment")
    page.get_by_label("In a few words").fill("Came on Thursday")
    page.get_by_role("button", name="Report it").click()
    expect(page.get_by_role("status")).to_contain_text("is asked to answer")
    assert Incident.objects.filter(title="Came on Thursday", reporter=company.people["manager"]).exists()


def test_a_contact_is_logged_by_keys(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"])
    page.goto(f"/accounts/{company.ids['account']}")
    page.keyboard.press("c")
    page.get_by_label("What was said").fill("Delivery is announced for Monday.")
    page.get_by_role("button", name="Log it").click()
    expect(page.get_by_role("status")).to_contain_text("The contact is logged")
    assert Touchpoint.objects.filter(summary="Delivery is announced for Monday.").exists()


def test_ticking_incidents_answers_what_if(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"])
    page.goto(f"/accounts/{company.ids['account']}")
    card = page.locator("#what-if")
    expect(card).to_contain_text("Tick incidents")
    page.get_by_role("checkbox", name="What if without").first.check()
    expect(card).to_contain_text("Without the 1 ticked incident")
    expect(card).to_contain_text("kept")


def test_search_finds_while_typing(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"])
    page.keyboard.press("/")
    page.keyboard.type("customer")
    results = page.locator("#search-results a")
    expect(results.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/accounts/"))


def test_a_question_mark_lists_the_keys_of_the_page(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"])
    page.goto(f"/accounts/{company.ids['account']}")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("report friction")
    expect(dialog).to_contain_text("log a contact")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_choosing_a_filter_narrows_the_list_at_once(company: Company, visit: Visit) -> None:
    page = visit(company.people["executive"])
    page.goto("/portfolio?tab=all")
    page.get_by_label("Whose friction").select_option("legal")
    page.wait_for_url(re.compile("department=legal"))
    expect(page.get_by_text("Nothing here")).to_be_visible()


def test_everything_is_read_and_posted_without_a_script(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"], java_script_enabled=False)
    page.get_by_role("link", name="All", exact=False).first.click()
    page.locator("table .main a").first.click()
    page.get_by_role("checkbox", name="What if without").first.check()
    page.get_by_role("button", name="What if the ticked had not been?").click()
    expect(page.locator("#what-if")).to_contain_text("Without the 1 ticked incident")
    page.locator("summary", has_text="Robin").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
