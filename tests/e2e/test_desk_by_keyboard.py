"""The whole desk by keyboard alone, and with others at work on it at the same time."""

from playwright.sync_api import Page, expect

from departments.models import HandOff, Incident, State
from tests import make
from tests.e2e.conftest import Visit
from tests.populated import Company

FOCUSED_ROW = "tr[data-row]:focus"


def title_in_focus(page: Page) -> str:
    """Return the incident on whose row the focus comes to stand; fails where it comes to stand on none."""
    row = page.locator(FOCUSED_ROW)
    expect(row).to_have_count(1)
    public_id = row.get_attribute("data-incident")
    assert public_id is not None
    return Incident.objects.get(public_id=public_id).title


def more_incidents(company: Company, count: int) -> None:
    """Lay more on the desk, the dearest first by number."""
    account = Incident.objects.get(public_id=company.ids["new"]).account
    for number in range(count):
        make.incident(account, title=f"Number {number:02}", money_at_risk=1e7 - number)


def test_accept_hand_on_resolve_and_take_back_without_a_mouse(company: Company, visit: Visit) -> None:
    more_incidents(company, 4)
    page = visit(company.people["head"])
    status = page.get_by_role("status")
    page.keyboard.press("j")
    assert title_in_focus(page) == "Number 00"
    page.keyboard.press("a")
    expect(status).to_contain_text("Shipping answers for “Number 00”")
    assert title_in_focus(page) == "Number 01"

    page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name="Hand off: Number 01")
    expect(dialog.get_by_label("To which department")).to_be_focused()
    page.keyboard.type("Legal")
    page.keyboard.press("Tab")
    page.keyboard.type("It was caused")
    page.keyboard.press("Tab")
    page.keyboard.type("The contract names another day.")
    page.keyboard.press("Control+Enter")
    expect(status).to_contain_text("Legal is asked to answer for “Number 01”")
    assert HandOff.objects.pending().get(to_department__slug="legal").incident.title == "Number 01"

    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Resolve: Number 02").get_by_label("How it was put right")).to_be_focused()
    page.keyboard.type("Sent by courier.")
    page.keyboard.press("Control+Enter")
    expect(status).to_contain_text("“Number 02” at")
    assert title_in_focus(page) == "Number 03"

    page.keyboard.press("u")
    expect(status).to_contain_text("Taken back: “Number 02”")
    assert Incident.objects.get(title="Number 02").state == State.NEW


def test_a_dialog_keeps_the_focus_and_gives_it_back(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.keyboard.press("j")
    before = title_in_focus(page)
    page.keyboard.press("h")
    for _ in range(12):
        page.keyboard.press("Tab")
        # Beyond the last control a browser's own buttons follow; what lies behind the dialog never does.
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert title_in_focus(page) == before


def test_keys_act_on_all_that_are_ticked(company: Company, visit: Visit) -> None:
    more_incidents(company, 3)
    page = visit(company.people["head"])
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Resolve: 2 incidents")).to_be_visible()
    page.keyboard.type("The carrier was changed.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("2 resolved.")
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Taken back: 2 incidents")
    assert not Incident.objects.filter(resolution="The carrier was changed.").exists()


def test_all_pages_are_ticked_at_once_and_one_deed_says_what_it_left(company: Company, visit: Visit) -> None:
    more_incidents(company, 30)
    page = visit(company.people["head"])
    page.get_by_label("Tick all").check()
    page.get_by_role("button", name="Tick all that are listed").click()
    whole = Incident.objects.filter(department__slug="shipping", state=State.NEW).count()
    expect(page.locator("[data-bulk-count]")).to_have_text(str(whole))
    # Somebody is first with one of them.
    Incident.objects.filter(title="Number 29").update(state=State.IN_WORK)
    page.locator("#ticked").get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_contain_text(f"{whole - 1} accepted, 1 not: 1 in work")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text(f"Taken back: {whole - 1} incidents")


def test_every_page_is_ticked_and_the_deeds_reached_by_keys(company: Company, visit: Visit) -> None:
    more_incidents(company, 30)
    page = visit(company.people["head"])
    ticked = page.locator("#ticked")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(ticked).to_contain_text("1 ticked")
    page.keyboard.press("Shift+X")
    expect(ticked).to_contain_text("25 ticked")
    page.keyboard.press("Shift+X")
    expect(ticked).to_contain_text("are ticked")
    assert title_in_focus(page) == "Number 00"
    page.keyboard.press("t")
    expect(ticked.get_by_role("button", name="Accept")).to_be_focused()
    ticked.get_by_role("button", name="Untick").press("Enter")
    assert title_in_focus(page) == "Number 00"


def test_what_others_do_is_told_without_moving_what_one_reads(company: Company, visit: Visit) -> None:
    more_incidents(company, 12)
    shipping = make.department("shipping")
    reader, other = visit(company.people["head"]), visit(make.head(shipping, name="Ana Reed"))
    for _ in range(10):
        reader.keyboard.press("j")
    expect(reader.locator("tr.current")).to_be_in_viewport()
    place = "[window.scrollY, document.activeElement.getBoundingClientRect().top]"
    before, stood_on = reader.evaluate(place), title_in_focus(reader)
    other.keyboard.press("j")
    other.keyboard.press("a")
    expect(other.get_by_role("status")).to_contain_text("answers for “Number 00”")
    expect(reader.locator("tr.changed")).to_contain_text("Ana Reed: accepted", timeout=12_000)
    assert (reader.evaluate(place), title_in_focus(reader)) == (before, stood_on)
    reader.keyboard.press("n")
    expect(reader.get_by_role("link", name="Number 00")).to_have_count(0)
    assert title_in_focus(reader) == stood_on


def test_a_filter_left_by_its_key_keeps_its_words_and_the_next_key_begins_at_the_first_row(
    company: Company, visit: Visit
) -> None:
    more_incidents(company, 12)
    page = visit(company.people["head"])
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("f")
    page.keyboard.type("Number 1")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Filter by incident")).to_have_value("Number 1")
    page.keyboard.press("j")
    assert title_in_focus(page) == "Number 10"


def test_a_menu_closed_by_its_key_gives_the_focus_to_what_opened_it(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    for key, words in (("F", "Filters"), ("v", "Views")):
        page.keyboard.press(key)
        menu = page.locator("#desk details.drop[open]")
        expect(menu).to_have_count(1)
        page.keyboard.press("Escape")
        expect(menu).to_have_count(0)
        expect(page.locator("summary", has_text=words)).to_be_focused()
