"""Figures of the whole company are computed ahead: the same as if computed now, and told with their age."""

import dataclasses
import datetime
import itertools
import random
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import Account
from accounts.segments import segments_on_record
from departments.models import Department, FrictionType, Incident, Person, Role, State
from retention.care.snoozes import snooze_accounts
from retention.dashboards import portfolio, portfolio_kept, portfolio_narrowed, triage_carried_kept
from retention.dashboards.kept import OVERDUE, Figures, Reading
from retention.dashboards.ledgers import LEAST_POINTS, friction_places
from retention.dashboards.periods import Period
from retention.dashboards.portfolio_care import by_care
from retention.dashboards.portfolio_choices import DEFAULT_SORT, PortfolioFilters, in_order, in_tab
from retention.dashboards.portfolio_kept import EVERYTHING
from retention.dashboards.portfolio_narrowed import NARROWED
from retention.dashboards.portfolio_sets import TABS, incident_counts, looked_after, looked_on
from retention.dashboards.portfolio_totals import totals
from retention.dashboards.scorecard import read_scorecard
from retention.dashboards.scorecard_care import CARE, care_on
from retention.dashboards.scorecard_departments import WORK, work_in
from retention.dashboards.scorecard_sheet import sheet_of
from retention.dashboards.triage_cards import DESKS
from retention.dashboards.triage_carried import carried_at
from retention.dashboards.triage_carried_kept import CARRIED, key_of
from retention.formatting import exact_moment
from retention.keeping import NAMES, STANDING, keep, keep_standing_figures
from retention.models import ImportRun, ImportState, KeptFigures, ModelVersion, Score, ScoreHistory
from retention.scoring.bands import band_of
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.populated import populate
from tests.retention.dashboards.books import score

pytestmark = pytest.mark.django_db
PORTFOLIOS = ("/portfolio", "/portfolio?tab=all", "/portfolio?tab=moved&sort=name")
NARROWED_TO = (
    *("segment=Retail", "department=shipping", "band=at_risk", "department=shipping&segment=Retail"),
    *("band=at_risk&department=shipping", "department=shipping&segment=Retail&band=at_risk"),
)
TRIAGE = ("/triage", "/triage/shipping", "/triage/handed-on", "/triage/handed-on?department=shipping")
SCORECARDS = ("/scorecard", "/scorecard?segment=Retail", "/scorecard?segment=Wholesale")
CARRIED_AT = ("/triage/shipping/carried", "/triage/shipping/carried?segment=Retail")
PAGES = (
    *PORTFOLIOS,
    *(f"/portfolio?tab=all&{one}" for one in NARROWED_TO),
    *TRIAGE,
    *CARRIED_AT,
    "/scorecard",
    "/method",
)
CHANGING = (r'name="csrfmiddlewaretoken" value="\w+"', r"<time [^>]*>[^<]*</time>", r" · (departments )?counted ")


@pytest.fixture(scope="module", autouse=True)
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        populate(2)
        _troubles(random.Random(7))
        yield
        transaction.set_rollback(True)


def _troubles(chance: random.Random) -> None:
    """Sixty incidents at thirty accounts, reported, answered, reopened and resolved at any time of half a year."""
    departments, types = list(Department.objects.all()), list(FrictionType.objects.all())
    accounts = [make.account(segment=chance.choice(["Retail", "Wholesale", ""])) for _ in range(30)]
    for _ in range(60):
        recorded = make.ago(days=chance.uniform(1, 180))
        is_open = chance.random() < 0.4
        department, other = chance.sample(departments, 2)
        incident = make.incident(
            chance.choice(accounts),
            shares={department: 0.75, other: 0.25},
            friction_type=chance.choice(types),
            happened_at=recorded,
            recorded_at=recorded,
            answered_at=recorded + datetime.timedelta(hours=chance.uniform(0, 20)),
            state=State.IN_WORK if is_open else State.RESOLVED,
            resolved_at=None if is_open else recorded + datetime.timedelta(days=1),
            reopened=chance.randrange(3),
            money_at_risk=chance.uniform(0, 900),
        )
        make.order(incident.account, ordered_at=recorded)


