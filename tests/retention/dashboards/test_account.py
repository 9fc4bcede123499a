"""The account page: a ledger that adds up, what if, timeline, and what is written about an account."""

import datetime
import itertools
import re
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Touchpoint
from departments.models import Incident, Person, Role, State
from retention.dashboards.account_ledger import waterfall, words_that_add_up
from retention.dashboards.account_lines import Entry
from retention.dashboards.account_timeline import signal_words
from retention.models import Score, ScoreHistory
from retention.scoring.ledger import LedgerLine, LineKind
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db


@pytest.fixture
def castle() -> Account:
    """A scored account with three open incidents of shipping."""
    account = troubled()
    score(account)
    return account


@pytest.fixture
def maya(castle: Account) -> Person:
    return make.manager_of(castle, name="Maya Wu")


@pytest.fixture
def as_maya(client: Client, maya: Person) -> Client:
    client.force_login(maya)
    return client


def page_of(account: Account) -> str:
    return reverse("account", args=[account.public_id])


def test_the_bars_add_up_to_the_displayed_risk(as_maya: Client, castle: Account) -> None:
    picture = as_maya.get(page_of(castle)).context["waterfall"]
    shown = sum(float(step.words.replace("−", "-")) for step in picture.steps)
    assert shown == pytest.approx(float(picture.risk_words.removesuffix("%")))
    assert picture.risk == pytest.approx(Score.objects.get(account=castle).risk)


def test_rounded_points_add_up_to_the_rounded_sum() -> None:
    assert words_that_add_up([0.333, 0.333, 0.334], 0) == ["+33", "+33", "+34"]
    assert words_that_add_up([0.714, -0.042, 0.004], 0) == ["+71", "−4", "+1"]


def test_small_lines_are_gathered_so_that_none_is_missing() -> None:
    base = LedgerLine("baseline", "Baseline, no friction", LineKind.BASELINE, 0.2, 20.0)
    small = [
        LedgerLine(f"department:{name}", name, LineKind.DEPARTMENT, 0.004, 0.4, department=name) for name in ("a", "b")
    ]
    picture = waterfall([base, *small], {})
    assert [step.label for step in picture.steps] == ["Baseline, no friction", "2 smaller lines"]
    assert picture.risk == pytest.approx(0.208)


def test_it_is_called_an_index_until_it_is_backtested(as_maya: Client, castle: Account) -> None:
    model = Score.objects.get(account=castle).model
    assert "Risk index" in as_maya.get(page_of(castle)).content.decode()
    model.backtest = {"passed": True}
    model.save()
    assert "Risk of leaving in 90 days" in as_maya.get(page_of(castle)).content.decode()


def test_the_points_of_incidents_add_up_to_their_department(as_maya: Client, castle: Account) -> None:
    context = as_maya.get(page_of(castle)).context
    friction = sum(row.points for row in context["friction"].rows)
    assert friction == pytest.approx(Score.objects.get(account=castle).friction_points)
    assert context["friction"].open == 3


def test_what_if_shows_the_risk_without_the_ticked(as_maya: Client, castle: Account) -> None:
    ticked = [str(incident.public_id) for incident in Incident.objects.all()]
    answer = as_maya.post(reverse("account_what_if", args=[castle.public_id]), {"incidents": ticked})
    found = answer.context["what_if"]
    assert found.before == pytest.approx(Score.objects.get(account=castle).risk)
    assert found.after < found.before
    assert found.money_kept == pytest.approx((found.before - found.after) * float(castle.annual_revenue))
    assert "not proven causal" in answer.content.decode()
    assert all(row.is_ticked for row in answer.context["friction"].rows)


def test_what_if_answers_htmx_with_the_card_alone(as_maya: Client, castle: Account) -> None:
    ticked = [str(Incident.objects.all()[0].public_id)]
    url = reverse("account_what_if", args=[castle.public_id])
    answer = as_maya.post(url, {"incidents": ticked}, headers={"HX-Request": "true"}).content.decode()
    assert "Without the 1 ticked incident" in answer
    assert "<html" not in answer


def test_what_if_leaves_out_incidents_of_other_accounts(as_maya: Client, castle: Account) -> None:
    foreign = make.incident()
    url = reverse("account_what_if", args=[castle.public_id])
    answer = as_maya.post(url, {"incidents": [str(foreign.public_id), "nonsense"]})
    assert answer.context["what_if"] is None


def test_a_department_sees_name_value_risk_and_its_own_incidents_alone(client: Client, castle: Account) -> None:
    billing = make.department("billing")
    kind = make.friction_type("invoice_error", department=billing)
    make.incident(castle, kind, title="Wrong amount", state=State.RESOLVED)
    client.force_login(make.head(billing))
    page = client.get(page_of(castle))
    text = page.content.decode()
    assert [row.incident.title for row in page.context["friction"].rows] == ["Wrong amount"]
    assert "Pat Jones" not in text
    assert "Whose job is it?" not in text


