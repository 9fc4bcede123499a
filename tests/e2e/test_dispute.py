"""A dispute between two departments, to its ruling: each side in a browser of its own, and both ledgers."""

import re

from playwright.sync_api import Page, expect

from departments.models import Dispute, Ruling, RulingState
from retention.scoring.rescoring import drain_changes
from tests.e2e.conftest import Visit
from tests.populated import Company


def points(page: Page, company: Company, department: str) -> float:
    """Read a department's points off the account's ledger; nothing for one without a line."""
    page.goto(f"/accounts/{company.ids['account']}")
    line = page.locator("#ledger tbody tr", has=page.get_by_role("rowheader", name=department))
    if line.count() == 0:
        return 0.0
    words = line.get_by_role("img").get_attribute("aria-label") or ""
    return float((re.search(r"[\d.]+", words) or ["0"])[0])


def test_what_is_not_theirs_goes_to_its_ruling_and_both_ledgers_change(company: Company, visit: Visit) -> None:
    """Billing, which took a part, says that it is not its own and names nobody; shipping says that it stays."""
    disputed, other = visit(company.people["asked_head"]), visit(company.people["head"])
    executive = visit(company.people["executive"])
    before = {name: points(executive, company, name) for name in ("Shipping", "Billing")}
    dispute = Dispute.objects.get(public_id=company.ids["dispute"])
    incident = f"/incidents/{dispute.incident.public_id}"

    disputed.goto(incident)
    disputed.get_by_role("button", name="Dispute it no longer").click()
    expect(disputed.get_by_role("status")).to_contain_text("no longer")
    disputed.locator("#dispute").get_by_label("Why").select_option("wrong_type")
    disputed.locator("#dispute").get_by_label("In words").fill("Nothing was invoiced.")
    disputed.get_by_role("button", name="It is not ours").click()
    expect(disputed.get_by_role("status")).to_contain_text("is disputed")

    other.goto("/triage/shipping?tab=disputed")
    expect(other.get_by_text("disputed by Billing, with Shipping; Shipping has the next word").first).to_be_visible()
    other.goto(incident)
    other.locator("#answer-dispute").get_by_label("In words").fill("The invoice bore the address.")
    other.get_by_role("button", name="Answer", exact=True).click()
    expect(other.get_by_role("status")).to_contain_text("stays with it")

    disputed.goto(incident)
    expect(disputed.get_by_text("Billing has the next word").first).to_be_visible()
    disputed.locator("#ask-for-ruling").get_by_label("In words").fill("There was no invoice.")
    disputed.get_by_role("button", name="Ask an executive").click()
    expect(disputed.get_by_role("status")).to_contain_text("before an executive")

    executive.goto(f"/rulings/{Ruling.objects.get(words='There was no invoice.').public_id}")
    for words in ("Nothing was invoiced.", "The invoice bore the address."):
        expect(executive.get_by_text(words)).to_be_visible()
    executive.get_by_label("Shipping, %").fill("100")
    executive.get_by_label("Billing, %").fill("0")
    executive.get_by_label("The ruling in words").fill("It was the label.")
    executive.get_by_role("button", name="Rule", exact=True).click()
    expect(executive.get_by_role("status")).to_contain_text("Ruled")
    drain_changes()
    after = {name: points(executive, company, name) for name in ("Shipping", "Billing")}
    assert after["Shipping"] > before["Shipping"]
    assert after["Billing"] < before["Billing"]


def test_a_dispute_goes_to_its_ruling_and_both_ledgers_change(company: Company, visit: Visit) -> None:
    giver, asked = visit(company.people["head"]), visit(company.people["asked_head"])
    executive = visit(company.people["executive"])
    before = {name: points(executive, company, name) for name in ("Shipping", "Billing")}
    incident = f"/incidents/{company.ids['waiting']}"

    asked.goto(incident)
    asked.locator("#asked").get_by_label("In words").fill("The address was right.")
    asked.get_by_role("button", name="Return it, with these words").click()
    expect(asked.get_by_role("status")).to_contain_text("goes back to Shipping")

    giver.goto(incident)
    giver.locator("#ask-for-ruling").get_by_label("In words").fill("The invoice bore another address.")
    giver.get_by_role("button", name="Ask an executive").click()
    expect(giver.get_by_role("status")).to_contain_text("before an executive")

    ruling = Ruling.objects.get(words="The invoice bore another address.")
    page = f"/rulings/{ruling.public_id}"
    for side, words in ((asked, "We invoiced what the order said."), (giver, "The label followed the invoice.")):
        side.goto(page)
        side.get_by_label("In words").fill(words)
        side.get_by_role("button", name="Put it on record").click()
        expect(side.get_by_role("status")).to_contain_text("on record")

    executive.goto(page)
    for words in ("We invoiced what the order said.", "The label followed the invoice."):
        expect(executive.get_by_text(words)).to_be_visible()
    executive.get_by_label("Shipping, %").fill("20")
    executive.get_by_label("Billing, %").fill("80")
    executive.get_by_label("The ruling in words").fill("The invoice came first.")
    executive.get_by_role("button", name="Rule", exact=True).click()
    expect(executive.get_by_role("status")).to_contain_text("Ruled")

    ruling.refresh_from_db()
    assert (ruling.state, ruling.shares) == (RulingState.RULED, {"shipping": 0.2, "billing": 0.8})
    drain_changes()
    after = {name: points(executive, company, name) for name in ("Shipping", "Billing")}
    assert after["Shipping"] < before["Shipping"]
    assert after["Billing"] > before["Billing"]
    asked.goto(incident)
    expect(asked.locator("tr", has_text="Billing").filter(has_text="holds it")).to_have_count(1)
