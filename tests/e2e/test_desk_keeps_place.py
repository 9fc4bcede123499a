"""A desk that is lived in: on any page, view and filter of it nobody loses the row they stand on, or their words."""

import pytest
from playwright.sync_api import Page, expect

from departments.actions.incidents import accept, assign
from departments.models import Incident, Person, State
from tests import make
from tests.e2e.conftest import Visit
from tests.populated import Company

FURTHER_PAGE, NARROWED = "further page", "narrowed"


@pytest.fixture
def colleague(company: Company) -> Person:
    """Another head of the same department."""
    return make.head(make.department("shipping"), name="Ana Reed")


def more_incidents(company: Company, count: int) -> list[Incident]:
    """Lay more on the desk, the dearest first by number."""
    account = Incident.objects.get(public_id=company.ids["new"]).account
    return [make.incident(account, title=f"Number {number:02}", money_at_risk=1e7 - number) for number in range(count)]


def stood_on(page: Page) -> str:
    """Return the title of the row that has the focus; fails where none comes to have it."""
    expect(page.locator("tr[data-row]:focus")).to_have_count(1)
    return page.locator("tr[data-row]:focus").get_attribute("data-title") or ""


@pytest.mark.parametrize("where", [FURTHER_PAGE, NARROWED])
def test_what_others_do_is_told_on_every_page_and_view(
    company: Company, visit: Visit, colleague: Person, where: str
) -> None:
    incidents = more_incidents(company, 31)
    page = visit(company.people["head"])
    if where == FURTHER_PAGE:
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_text("further rows")).to_be_visible()
        page.wait_for_load_state("load")
        told, stands = incidents[28], "Number 26"
    else:
        # Any filter will do that leaves the rows: with nobody yet, dearest first.
        page.goto("/triage/shipping?tab=open&person=nobody&q=Number")
        told, stands = incidents[3], "Number 01"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert stood_on(page) == stands
    accept(incident=told, acting_person=colleague)
    assign(incident=told, assignee=colleague, acting_person=colleague)
    expect(page.locator("tr.changed")).to_contain_text("Ana Reed: assigned", timeout=12_000)
    page.keyboard.press("x")
    page.keyboard.press("n")
    expect(page.get_by_role("link", name=told.title, exact=True)).to_have_count(0)
    assert stood_on(page) == stands
    expect(page.locator("tr:focus").get_by_role("checkbox")).to_be_checked()


def test_j_goes_on_to_the_next_page_and_back_from_an_incident_to_its_row(company: Company, visit: Visit) -> None:
    more_incidents(company, 30)
    page = visit(company.people["head"])
    for _ in range(25):
        page.keyboard.press("j")
    assert stood_on(page) == "Number 24"
    page.keyboard.press("j")
    expect(page.get_by_text("further rows")).to_be_visible()
    assert stood_on(page) == "Number 25"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Number 26")
    page.go_back()
    assert stood_on(page) == "Number 26"
    expect(page.locator("header.top-bar")).to_have_count(1)
    # By its link and not by a key: what is read anew just then would take the focus for a moment.
    page.get_by_role("link", name="Number 26", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Number 26")
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Number 27")
    page.wait_for_load_state("load")
    page.keyboard.press("r")
    expect(page.get_by_label("How it was put right")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    assert stood_on(page) == "Number 27"


def test_words_are_kept_when_one_was_signed_out_meanwhile(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.keyboard.press("j")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("How it was put right").fill("Sent by courier.")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label("How it was put right")).to_have_value("Sent by courier.")
    expect(page.locator("header.top-bar")).to_have_count(1)
    assert not Incident.objects.filter(resolution="Sent by courier.").exists()


def test_a_deed_goes_back_to_the_rows_as_narrowed_and_undoing_it_to_its_row(company: Company, visit: Visit) -> None:
    more_incidents(company, 3)
    page = visit(company.people["head"])
    page.keyboard.press("f")
    page.keyboard.type("Number")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.keyboard.type("Sent by courier.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    expect(page.locator("#desk-filter")).to_have_value("Number")
    assert stood_on(page) == "Number 01"
    page.keyboard.press("u")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    assert stood_on(page) == "Number 00"
    assert Incident.objects.get(title="Number 00").state == State.NEW


def test_filters_are_chosen_named_and_left_out_by_keys(company: Company, visit: Visit) -> None:
    more_incidents(company, 2)
    page = visit(company.people["head"])
    page.keyboard.press("F")
    expect(page.get_by_role("checkbox", name="nobody yet")).to_be_focused()
    # The keys of the rows rest while the menu is open.
    page.keyboard.press("j")
    expect(page.locator("tr.current")).to_have_count(0)
    page.keyboard.press("Space")
    page.get_by_label("Happened at least so many days ago").fill("1")
    page.keyboard.press("Enter")
    narrowed = page.get_by_role("list", name="Narrowed to")
    expect(narrowed).to_contain_text("with nobody yet")
    narrowed.get_by_role("link", name="Leave out: with nobody yet").press("Enter")
    expect(narrowed).not_to_contain_text("with nobody yet")
    expect(narrowed).to_contain_text("1 or more days old")