def test_an_outsider_is_told_that_there_is_no_such_page(client: Client, castle: Account) -> None:
    client.force_login(make.person())
    page = client.get(page_of(castle))
    assert page.status_code == 404
    assert "There is no such page for you" in page.content.decode()


def test_an_account_without_a_score_says_so(client: Client) -> None:
    account = make.account("Fresh")
    client.force_login(make.manager_of(account))
    assert "Not scored yet" in client.get(page_of(account)).content.decode()


def test_an_account_that_left_keeps_its_last_score(as_maya: Client, castle: Account) -> None:
    castle.left_on = timezone.localdate()
    castle.save()
    page = as_maya.get(page_of(castle)).content.decode()
    assert "This customer left on" in page
    assert "Whose job is it?" in page


def test_the_movement_since_last_week_adds_up_as_it_is_shown(as_maya: Client, castle: Account) -> None:
    castle.incidents.all().delete()
    Score.objects.all().delete()
    rescore_accounts(account_ids=[castle.pk], as_of=make.ago(days=8), version=ensure_active_version())
    make.incident(castle, severity=1.0, title="Sent to Leeds, Alabama")
    score(castle)
    page = as_maya.get(page_of(castle))
    movement = page.context["movement"]
    difference = round(float(movement.after.rstrip("%")) * 10) - round(float(movement.before.rstrip("%")) * 10)
    assert sum(line.tenths for line in movement.lines) == difference
    assert any(line.cause == "New" and line.tenths > 0 for line in movement.lines)
    assert "Sent to Leeds, Alabama" in page.content.decode().partition('id="movement"')[2]


def test_the_movement_can_be_asked_for_since_any_day(as_maya: Client, castle: Account) -> None:
    for days in (60, 30):
        past = Score.objects.get(account=castle)
        ScoreHistory.objects.create(
            account=castle,
            model=past.model,
            as_of=make.ago(days=days),
            risk=0.5,
            baseline=0.5,
            points=past.points,
            annual_revenue=1,
        )
    asked = timezone.localdate() - datetime.timedelta(days=40)
    movement = as_maya.get(page_of(castle), {"since": asked.isoformat()}).context["movement"]
    assert movement.explained.since < make.ago(days=59)
    assert not movement.is_oldest
    long_ago = as_maya.get(page_of(castle), {"since": "2001-01-01"}).context["movement"]
    assert long_ago.is_oldest
    assert as_maya.get(page_of(castle), {"since": "soon"}).context["movement"].explained.since > make.ago(days=31)


def test_an_account_without_an_older_score_says_so(as_maya: Client, castle: Account) -> None:
    assert "There is no older score yet" in as_maya.get(page_of(castle)).content.decode()


def test_money_below_the_bars_adds_up_to_what_is_shown(as_maya: Client, castle: Account) -> None:
    picture = as_maya.get(page_of(castle)).context["waterfall"]
    assert sum(step.money for step in picture.steps) == picture.money
    assert picture.money == round(Score.objects.get(account=castle).revenue_at_risk)


def test_the_ledger_adds_up_at_every_level_to_the_last_incident(as_maya: Client, castle: Account) -> None:
    billing = make.department("billing")
    shipping = make.department("shipping")
    make.incident(castle, make.friction_type("invoice_error", department=billing), {billing: 0.7, shipping: 0.3})
    stored = score(castle)[0]
    page = as_maya.get(reverse("account_lines", args=[castle.public_id]))
    rows, total = page.context["entries"], page.context["total"]
    assert total.money == round(stored.revenue_at_risk)
    assert total.tenths == round(stored.risk * 1000)
    assert_parts_add_up([total, *rows])
    assert {str(one.public_id) for one in Incident.objects.all()} <= set(
        re.findall(r"/incidents/([-0-9a-f]+)", page.content.decode())
    )


def _lies_below(row: Entry, other: Entry) -> bool:
    return other.level > row.level


def assert_parts_add_up(rows: list[Entry]) -> None:
    """Each row with rows of the next level below it is their sum."""
    for place, row in enumerate(rows):
        below = list(itertools.takewhile(partial(_lies_below, row), rows[place + 1 :]))
        direct = [one for one in below if one.level == row.level + 1]
        if direct:
            assert sum(one.tenths for one in direct) == row.tenths
            assert sum(one.money for one in direct) == row.money
            assert sum(one.amount.points for one in direct) == pytest.approx(row.amount.points, abs=1e-9)


def test_points_that_are_charged_to_nobody_are_told_with_the_reason(as_maya: Client, castle: Account) -> None:
    model = Score.objects.get(account=castle).model
    place = [term["key"] for term in model.terms].index("department:shipping")
    model.weights["evidence"][place] = "no_evidence"
    model.save()
    score(castle)
    page = as_maya.get(reverse("account_lines", args=[castle.public_id]))
    assert_parts_add_up([page.context["total"], *page.context["entries"]])
    row = next(one for one in page.context["entries"] if one.amount.label == "Shipping")
    assert row.amount.parts
    assert "no evidence that this makes accounts leave" in page.content.decode()