@pytest.fixture
def executive(client: Client) -> Person:
    person = make.person(Role.EXECUTIVE)
    client.force_login(person)
    return person


def shown(client: Client, address: str) -> str:
    """What a page says, less the token of its forms, the ages of things and the line that tells what is kept."""
    text = client.get(address).content.decode()
    for changing in CHANGING:
        text = re.sub(changing, "", text)
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("figures", STANDING, ids=NAMES)
def test_what_is_kept_is_what_is_computed(figures: Figures[Any]) -> None:
    moment = timezone.now()
    keep(figures, moment)
    kept = figures.kept(timezone.now())
    assert kept is not None
    assert (kept.figures, kept.as_of, kept.is_kept) == (figures.compute(moment), moment, True)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_says_the_same_from_what_is_kept(executive: Person, client: Client, address: str) -> None:
    before = shown(client, address)
    assert keep_standing_figures(moment=timezone.now()) == NAMES
    assert " counted <time" in client.get(address).content.decode()
    assert shown(client, address) == before


def test_they_are_computed_anew_once_they_have_grown_old() -> None:
    now = timezone.now()
    assert keep_standing_figures(moment=now) == NAMES
    assert keep_standing_figures(moment=now + datetime.timedelta(seconds=30)) == []
    assert keep_standing_figures(moment=now + datetime.timedelta(seconds=60)) == NAMES


def test_what_takes_long_is_computed_less_often() -> None:
    now = timezone.now()
    KeptFigures.objects.create(
        name=WORK.name, computed_at=now, took=datetime.timedelta(seconds=60), lasts=datetime.timedelta(0), figures={}
    )
    keep(DESKS, now)
    assert KeptFigures.objects.get(name=DESKS.name).lasts >= datetime.timedelta(seconds=600)
    assert not DESKS.is_due(now + datetime.timedelta(seconds=590))


def test_what_was_kept_under_a_former_name_costs_nothing_and_is_deleted_after_a_week() -> None:
    now = timezone.now()
    hour = datetime.timedelta(hours=1)
    KeptFigures.objects.create(name="former", computed_at=now, took=hour, lasts=hour, figures={})
    keep_standing_figures(moment=now)
    assert KeptFigures.objects.get(name=DESKS.name).lasts < hour
    keep_standing_figures(moment=now + datetime.timedelta(days=7))
    assert KeptFigures.objects.filter(name="former").exists()
    keep_standing_figures(moment=now + datetime.timedelta(days=7, seconds=1))
    assert set(KeptFigures.objects.values_list("name", flat=True)) == set(NAMES)


def test_when_nobody_renews_them_a_page_computes_them_itself() -> None:
    now = timezone.now()
    keep(DESKS, now)
    overdue = OVERDUE * KeptFigures.objects.get(name=DESKS.name).lasts
    assert DESKS.kept(now + overdue - datetime.timedelta(seconds=1)) is not None
    assert DESKS.kept(now + overdue) is None
    assert not DESKS.read(now + overdue).is_kept


def test_after_an_import_they_are_not_used() -> None:
    keep(DESKS, timezone.now())
    person = make.person(Role.ADMINISTRATOR)
    finished = {"state": ImportState.DONE, "finished_at": timezone.now()}
    ImportRun.objects.create(person=person, mapping_file="a.toml", mapping_text="", is_trial=True, **finished)
    assert DESKS.kept(timezone.now()) is not None
    ImportRun.objects.create(person=person, mapping_file="a.toml", mapping_text="", **finished)
    assert DESKS.kept(timezone.now()) is None
    assert DESKS.is_due(timezone.now())


def test_a_filter_is_answered_from_the_books(executive: Person, client: Client) -> None:
    keep_standing_figures(moment=timezone.now())
    make.account(name="Came a moment ago", segment="Retail", annual_revenue=10)
    here = Account.objects.staying().filter(by_care("none"), segment="Retail").count()
    page = client.get("/portfolio?tab=all&segment=Retail&care=none").content.decode()
    assert f"{here} accounts" in page
    assert "Came a moment ago" in page
    assert " counted <time" not in page


