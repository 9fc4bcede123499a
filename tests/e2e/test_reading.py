"""Long pages stay readable on a phone: their long parts are folded, and whoever is led to one finds it open."""

from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.populated import Company

PHONE = {"width": 390, "height": 844}


def test_the_method_is_folded_on_a_phone_and_its_contents_unfold_it(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"], viewport=PHONE)
    page.goto("/method")
    expect(page.locator("#risk")).to_be_hidden()
    page.get_by_role("link", name="Weights", exact=True).click()
    expect(page.locator("#weights table")).to_be_visible()
    expect(page.locator("#risk")).to_be_hidden()


def test_whoever_asks_what_a_figure_means_sees_it_at_once_on_a_phone(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"], viewport=PHONE)
    page.goto("/method#revenue-at-risk")
    expect(page.locator("#revenue-at-risk")).to_be_in_viewport()


def test_the_method_is_whole_without_a_script(company: Company, visit: Visit) -> None:
    page = visit(company.people["manager"], viewport=PHONE, java_script_enabled=False)
    page.goto("/method")
    expect(page.locator("#risk")).to_be_visible()
