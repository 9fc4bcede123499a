"""An executive's look: figures, where they come from, and one segment of them."""

import re
from urllib.parse import urlsplit

from django.utils import timezone
from playwright.sync_api import expect

from retention.scoring.trends import roll_up
from tests.e2e.conftest import Visit
from tests.populated import Company


def test_the_segment_holds_and_its_choice_takes_effect_at_once(company: Company, visit: Visit) -> None:
    roll_up(timezone.localdate())
    page = visit(company.people["executive"])
    page.get_by_label("Segment").select_option("Retail")
    page.wait_for_url(re.compile("segment=Retail"))
    expect(page.get_by_text("their part in Retail")).to_be_visible()


def test_each_figure_leads_to_its_definition(company: Company, visit: Visit) -> None:
    page = visit(company.people["executive"])
    page.get_by_role("link", name="Net revenue retention").click()
    page.wait_for_url(re.compile("/method#nrr"))
    expect(page.locator("#nrr")).to_be_in_viewport()


def test_the_months_are_drawn_and_told_in_a_table(company: Company, visit: Visit) -> None:
    roll_up(timezone.localdate())
    page = visit(company.people["executive"])
    page.reload()
    expect(page.locator(".chart canvas").first).to_be_visible()
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("columnheader", name="Together")).to_be_visible()


def test_it_is_read_without_a_script(company: Company, visit: Visit) -> None:
    roll_up(timezone.localdate())
    page = visit(company.people["executive"], java_script_enabled=False)
    page.get_by_label("Segment").select_option("Retail")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="Friction budget")).to_be_visible()


def test_a_board_member_reads_it_by_a_link_until_that_is_ended(company: Company, visit: Visit) -> None:
    roll_up(timezone.localdate())
    page = visit(company.people["executive"])
    page.get_by_role("link", name="Live links").click()
    page.get_by_label("For whom").fill("Chair of the board")
    page.get_by_role("button", name="Make it").click()
    address = urlsplit(page.get_by_label("The address").input_value()).path
    board = visit(None)
    board.goto(address)
    expect(board.get_by_role("heading", name="Retention scorecard")).to_be_visible()
    expect(board.locator(".chart canvas").first).to_be_visible()
    page.get_by_role("button", name="End the link for Chair of the board").click()
    board.reload()
    expect(board.get_by_role("heading", name="This link shows nothing")).to_be_visible()