def test_one_choice_is_counted_ahead_and_its_rows_are_read(executive: Person, client: Client) -> None:
    keep_standing_figures(moment=timezone.now())
    here = Account.objects.staying().filter(segment="Retail").count()
    make.account(name="Came a moment ago", segment="Retail", annual_revenue=10)
    page = client.get("/portfolio?tab=all&segment=Retail&sort=-name").content.decode()
    assert f"{here} accounts" in page
    assert " counted <time" in page


@pytest.fixture
def scored() -> ModelVersion:
    score(*Account.objects.all())
    return ensure_active_version()


def chosen_by(key: str, model: ModelVersion) -> QuerySet[Account]:
    """Return the accounts that fit what an address chooses, asked for as a page asks."""
    segments, departments = segments_on_record(), Department.objects.all()
    filters = PortfolioFilters(QueryDict(key), departments=departments, segments=segments, owners=[])
    assert filters.query == key
    return filters.apply(looked_on(), model)


def combinations_of(accounts: Iterable[Account], model: ModelVersion) -> set[str]:
    """Return each choice and combination of choices that fits any of the accounts, by how an address has it."""
    found = set()
    for account in accounts:
        points = account.score.points
        slugs = [slug for slug, place in friction_places(model).items() if points[place] >= LEAST_POINTS]
        segments, bands = {"", account.segment}, ("", str(band_of(account.score.risk)))
        for slug, segment, band in itertools.product(("", *slugs), segments, bands):
            choices = {"department": slug, "segment": segment, "band": band}
            found.add(urlencode({name: value for name, value in choices.items() if value}))
    return found - {""}


def test_each_combination_counts_as_when_it_is_asked_for(scored: ModelVersion) -> None:
    found = NARROWED.compute(timezone.now()).of
    assert found.keys() == combinations_of(looked_on(), scored)
    assert {key.count("=") for key in found} == {1, 2, 3}
    for key, kept in found.items():
        accounts = chosen_by(key, scored)
        now = totals(accounts, scored)
        found_now, counted = dataclasses.asdict(now), dataclasses.asdict(kept.totals)
        for exact in ("tabs", "scored_at"):
            assert counted.pop(exact) == found_now.pop(exact), key
        assert counted == pytest.approx(found_now), key
        assert kept.incidents == incident_counts(Incident.objects.all(), accounts.filter(left_on=None)), key


@pytest.mark.parametrize(("leading", "looked_at"), [(100, 60_000), (3, 60_000), (100, 40)])
def test_those_kept_of_a_combination_are_the_first(
    monkeypatch: pytest.MonkeyPatch, scored: ModelVersion, leading: int, looked_at: int
) -> None:
    monkeypatch.setattr(portfolio_narrowed, "LEADING", leading)
    monkeypatch.setattr(portfolio_narrowed, "LOOKED_AT", looked_at)
    lengths, whole = [], []
    for key, kept in NARROWED.compute(timezone.now()).of.items():
        accounts = chosen_by(key, scored)
        for tab in ("at_risk", "all", "quiet"):
            first = list(in_order(in_tab(accounts, tab), DEFAULT_SORT).values_list("pk", flat=True))
            assert kept.leading[tab] == first[: len(kept.leading[tab])], (key, tab)
            lengths.append(len(kept.leading[tab]))
            whole.append(min(len(first), leading))
    assert (lengths == whole) is (looked_at == 60_000)
    assert 0 < sum(lengths) <= sum(whole)


def test_of_more_combinations_than_are_kept_the_largest_are(
    monkeypatch: pytest.MonkeyPatch, scored: ModelVersion
) -> None:
    every = NARROWED.compute(timezone.now()).of
    monkeypatch.setattr(portfolio_narrowed, "MOST", 5)
    kept = NARROWED.compute(timezone.now()).of
    sizes = {key: one.totals.tabs["all"] + one.totals.tabs["left"] for key, one in every.items()}
    assert [sizes[key] for key in kept] == sorted(sizes.values(), reverse=True)[:5]
    assert all(every[key] == one for key, one in kept.items())


