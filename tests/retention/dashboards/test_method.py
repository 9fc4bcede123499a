"""The method page: weights, data and definitions, and no figure that links to nothing."""

import datetime
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.models import Role
from retention.dashboards.coverage import FeedState, feeds, states
from retention.dashboards.definitions import ANCHORS
from retention.dashboards.method import runs, weight_rows
from retention.dashboards.trust import LEAST_LEAVERS, Trust
from retention.models import ModelVersion, ScoringRange, ScoringRun
from retention.scoring.versions import ensure_active_version, scoring_model
from tests import make

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
LINKED = {
    anchor
    for template in TEMPLATES.rglob("*.html")
    for anchor in re.findall(r'(?:\{% url "method" %\}|\{\{ method \}\})#([a-z-]+)', template.read_text())
}


SECTIONS = {
    anchor
    for template in TEMPLATES.glob("dashboards/_method_*.html")
    for anchor in re.findall(r'<(?:section|details) [^>]*\bid="([a-z-]+)"', template.read_text())
}


def method_page() -> str:
    client = Client()
    client.force_login(make.person(Role.SERVICE_DESK))
    return client.get(reverse("method")).content.decode()


def test_each_figure_links_to_a_definition_that_exists() -> None:
    assert LINKED <= ANCHORS | SECTIONS


@pytest.mark.django_db
def test_the_page_begins_with_what_is_on_it() -> None:
    ensure_active_version()
    page = method_page()
    contents = page[page.index('aria-label="On this page"') : page.index("</nav>", page.index("On this page"))]
    linked = re.findall(r'href="#([a-z-]+)"', contents)
    assert {"weights", "feeds", "definitions"} <= set(linked)
    assert [anchor for anchor in linked if f'id="{anchor}"' not in page] == []


@pytest.mark.django_db
def test_before_the_first_scoring_it_says_that_there_is_no_model() -> None:
    assert "No model is active yet" in method_page()


@pytest.mark.django_db
def test_it_shows_each_weight_with_what_experts_said() -> None:
    make.department("shipping")
    version = ensure_active_version()
    rows = list(weight_rows(scoring_model(version)))
    assert [row.label for row in rows] == [term["label"] for term in version.terms]
    assert all(row.low <= row.mean <= row.high for row in rows)
    assert "assumed" in method_page()


@pytest.mark.django_db
def test_it_does_not_claim_to_have_learned_what_experts_said() -> None:
    ensure_active_version()
    shown = method_page()
    assert "this version does not fit them to the company’s own history" in shown
    assert "updated on the company’s own history" not in shown


def test_with_enough_leavers_it_says_that_there_is_no_backtest_yet() -> None:
    state = Trust(is_backtested=False, passed=False, leavers=LEAST_LEAVERS, bins=[], figures={})
    assert state.missing.endswith("this version has no backtest yet.")


@pytest.mark.django_db
def test_a_run_under_way_shows_how_far_it_is() -> None:
    version = ensure_active_version()
    run = ScoringRun.objects.create(model=version, as_of=timezone.now())
    ScoringRange.objects.create(run=run, first=1, last=10, finished_at=timezone.now(), accounts=10)
    ScoringRange.objects.create(run=run, first=11, last=20)
    shown = vars(runs()[0])
    assert (shown["done"], shown["total"], shown["share"]) == (1, 2, 0.5)
    assert "scoring 50%" in method_page()
    assert ModelVersion.objects.count() == 1


def state_of(label: str, source: str = "manual") -> FeedState:
    moment = timezone.now()
    (found,) = [one for one in states(feeds(moment), moment) if (one.feed.label, one.feed.source) == (label, source)]
    return found


@pytest.mark.django_db
def test_a_feed_is_quiet_once_it_is_silent_for_longer_than_its_own_gaps() -> None:
    account = make.account()
    # Two days of each week, the last eight days ago: gaps of three and four days, never more.
    for week in range(12):
        for days in (8, 11):
            make.order(account, ordered_at=make.ago(days=days + 7 * week), recorded_at=make.ago(days=days + 7 * week))
    # Once a month, the last eight days ago.
    for month in range(24):
        days = 8 + 30 * month
        make.signal(account, "invoice", {"amount": 5}, happened_at=make.ago(days=days), recorded_at=make.ago(days=days))
    assert state_of("Orders").feed.longest_gap == 4
    assert (state_of("Orders").words, state_of("Orders").is_stale) == ("quiet for 8 days", True)
    assert state_of("Invoice").feed.longest_gap == 30
    assert state_of("Invoice").words == "arriving"


@pytest.mark.django_db
def test_each_system_and_each_reporting_department_is_a_feed_of_its_own() -> None:
    account, billing = make.account(), make.department("billing")
    for days in range(30, 60):
        moment = make.ago(days=days)
        make.order(account, source="old_shop", ordered_at=moment, recorded_at=moment)
        make.incident(account, reporting_department=billing, happened_at=moment, recorded_at=moment)
        make.touchpoint(account, make.person(), channel="visit", happened_at=moment, recorded_at=moment)
    make.order(account, source="new_shop", ordered_at=make.ago(days=1), recorded_at=make.ago(days=1))
    make.touchpoint(account, make.person(), channel="call", happened_at=make.ago(days=1), recorded_at=make.ago(days=1))
    assert state_of("Orders", "old_shop").words == "quiet for 30 days"
    assert state_of("Orders", "new_shop").words == "arriving"
    assert state_of("Contacts: visits").words == "quiet for 30 days"
    assert state_of("Contacts: calls").words == "arriving"
    reported = state_of("Reported friction", "")
    assert (reported.feed.sender, reported.words) == (billing.name, "quiet for 30 days")


@pytest.mark.django_db
def test_what_a_wrong_clock_wrote_ahead_keeps_no_feed_alive() -> None:
    account = make.account()
    for days in range(30, 60):
        make.signal(account, "invoice", {"amount": 5}, happened_at=make.ago(days=days))
    make.signal(account, "invoice", {"amount": 5}, happened_at=timezone.now() + datetime.timedelta(days=300))
    assert state_of("Invoice").words == "quiet for 30 days"


@pytest.mark.django_db
def test_a_feed_that_stopped_is_named() -> None:
    account = make.account()
    for days in range(30, 60):
        make.signal(account, "invoice", {"amount": 5}, happened_at=make.ago(days=days))
    make.signal(account, "shipment", happened_at=make.ago(days=1))
    words = {state.feed.label: state.words for state in states(feeds(timezone.now()), timezone.now())}
    assert words["Invoice"] == "quiet for 30 days"
    assert words["Shipment"] == "arriving"
    assert words["Contract"] == "never received"
