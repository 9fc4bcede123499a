"""Every page: nothing serious for axe in light and dark, nothing to be scrolled sideways on a small phone."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Visit
from tests.populated import Company
from tests.test_permissions import filled

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
PAGES = {
    "manager": [
        "/portfolio?tab=all", "/portfolio?tab=moved", "/portfolio/incidents", "/accounts/<account>",
        "/accounts/<account>/timeline", "/accounts/<account>/report", "/accounts/<account>/contact", "/report",
        "/search", "/search?q=customer", "/inbox", "/incidents/<new>", "/method", "/password_change/",
        "/recoveries/<recovery>", "/accounts/<account>/ask-for-call", "/accounts/<account>/snooze",
        "/accounts/00000000-0000-7000-8000-000000000000",
    ],
    "cover": ["/portfolio?tab=snoozed", "/accounts/<account>"],
    "member": ["/recoveries/<recovery>", "/mentions", "/triage/shipping"],
    "desk": ["/desk", "/desk/<account>"],
    "head": [
        "/triage/shipping", "/triage/shipping?tab=resolved", "/incidents/<in_work>", "/incidents/<waiting>",
        "/accounts/<account>", "/portfolio", "/rules", "/rules/new", "/rules/new?kind=inspection", "/rules/<rule>",
        "/rules/<rule>/edit", "/incidents/<on_hold>", "/incidents/ticked/hand-off?incident=<new>",
        "/what-if", "/what-if/answers", "/what-if/answers/<answer>",
        "/triage/handed-on", "/triage/hand-offs?moves=0", "/problems/<problem>", "/incidents/<cured>/8d",
    ],
    "executive": [
        "/scorecard", "/scorecard/links", "/scorecard/mail", "/scorecard/made-of/vacation", "/triage",
        "/portfolio?tab=all", "/accounts/<account>",
    ],
    "administrator": ["/portfolio?tab=all", "/imports", "/method/models"],
    "anonymous": ["/login/", "/password_reset/", "/live/<live>", "/scorecard/mail/stop/<stop>"],
}  # fmt: skip
GRAVE = {"serious", "critical"}
SMALL_PHONE = {"width": 360, "height": 740}


@pytest.mark.parametrize("role", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(role: str, scheme: str, company: Company, visit: Visit) -> None:
    page = visit(company.people[role], color_scheme=scheme)
    found = {address: grave(page, filled(address, company)) for address in PAGES[role]}
    assert {address: names for address, names in found.items() if names} == {}


def grave(page: Page, address: str) -> list[str]:
    """Return what axe calls serious or critical on a page, and where."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text())
    violations: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']][:3]}"
        for violation in violations
        if violation["impact"] in GRAVE
    ]


@pytest.mark.parametrize("role", PAGES)
def test_a_small_phone_need_not_scroll_sideways(role: str, company: Company, visit: Visit) -> None:
    page = visit(company.people[role], viewport=SMALL_PHONE)
    found = {address: beyond_the_edge(page, filled(address, company)) for address in PAGES[role]}
    assert {address: pixels for address, pixels in found.items() if pixels} == {}


def beyond_the_edge(page: Page, address: str) -> int:
    """Return by how many pixels a page is wider than the window."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return int(page.evaluate("Math.max(0, document.documentElement.scrollWidth - window.innerWidth)"))
