"""A share from offer to counter-offer, and a closing day, with the keys alone."""

from playwright.sync_api import Locator, Page, expect

from departments.models import ClosingDay, HandOff, Incident
from tests.e2e.conftest import Visit
from tests.populated import Company

FURTHEST = 120


def tab_to(page: Page, control: Locator) -> None:
    """Go on by Tab until the control has the focus, which must be seen."""
    for _ in range(FURTHEST):
        page.keyboard.press("Tab")
        if control.evaluate("one => one === document.activeElement"):
            ring = control.evaluate("one => { const s = getComputedStyle(one); return s.outlineStyle + s.boxShadow; }")
            assert ring != "nonenone"
            return
    raise AssertionError(f"Tab never came to {control}.")


def send(page: Page, sentence: str) -> None:
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text(sentence)


def test_a_share_is_offered_countered_and_agreed_to(company: Company, visit: Visit) -> None:
    giver, taker = visit(company.people["head"]), visit(company.people["asked_head"])
    incident = Incident.objects.get(public_id=company.ids["in_work"])
    giver.goto(f"/incidents/{incident.public_id}")
    giver.keyboard.press("h")
    form = giver.locator("#hand-off")
    expect(form.get_by_label("To which department")).to_be_focused()
    giver.keyboard.type("Billing")
    tab_to(giver, form.get_by_label("Why", exact=True))
    giver.keyboard.type("We caused it together")
    tab_to(giver, form.get_by_label("In words"))
    giver.keyboard.type("The invoice named another address.")
    tab_to(giver, form.get_by_label("Share handed over"))
    giver.keyboard.press("Control+a")
    giver.keyboard.type("60")
    send(giver, "Billing is asked")

    taker.goto(f"/incidents/{incident.public_id}")
    taker.keyboard.press("a")
    expect(taker.locator("#asked").get_by_label("In words")).to_be_focused()
    counter = taker.locator("#asked form").nth(1)
    tab_to(taker, counter.get_by_label("Share, %"))
    taker.keyboard.type("30")
    tab_to(taker, counter.get_by_label("Why this share"))
    taker.keyboard.type("Two of three were yours.")
    send(taker, "30")

    giver.reload()
    tab_to(giver, giver.get_by_role("button", name="Agree"))
    giver.keyboard.press("Enter")
    expect(giver.get_by_role("status")).to_be_visible()
    assert HandOff.objects.get(incident=incident, direction="take").answer == "accepted"
    shares = dict(incident.responsibilities.values_list("department__slug", "share"))
    assert shares == {"shipping": 0.7, "billing": 0.3}


def test_a_closing_day_is_entered(company: Company, visit: Visit) -> None:
    page = visit(company.people["head"])
    page.goto("/departments/shipping/hours")
    days = page.get_by_label("Own closing days")
    tab_to(page, days)
    page.keyboard.type("2027-12-24")
    tab_to(page, page.get_by_role("button", name="Set these hours"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("works by these hours")
    assert ClosingDay.objects.get().day.isoformat() == "2027-12-24"
