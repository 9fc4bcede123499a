"""The portfolio: rows, tiles, tabs, filters, order, saved views, assignment and export."""

import csv
import datetime
import io
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.models import Assignment, Role, State
from retention.dashboards.tables import safe_cell
from retention.models import SavedView, Score, ScoreHistory
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db

EVERYTHING = {"tab": "all"}


def rows(response: object) -> list[str]:
    """Return the names of the accounts that the page lists, in order."""
    return [row.account.name for row in response.context["rows"]]  # type: ignore[attr-defined]


def test_a_manager_sees_their_own_accounts_and_no_others(client: Client) -> None:
    mine, other = troubled("Mine"), troubled("Not mine")
    score(mine, other)
    client.force_login(make.manager_of(mine))
    assert rows(client.get(reverse("portfolio"), EVERYTHING)) == ["Mine"]


def test_an_executive_sees_every_account(client: Client) -> None:
    score(troubled("One"), troubled("Two"))
    client.force_login(make.person(Role.EXECUTIVE))
    assert sorted(rows(client.get(reverse("portfolio"), EVERYTHING))) == ["One", "Two"]


def test_departments_have_no_portfolio(client: Client) -> None:
    client.force_login(make.head(make.department()))
    response = client.get(reverse("portfolio"))
    assert response.status_code == 403
    assert "Your role does not include this" in response.content.decode()


def test_covering_for_a_colleague_shows_their_accounts_and_until_when(client: Client) -> None:
    account = troubled("Covered")
    away, covering = make.manager_of(account, name="Juan Ortiz"), make.person()
    absence = make.absence(away, covering)
    client.force_login(covering)
    page = client.get(reverse("portfolio"), EVERYTHING)
    assert rows(page) == ["Covered"]
    assert "you also cover Juan Ortiz until" in page.content.decode()
    assert absence.ends_on.isoformat() in page.content.decode()


def test_the_greatest_revenue_at_risk_comes_first_and_headings_sort(client: Client) -> None:
    small, large = troubled("Small", annual_revenue=1_000), troubled("Large", annual_revenue=90_000)
    score(small, large)
    person = make.manager_of(small)
    make.assignment(large, person)
    client.force_login(person)
    assert rows(client.get(reverse("portfolio"), EVERYTHING)) == ["Large", "Small"]
    assert rows(client.get(reverse("portfolio"), {"tab": "all", "sort": "revenue"})) == ["Small", "Large"]
    assert rows(client.get(reverse("portfolio"), {"tab": "all", "sort": "nonsense"})) == ["Large", "Small"]


def test_the_row_says_whose_friction_and_why_in_words(client: Client) -> None:
    account = troubled(incidents=2)
    (scored,) = score(account)
    client.force_login(make.manager_of(account))
    (row,) = client.get(reverse("portfolio"), EVERYTHING).context["rows"]
    assert [part.department.slug for part in row.parts] == ["shipping"]
    assert row.parts[0].points == pytest.approx(scored.friction_points)
    assert row.reason == "Late shipment ×2 (open)"


def test_the_tiles_add_up_what_the_rows_show(client: Client) -> None:
    accounts = [troubled("One", annual_revenue=50_000), troubled("Two", annual_revenue=20_000)]
    scores = score(*accounts)
    person = make.manager_of(accounts[0])
    make.assignment(accounts[1], person)
    client.force_login(person)
    sums = client.get(reverse("portfolio")).context["totals"]
    assert sums.revenue_at_risk == pytest.approx(sum(one.revenue_at_risk for one in scores))
    assert sums.avoidable == pytest.approx(sum(one.friction_points * one.annual_revenue for one in scores))


def test_accounts_move_into_the_tabs_they_belong_to(client: Client) -> None:
    quiet = make.account("Quiet")
    renewing = make.account("Renewing", renews_on=timezone.localdate() + datetime.timedelta(days=30))
    make.order(renewing)
    left = make.account("Left", left_on=timezone.localdate())
    risky = troubled("Risky")
    score(risky)
    Score.objects.filter(account=risky).update(risk=0.7, risk_week_ago=0.2)
    client.force_login(make.person(Role.EXECUTIVE))
    listed = {
        tab: rows(client.get(reverse("portfolio"), {"tab": tab}))
        for tab in ("at_risk", "moved", "renewing", "quiet", "left")
    }
    assert listed == {
        "at_risk": ["Risky"], "moved": ["Risky"], "renewing": ["Renewing"], "quiet": ["Quiet"], "left": ["Left"],
    }  # fmt: skip
    assert quiet.has_left is False
    assert left.has_left is True


def test_tabs_show_how_many_accounts_they_hold(client: Client) -> None:
    make.account("One")
    make.account("Two")
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("portfolio"), EVERYTHING).content.decode()
    assert [count.strip() for count in re.findall(r'class="tab-count[^>]*>([^<]*)<', page)] == ["0", "0", "0", "2", "2"]


def test_filters_narrow_rows_and_tiles_alike(client: Client) -> None:
    retail = troubled("Retail one", segment="Retail")
    wholesale = troubled("Wholesale one", segment="Wholesale")
    score(retail, wholesale)
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("portfolio"), {"tab": "all", "segment": "Retail"})
    assert rows(page) == ["Retail one"]
    assert page.context["totals"].tabs["all"] == 1


def test_it_filters_by_whose_friction_it_is(client: Client) -> None:
    late, unhurt = troubled("Late"), troubled("Unhurt", incidents=0)
    score(late, unhurt)
    client.force_login(make.person(Role.EXECUTIVE))
    assert rows(client.get(reverse("portfolio"), {"tab": "all", "department": "shipping"})) == ["Late"]