def test_the_first_of_a_combination_are_found_by_what_is_kept(
    executive: Person, client: Client, scored: ModelVersion
) -> None:
    keep_standing_figures(moment=timezone.now())
    accounts = Account.objects.filter(segment="Retail", score__risk__lt=0.15)
    addition = {"segment": "Retail", "band": "low", "tab": "all"}
    before = [row.account for row in client.get("/portfolio", addition).context["rows"]]
    assert before == list(in_order(looked_on().filter(pk__in=accounts), DEFAULT_SORT))
    Score.objects.filter(account=before[0]).update(risk=0.5)
    assert [row.account for row in client.get("/portfolio", addition).context["rows"]] == before[1:]


@pytest.mark.parametrize("role", [Role.ACCOUNT_MANAGER, Role.SERVICE_DESK])
def test_a_combination_of_the_whole_company_is_told_to_nobody_who_sees_a_part(
    client: Client, scored: ModelVersion, role: Role
) -> None:
    mine = make.account(name="Mine alone", segment="Retail")
    score(mine)
    person = make.manager_of(mine) if role == Role.ACCOUNT_MANAGER else make.person(role)
    keep_standing_figures(moment=timezone.now())
    client.force_login(person)
    answer = client.get("/portfolio", {"segment": "Retail", "band": str(band_of(mine.score.risk)), "tab": "all"})
    assert answer.status_code == 200
    assert answer.context["portfolio"].counted is None
    assert [row.account for row in answer.context["rows"]] == [mine][: len(answer.context["rows"])]
    assert answer.context["totals"].tabs["all"] == len(answer.context["rows"])


def test_each_segment_is_kept_as_when_it_is_asked_for() -> None:
    moment, departments = timezone.now(), list(Department.objects.filter(is_active=True))
    worked, cared = WORK.compute(moment).of, CARE.compute(moment).of
    assert worked.keys() == cared.keys() == {"", "Retail", "Wholesale"}
    today = timezone.localdate(moment)
    before = Period.quarter_to(today).end_before
    for segment in worked:
        assert work_in(departments, segment, moment) == Reading(worked[segment], moment, is_kept=False)
        assert care_on(today, before, segment, moment) == cared[segment]
    assert worked["Retail"] != worked["Wholesale"]
    keep(WORK, moment)
    assert work_in(departments, "Retail", moment) == Reading(worked["Retail"], moment, is_kept=True)


