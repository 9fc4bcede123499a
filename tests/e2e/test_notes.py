"""A note that addresses a colleague: written by keys, told to them, and taken back."""

from playwright.sync_api import expect

from departments.models import Mention, Note
from tests.e2e.conftest import Visit
from tests.populated import Company


def test_a_colleague_is_addressed_by_keys_and_finds_it_in_the_inbox(company: Company, visit: Visit) -> None:
    head, member = company.people["head"], company.people["member"]
    assert member is not None
    member.name = "Morgan Vale"
    member.save()
    Mention.objects.all().delete()
    page = visit(head)
    page.goto(f"/incidents/{company.ids['new']}")
    page.get_by_label("Note", exact=True).focus()
    page.keyboard.type(f"@{member.name[:-1]}")
    expect(page.get_by_role("listbox", name="People who see this").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type("please look.")
    expect(page.get_by_label("Note", exact=True)).to_have_value(f"@{member.name} please look.")
    page.get_by_role("button", name="Write note").click()
    expect(page.get_by_role("status")).to_contain_text(f"The note is written. {member.name} is told.")

    addressed = visit(member)
    addressed.goto("/inbox")
    addressed.get_by_role("link", name="1 note mentions you").click()
    expect(addressed.get_by_text("please look.")).to_be_visible()

    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    expect(page.locator(".taken-back")).to_contain_text("please look.")
    assert Note.objects.get(text__contains="please look.").taken_back_at is not None
    addressed.goto("/inbox")
    expect(addressed.get_by_text("mentions you")).to_have_count(0)