def test_the_timeline_holds_everything_and_can_be_narrowed(as_maya: Client, castle: Account, maya: Person) -> None:
    make.touchpoint(castle, maya, summary="Two orders discussed")
    make.signal(castle)
    make.hand_off(Incident.objects.all()[0], make.department("billing"))
    url = reverse("account_timeline", args=[castle.public_id])
    kinds = {entry.kind for entry in as_maya.get(url).context["timeline"].entries}
    assert kinds == {"orders", "signals", "incidents", "hand_offs", "contacts", "scores"}
    contacts = as_maya.get(url, {"show": "contacts"}).context["timeline"].entries
    assert [entry.detail for entry in contacts] == ["Two orders discussed"]


def test_the_timeline_is_paged_without_gaps(as_maya: Client, castle: Account) -> None:
    for _ in range(20):
        make.order(castle, ordered_at=make.ago(days=3))
    url = reverse("account_timeline", args=[castle.public_id])
    pages = [as_maya.get(url, {"show": "orders", "page": str(page)}).context["timeline"] for page in (1, 2)]
    assert [len(page.entries) for page in pages] == [15, 9]
    assert [page.has_more for page in pages] == [True, False]


def test_a_signal_is_written_in_words() -> None:
    data = {"days_late": 6, "damaged": True, "partial": False, "carrier": "Swift"}
    assert signal_words("shipment", data) == "days late 6, damaged, carrier Swift"


def test_friction_is_reported_with_the_department_that_answers(as_maya: Client, castle: Account, maya: Person) -> None:
    kind = make.friction_type("wrong_product")
    fields = {"friction_type": kind.slug, "severity": "0.75", "title": "", "description": "Blue, not red.",
              "happened_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")}  # fmt: skip
    answer = as_maya.post(reverse("account_report_friction", args=[castle.public_id]), fields, follow=True)
    incident = Incident.objects.get(friction_type=kind)
    assert (incident.title, incident.severity, incident.reporter) == (kind.name, 0.75, maya)
    assert f"{kind.department} is asked to answer" in answer.content.decode()


def test_friction_of_the_future_is_refused_with_a_sentence(as_maya: Client, castle: Account) -> None:
    fields = {"friction_type": make.friction_type().slug, "severity": "0.5", "happened_at": "2199-01-01T10:00"}
    answer = as_maya.post(reverse("account_report_friction", args=[castle.public_id]), fields)
    assert answer.status_code == 400
    assert "It cannot have happened in the future." in answer.content.decode()


def test_a_contact_is_logged(as_maya: Client, castle: Account, maya: Person) -> None:
    fields = {"channel": "call", "purpose": "check_in", "minutes": "12", "summary": "All well.",
              "contact": str(castle.contacts.get().public_id),
              "happened_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")}  # fmt: skip
    as_maya.post(reverse("account_log_contact", args=[castle.public_id]), fields)
    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.person, touchpoint.minutes, touchpoint.summary) == (maya, 12, "All well.")


def test_a_moment_is_read_in_the_zone_of_the_person(client: Client, castle: Account) -> None:
    client.force_login(make.manager_of(make.account(), time_zone="America/New_York"))
    person = make.person(time_zone="Asia/Tokyo", role=Role.SERVICE_DESK)
    make.assignment(castle, person)
    client.force_login(person)
    fields = {"channel": "call", "purpose": "check_in", "happened_at": "2026-01-05T10:00"}
    client.post(reverse("account_log_contact", args=[castle.public_id]), fields)
    assert Touchpoint.objects.get().happened_at == datetime.datetime(2026, 1, 5, 1, 0, tzinfo=datetime.UTC)


def test_money_is_written_in_the_currency_and_locale_of_the_company(as_maya: Client, castle: Account) -> None:
    make.organisation(currency="EUR", locale="de_DE")
    assert "10.000\u00a0€ a year" in as_maya.get(page_of(castle)).content.decode()


def test_the_page_leads_to_the_timeline_also_where_nothing_fetches_it(as_maya: Client, castle: Account) -> None:
    url = reverse("account_timeline", args=[castle.public_id])
    page = as_maya.get(reverse("account", args=[castle.public_id])).content.decode()
    assert f'hx-get="{url}"' in page
    assert f'<a href="{url}">' in page
    assert "<html" not in as_maya.get(url, headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize(("days", "renews_in", "told"), [(97, None, 1), (80, None, 0), (97, 200, 0)])
def test_an_account_that_the_scorecard_counts_as_lost_says_so(
    client: Client, days: int, renews_in: int | None, told: int
) -> None:
    renews_on = timezone.localdate() + datetime.timedelta(days=renews_in) if renews_in else None
    account = make.account(renews_on=renews_on)
    make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    score(account)
    client.force_login(make.manager_of(account))
    assert client.get(page_of(account)).content.decode().count(f"No order for {days} days") == told