@pytest.mark.parametrize("most", [2, 7, 200])
def test_what_is_carried_is_what_the_scores_say(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    score(*Account.objects.all())
    monkeypatch.setattr(triage_carried_kept, "LEADING", most)
    found, executive, wanted = CARRIED.compute(timezone.now()).of, make.person(Role.EXECUTIVE), set()
    for department in Department.objects.all():
        for segment in ("", *segments_on_record()):
            scores = list(carried_at(department, executive, segment).values_list("account", "carried"))
            if scores:
                wanted.add(key := key_of(department.slug, segment))
                kept = found[key]
                assert (kept.accounts, kept.leading) == (len(scores), [account for account, _ in scores[:most]]), key
                assert kept.whole == pytest.approx(sum(money for _, money in scores)), key
    assert found.keys() == wanted
    assert max(kept.accounts for kept in found.values()) > 7


def test_whoever_looks_after_some_accounts_alone_reads_their_own(client: Client) -> None:
    keep_standing_figures(moment=timezone.now())
    client.force_login(make.manager_of(make.account(name="Mine alone")))
    page = client.get("/portfolio?tab=all").content.decode()
    assert "1 account you look after" in page
    assert " counted <time" not in page


def test_an_account_that_left_the_tab_since_is_not_shown_in_it(executive: Person, client: Client) -> None:
    keep_standing_figures(moment=timezone.now())
    before = [row.account for row in client.get("/portfolio?tab=all").context["rows"]]
    Account.objects.filter(pk=before[0].pk).update(left_on=timezone.localdate())
    assert [row.account for row in client.get("/portfolio?tab=all").context["rows"]] == before[1:]


def test_pages_beyond_those_kept_are_read_from_the_books() -> None:
    everything = EVERYTHING.compute(timezone.now())
    count = everything.totals.tabs["all"]
    first, last = everything.on_page("all", 1, 25), everything.on_page("all", count // 25 + 1, 25)
    assert first is not None
    assert last is not None
    assert len(first) == 25
    assert [*first, *last] == everything.leading["all"]
    everything.totals.tabs["all"] = count + 25
    assert everything.on_page("all", count // 25 + 1, 25) is None
    assert everything.on_page("all", count // 25 + 2, 25) is None


@pytest.mark.parametrize("sort", ["-revenue_at_risk", "-risk", "revenue", "-name"])
def test_page_after_page_shows_each_account_once_in_its_order(
    executive: Person, client: Client, monkeypatch: pytest.MonkeyPatch, scored: ModelVersion, sort: str
) -> None:
    monkeypatch.setattr(portfolio, "ROWS_A_PAGE", 7)
    monkeypatch.setattr(portfolio_kept, "LEADING", 14)
    keep_standing_figures(moment=timezone.now())
    wanted = list(in_order(in_tab(looked_on(), "all"), sort))
    pages = [client.get(f"/portfolio?tab=all&sort={sort}&page={page + 1}") for page in range(-(-len(wanted) // 7))]
    assert [row.account for page in pages for row in page.context["rows"]] == wanted
    assert len(pages) > 3


@pytest.fixture
def manager() -> Person:
    """Looks after twelve accounts of every kind, and has set two aside."""
    manager, today = make.person(), timezone.localdate()
    accounts = [
        make.account(
            renews_on=None if place % 2 else today + datetime.timedelta(days=40),
            left_on=today if place % 5 == 4 else None,
            annual_revenue=1000 + place,
        )
        for place in range(12)
    ]
    for place, account in enumerate(accounts):
        make.assignment(account, manager)
        make.order(account, ordered_at=make.ago(days=place * 11))
    for place, stored in enumerate(score(*[account for account in accounts if account.left_on is None])):
        stored.risk, stored.risk_week_ago = place / 12, place / 12 + (place % 3 - 1) * 0.06
        stored.save()
    until = today + datetime.timedelta(days=9)
    snooze_accounts(accounts=accounts[2:4], until=until, wakes_at_rise=0.05, reason="On leave", acting_person=manager)
    return manager


def test_each_tab_counts_what_it_lists(manager: Person) -> None:
    accounts = looked_after(manager)
    listed = {tab: in_tab(accounts, tab).count() for tab in TABS}
    assert totals(accounts, None).tabs == listed
    assert 0 not in listed.values()


def test_the_friction_of_a_week_ago_is_that_of_the_same_model(manager: Person) -> None:
    accounts, model = looked_after(manager), ensure_active_version()
    (account,) = accounts.filter(left_on=None)[:1]
    places = list(friction_places(model).values())
    points = [0.1 if place in places[:2] else 0.05 if place == places[2] else 0.0 for place in range(len(model.terms))]
    before = totals(accounts.filter(pk=account.pk), model).avoidable_before
    ScoreHistory.objects.create(
        account=account,
        model=model,
        as_of=make.ago(days=8),
        risk=0.4,
        baseline=0.1,
        points=points,
        annual_revenue=1.0,
    )
    assert totals(accounts.filter(pk=account.pk), model).avoidable_before != before
    assert totals(accounts.filter(pk=account.pk), model).avoidable_before == pytest.approx(
        0.25 * account.score.annual_revenue
    )
    assert totals(accounts.filter(pk=account.pk), None).avoidable_before == before


def test_a_sheet_that_is_sent_tells_how_old_its_figures_are(executive: Person) -> None:
    moment = timezone.now()
    card = read_scorecard(person=executive, segment="", moment=moment)
    assert sheet_of(card, make.organisation()).counted == ""
    keep_standing_figures(moment=moment)
    card = read_scorecard(person=executive, segment="", moment=timezone.now())
    assert sheet_of(card, make.organisation()).counted == f"Departments as of {exact_moment(moment)}"
