"""An administrator configures the company in a browser; the pages break no rule of the content security policy."""

from tests.e2e.conftest import Visit
from tests.populated import Company


def test_every_list_of_the_configuration_opens(company: Company, visit: Visit) -> None:
    page = visit(company.people["administrator"])
    page.goto("/admin/")
    lists = page.locator("#content-main th a").evaluate_all("links => links.map(link => link.href)")
    assert len(lists) > 20
    for address in lists:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
