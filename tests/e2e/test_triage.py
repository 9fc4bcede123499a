"""A department head's morning: by keys alone, by mouse, and without a script."""

from playwright.sync_api import Page, expect

from departments.models import Answer, HandOff, Incident, State
from tests import make
from tests.e2e.conftest import Visit
from tests.populated import Company

DESK = "/triage/shipping"


def state_of(company: Company, name: str) -> str:
    return Incident.objects.get(public_id=company.ids[name]).state


def rows(page: Page) -> int:
    return page.locator("tr[data-row]").count()


def first_title(page: Page) -> str:
    """Return what the incident on top is called."""
    return page.locator("tr[data-row]").first.get_attribute("data-title") or ""


def test_an_incident_is_accepted_by_keys(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    before, title = rows(page), first_title(page)
    page.keyboard.press("j")
    expect(page.locator("tr.current")).to_have_count(1)
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text(f"Shipping answers for “{title}”")
    expect(page.locator("tr[data-row]")).to_have_count(before - 1)
    assert Incident.objects.filter(state=State.NEW, department__slug="shipping").count() == before - 1


def test_one_is_resolved_by_keys_the_next_is_at_hand_and_the_first_is_taken_back(
    company: Company, visit: Visit
) -> None:
    page = visit(company.people["head"])
    before, title = rows(page), first_title(page)
    page.keyboard.press("j")
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name=f"Resolve: {title}")
    dialog.get_by_label("How it was put right").fill("Sent by courier.")
    dialog.get_by_role("button", name="Resolve").click()
    expect(page.locator("tr[data-row]")).to_have_count(before - 1)
    expect(page.locator("tr.current")).to_have_count(1)
    assert Incident.objects.filter(state=State.RESOLVED, resolution="Sent by courier.").count() == 1
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.locator("tr[data-row]")).to_have_count(before)
    assert not Incident.objects.filter(resolution="Sent by courier.").exists()


def test_what_was_accepted_is_taken_back_without_a_script(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"], java_script_enabled=False)
    title = first_title(page)
    page.get_by_role("button", name="Accept").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text(f"Taken back: “{title}”")


def test_the_offer_to_take_back_ends_after_ten_seconds(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.clock.install()
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.clock.run_for(11_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("answers for")


def test_ticked_duplicates_are_merged_into_the_one_kept(company: Company, visit: Visit) -> None:
    account = Incident.objects.get(public_id=company.ids["new"]).account
    twin = make.incident(account, title="Late again, told twice")
    page = visit(company.people["head"])
    for title in ("Late again, told twice", "Late again"):
        row = page.locator("tr[data-row]", has_text=account.name).filter(
            has=page.get_by_role("link", name=title, exact=True)
        )
        row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Merge duplicates…").click()
    page.get_by_role("radio", name="Keep Late again", exact=True).check()
    page.get_by_role("button", name="Merge the others into it").click()
    expect(page.get_by_role("status")).to_contain_text("1 merged into “Late again”")
    twin.refresh_from_db()
    assert str(twin.merged_into and twin.merged_into.public_id) == company.ids["new"]


def test_one_is_handed_off_by_keys(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    title = first_title(page)
    page.keyboard.press("j")
    page.keyboard.press("h")
    dialog = page.get_by_role("dialog", name=f"Hand off: {title}")
    dialog.get_by_label("To which department").select_option("legal")
    dialog.get_by_label("Why").select_option("caused_elsewhere")
    dialog.get_by_label("In words").fill("The contract names another day.")
    dialog.get_by_role("button", name="Ask them to take it").click()
    expect(page.get_by_role("status")).to_contain_text("Legal is asked to answer")
    assert HandOff.objects.get(to_department__slug="legal").answer == Answer.PENDING


def test_the_ticked_are_accepted_together(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    expect(page.locator("#ticked")).not_to_be_visible()
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("#ticked")).to_contain_text("2 ticked")
    page.locator("#ticked").get_by_role("button", name="Accept").click()
    expect(page.get_by_role("status")).to_contain_text("2 accepted.")
    expect(page.locator("#ticked")).not_to_be_visible()


def test_of_two_at_once_the_second_learns_who_was_first(company: Company, visit: Visit) -> None:
    shipping = make.department("shipping")
    first, second = visit(company.people["head"]), visit(make.head(shipping, name="Ana Reed"))
    for page in (first, second):
        page.keyboard.press("j")
    first.keyboard.press("a")
    expect(first.get_by_role("status")).to_contain_text("answers for")
    second.keyboard.press("a")
    expect(second.get_by_role("status")).to_contain_text("accepted")
    expect(second.locator("tr[data-row]")).to_have_count(rows(first))


def test_the_filter_narrows_the_rows_while_typing(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.keyboard.press("f")
    page.keyboard.type("nothing like it")
    expect(page.get_by_text("Nothing here holds those words")).to_be_visible()
    expect(page.locator("#desk-filter")).to_be_focused()


def test_what_is_asked_of_a_department_is_returned_in_a_dialog(company: Company, visit: Visit) -> None:
    page = visit(company.people["asked_head"])
    page.get_by_role("link", name="Return").first.click()
    dialog = page.get_by_role("dialog", name="Return: Late again")
    dialog.get_by_label("In words").fill("The address was right.")
    dialog.get_by_role("button", name="Return it").click()
    expect(page.get_by_role("status")).to_contain_text("goes back to Shipping")


def test_all_of_it_works_without_a_script(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"], java_script_enabled=False)
    page.get_by_role("button", name="Accept").first.click()
    expect(page.get_by_role("status")).to_contain_text("answers for")
    page.goto(f"{DESK}?tab=in_work")
    page.get_by_role("link", name="Resolve", exact=True).first.click()
    page.get_by_label("How it was put right").fill("Sent by courier.")
    page.locator("#resolve").get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("status")).to_contain_text("is resolved")


def test_a_question_mark_lists_the_keys_of_the_desk(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    for words in ("next row", "tick the row", "accept", "hand off", "resolve and next"):
        expect(dialog).to_contain_text(words)


def test_nothing_of_the_desk_changed_state_by_being_looked_at(company: Company, visit: Visit) -> None:
    visit(company.people["head"]).goto(f"/incidents/{company.ids['new']}")
    assert state_of(company, "new") == State.NEW