def test_a_filter_that_cannot_be_chosen_is_answered_with_a_sentence(client: Client) -> None:
    score(troubled("One"))
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("portfolio"), {"tab": "all", "band": "purple"})
    assert rows(page) == ["One"]
    assert "This filter was left out." in page.content.decode()


def test_the_page_that_does_not_exist_becomes_the_nearest(client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    for place in range(26):
        make.account(f"Account {place:02d}")
    page = client.get(reverse("portfolio"), {"tab": "all", "page": "99", "sort": "name"})
    assert rows(page) == ["Account 25"]


def test_a_portfolio_without_accounts_says_how_they_get_there(client: Client) -> None:
    client.force_login(make.person())
    assert "An administrator assigns them" in client.get(reverse("portfolio")).content.decode()


def test_the_export_holds_the_filtered_rows_and_no_formula(client: Client) -> None:
    evil = troubled('=HYPERLINK("http://evil")', segment="Retail", annual_revenue=Decimal("1234.50"))
    score(evil, troubled("Other", segment="Wholesale"))
    client.force_login(make.person(Role.EXECUTIVE))
    response = client.get(reverse("portfolio_export"), {"tab": "all", "segment": "Retail"})
    text = response.getvalue().decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(text))
    assert line["account"] == '\'=HYPERLINK("http://evil")'
    assert line["annual revenue"] == "1234.50"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(start: str) -> None:
    assert safe_cell(f"{start}cmd") == f"'{start}cmd"


def test_a_negative_number_stays_a_number() -> None:
    assert safe_cell("-4.25") == "-4.25"


def test_a_view_is_saved_shared_and_removed(client: Client) -> None:
    person, colleague = make.person(), make.person()
    client.force_login(person)
    fields = {"name": "My retail", "query": "tab=all&segment=Retail", "is_shared": "on"}
    assert client.post(reverse("portfolio_save_view"), fields)["Location"].endswith("?tab=all&segment=Retail")
    view = SavedView.objects.get()
    client.force_login(colleague)
    assert "My retail" in client.get(reverse("portfolio")).content.decode()
    assert client.post(reverse("portfolio_forget_view", args=[view.public_id])).status_code == 404
    client.force_login(person)
    client.post(reverse("portfolio_forget_view", args=[view.public_id]))
    assert not SavedView.objects.exists()


def test_an_administrator_assigns_the_ticked_accounts(client: Client) -> None:
    accounts, successor = [make.account("One"), make.account("Two")], make.person()
    client.force_login(make.person(Role.ADMINISTRATOR))
    fields = {"accounts": [str(account.public_id) for account in accounts], "person": str(successor.public_id)}
    client.post(reverse("assign_accounts"), fields)
    assert set(Assignment.objects.filter(person=successor).values_list("account__name", flat=True)) == {"One", "Two"}


def test_others_cannot_assign_accounts(client: Client) -> None:
    account, successor = make.account(), make.person()
    client.force_login(make.manager_of(account))
    fields = {"accounts": [str(account.public_id)], "person": str(successor.public_id)}
    assert client.post(reverse("assign_accounts"), fields).status_code == 403
    assert not Assignment.objects.filter(person=successor).exists()


def test_nothing_is_shown_to_strangers(client: Client) -> None:
    assert client.get(reverse("portfolio")).status_code == 302


def test_each_tile_tells_its_change_and_leads_to_what_it_is_made_of(client: Client) -> None:
    account = troubled(incidents=2)
    (scored,) = score(account)
    places = [scored.points.index(max(scored.points))]
    before = [0.0 if place in places else points for place, points in enumerate(scored.points)]
    ScoreHistory.objects.create(
        account=account,
        model=scored.model,
        as_of=make.ago(days=8),
        risk=0.1,
        baseline=0.1,
        points=before,
        annual_revenue=scored.annual_revenue,
    )
    make.incident(account, state=State.RESOLVED, happened_at=make.ago(days=20), recorded_at=make.ago(days=20))
    make.incident(account, happened_at=make.ago(days=20), recorded_at=make.ago(days=20))
    client.force_login(make.manager_of(account))
    page = client.get(reverse("portfolio"), {"tab": "all", "department": "shipping"})
    tiles = {tile.label: tile for tile in page.context["tiles"]}
    sums = page.context["totals"]
    assert sums.avoidable_before < sums.avoidable
    assert tiles["Avoidable (friction we caused)"].note.startswith("▲")
    # Three are open now; a week ago it was the one that is still open and the one resolved since.
    assert (tiles["Open incidents"].value, tiles["Open incidents"].note) == ("3", "▲ 1 this week · 3 past due")
    addresses = [tile.url for tile in tiles.values()]
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)
    assert all("department=shipping" in address for address in addresses)


def test_the_open_incidents_behind_the_tile_are_those_that_fit_the_filters(client: Client) -> None:
    retail, wholesale = troubled("Retailer", segment="Retail"), troubled("Wholesaler", segment="Wholesale")
    score(retail, wholesale)
    person = make.manager_of(retail)
    make.assignment(wholesale, person)
    client.force_login(person)
    page = client.get(reverse("portfolio_incidents"), {"segment": "Retail"})
    assert {incident.account for incident in page.context["page"]} == {retail}
    assert client.get(reverse("portfolio"), {"segment": "Retail"}).context["tiles"][3].value == "3"


def test_a_shared_view_is_offered_to_colleagues_and_an_own_one_is_not(client: Client) -> None:
    owner = make.manager_of(troubled())
    client.force_login(owner)
    for name, shared in (("Ours", {"is_shared": "on"}), ("Mine", {})):
        client.post(reverse("portfolio_save_view"), {"name": name, "query": "tab=all&care=overdue", **shared})
    client.force_login(make.manager_of(troubled("Another")))
    assert [view.name for view in client.get(reverse("portfolio")).context["saved_views"]] == ["Ours"]
