"""The scorecard: what stayed, what went, whose friction it is, and what is not known yet."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.models import Department, Role, State
from retention.dashboards.budgets import BudgetState, pace_of
from retention.dashboards.periods import Quarter, months_after
from retention.dashboards.rates import Scope, answers, on_time, rates
from retention.dashboards.retained import Retained, dearest, lost, retained
from retention.dashboards.scorecard_figures import months, standing
from retention.models import ModelVersion, Trend
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db
END = datetime.date(2026, 6, 30)
LONG_AGO = datetime.date(2020, 1, 1)


def day(text: str) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.fromisoformat(text))


def bought(account: str, *, before: float, now: float, segment: str = "") -> None:
    customer = make.account(account, segment=segment)
    if before:
        make.order(customer, ordered_at=day("2025-03-01T10:00"), amount=Decimal(before))
    if now:
        make.order(customer, ordered_at=day("2026-03-01T10:00"), amount=Decimal(now))


def kept(segment: str = "") -> Retained:
    found = retained(END, segment=segment, begins=LONG_AGO)
    assert found is not None
    return found


def test_growth_counts_net_and_hides_no_loss_gross() -> None:
    bought("grew", before=100, now=180)
    bought("shrank", before=100, now=40)
    assert (kept().net, kept().gross) == (1.1, 0.7)


def test_new_accounts_do_not_count() -> None:
    bought("old", before=100, now=100)
    bought("new", before=0, now=500)
    assert (kept().accounts, kept().net) == (1, 1.0)


def test_services_count_by_the_day_they_were_held() -> None:
    make.holding(
        make.account(), make.product(), held_from=LONG_AGO, held_until=datetime.date(2025, 12, 30), monthly_value=100
    )
    assert kept().before == pytest.approx(1200, rel=0.01)
    assert kept().net == pytest.approx(0.5, abs=0.01)


def test_it_is_not_known_before_two_years_are_on_record() -> None:
    bought("old", before=100, now=100)
    assert retained(END, segment="", begins=datetime.date(2024, 12, 1)) is None


def test_the_segment_holds_for_what_stayed() -> None:
    bought("a", before=100, now=50, segment="Retail")
    bought("b", before=100, now=100, segment="Wholesale")
    assert kept("Retail").net == 0.5


def test_lost_are_those_who_ended_it_and_those_silent_for_90_days() -> None:
    ended = make.account(left_on=datetime.date(2026, 5, 5))
    silent = make.account()
    make.order(silent, ordered_at=day("2026-02-01T10:00"))
    buying = make.account()
    make.order(buying, ordered_at=day("2026-02-01T10:00"))
    make.order(buying, ordered_at=day("2026-04-20T10:00"))
    contract = make.account(renews_on=datetime.date(2027, 1, 1))
    make.order(contract, ordered_at=day("2026-02-01T10:00"))
    found = lost(datetime.date(2026, 4, 1), END, segment="")
    assert (found.ended, found.silent, set(found.dearest)) == (1, 1, {ended.pk, silent.pk})


def rolled_up(on: datetime.date, department: Department | None, money: float, segment: str = "") -> None:
    Trend.objects.create(
        day=on,
        segment=segment,
        department=department,
        accounts=10,
        accounts_at_risk=2,
        annual_revenue=1000.0,
        revenue_at_risk=money,
    )


def test_the_avoidable_part_is_what_departments_carry() -> None:
    rolled_up(END, None, 500.0)
    rolled_up(END, make.department("shipping"), 200.0)
    rolled_up(END, make.department("billing"), 100.0)
    found = standing(END, segment="")
    assert found is not None
    assert (found.at_risk, found.avoidable, found.avoidable_share) == (500.0, 300.0, 0.6)


def test_segments_add_up_and_can_be_taken_alone() -> None:
    rolled_up(END, None, 500.0, "Retail")
    rolled_up(END, None, 300.0, "Wholesale")
    whole, part = standing(END, segment=""), standing(END, segment="Retail")
    assert whole is not None
    assert part is not None
    assert (whole.at_risk, part.at_risk) == (800.0, 500.0)


def test_an_old_rollup_does_not_speak_for_today() -> None:
    rolled_up(END - datetime.timedelta(days=40), None, 500.0)
    assert standing(END, segment="") is None


def test_a_month_is_shown_by_its_last_day() -> None:
    shipping = make.department("shipping")
    for on, money in ((datetime.date(2026, 5, 3), 1.0), (datetime.date(2026, 5, 30), 2.0), (END, 3.0)):
        rolled_up(on, shipping, money)
    found = months([shipping, make.department("billing")], segment="", today=END)
    assert found.labels == ["May", "Jun"]
    assert list(found.series) == [(shipping, [2.0, 3.0])]
    assert found.is_short


def levels(*money: float) -> list[tuple[datetime.date, float]]:
    return [(END + datetime.timedelta(days=place), value) for place, value in enumerate(money)]


def test_the_pace_is_the_slope_of_the_last_days() -> None:
    assert pace_of(levels(10, 20, 30, 40, 50, 60, 70)) == pytest.approx(10)
    assert pace_of(levels(10, 20)) is None


def test_a_budget_runs_out_where_the_line_meets_it() -> None:
    state = BudgetState(Quarter.of(END), 100.0, levels(10, 20, 30, 40, 50, 60, 70))
    assert state.runs_out_on == datetime.date(2026, 7, 9)


@pytest.mark.parametrize(
    ("amount", "money", "words"),
    [
        (None, (10.0,), "No budget is set for Q2 2026"),
        (100.0, (), "Use not known yet: no scoring has been rolled up"),
        (100.0, (10.0, 20.0), "Pace not known yet: it needs 7 days of history, there are 2"),
        (100.0, (150.0,), "Spent: 50% over"),
        (100.0, (70.0, 60.0, 50.0, 40.0, 30.0, 20.0, 10.0), "At this pace it lasts the quarter"),
    ],
)
def test_a_budget_says_how_it_stands(amount: float | None, money: tuple[float, ...], words: str) -> None:
    assert BudgetState(Quarter.of(END), amount, levels(*money)).words == words


def test_months_are_counted_to_the_last_day_of_short_ones() -> None:
    assert months_after(datetime.date(2026, 3, 31), -1) == datetime.date(2026, 2, 28)
    assert months_after(datetime.date(2026, 12, 31), 2) == datetime.date(2027, 2, 28)
    assert Quarter.of(datetime.date(2026, 11, 22)).end == datetime.date(2026, 12, 31)


def test_a_rate_counts_shares_as_parts_of_a_hundred_exposures() -> None:
    shipping, billing = make.department("shipping", exposure="shipment"), make.department("billing")
    account = make.account()
    make.incident(account, shares={shipping: 0.5, billing: 0.5})
    for _ in range(10):
        make.signal(account, "shipment")
    rate = rates(Scope.recent([shipping], timezone.now()))[shipping.pk]
    assert rate.per_hundred == pytest.approx(5.0)


def test_a_rate_without_exposure_is_not_known() -> None:
    legal = make.department("legal", exposure="contract")
    make.incident(shares={legal: 1.0})
    assert rates(Scope.recent([legal], timezone.now()))[legal.pk].per_hundred is None


def test_the_time_to_accept_counts_reports_and_hand_offs() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    now = timezone.now()
    own = make.incident(shares={shipping: 1.0}, state=State.IN_WORK)
    type(own).objects.filter(pk=own.pk).update(answered_at=own.recorded_at + datetime.timedelta(hours=4))
    taken = make.incident(shares={billing: 1.0}, state=State.IN_WORK)
    asked = now - datetime.timedelta(hours=10)
    hand_off = make.hand_off(taken, shipping, answer="accepted", answered_at=now)
    type(hand_off).objects.filter(pk=hand_off.pk).update(proposed_at=asked)
    found = answers(Scope([shipping], now - datetime.timedelta(days=90), now + datetime.timedelta(days=1)))
    assert (round(found[shipping.pk].median_hours or 0), found[shipping.pk].count) == (7, 2)


def test_on_time_is_held_against_the_answers_that_were_due() -> None:
    shipping = make.department("shipping")
    due = make.ago(days=1)
    make.incident(shares={shipping: 1.0}, answer_due_at=due, answered_at=make.ago(days=1, hours=1))
    make.incident(shares={shipping: 1.0}, answer_due_at=due)
    assert on_time(Scope.recent([shipping], timezone.now())) == {shipping.pk: 0.5}


def scorecard(role: Role = Role.EXECUTIVE, **query: str) -> tuple[int, str]:
    client = Client()
    client.force_login(make.person(role))
    response = client.get(reverse("scorecard"), query)
    return response.status_code, response.content.decode()


def test_an_empty_company_is_told_what_is_not_known() -> None:
    status, page = scorecard()
    assert status == 200
    assert "needs two years of revenue, none is on record" in page
    assert "not known yet: nothing has been rolled up" in page
    assert "A risk index, not yet backtested." in page


def test_a_model_that_replaced_another_is_named_beside_what_was_rolled_up_before_it() -> None:
    first = ensure_active_version()
    assert "has been in force since" not in scorecard()[1]
    ModelVersion.objects.filter(pk=first.pk).update(number=2)
    assert "Model 2 has been in force since" in scorecard()[1]
    ModelVersion.objects.filter(pk=first.pk).update(activated_at=timezone.now() - datetime.timedelta(days=400))
    assert "has been in force since" not in scorecard()[1]


def test_an_account_manager_has_no_scorecard() -> None:
    assert scorecard(Role.ACCOUNT_MANAGER)[0] == 403


def test_it_takes_as_many_queries_for_many_departments_as_for_few() -> None:
    def measured() -> int:
        with CaptureQueriesContext(connection) as queries:
            scorecard()
        return len(queries)

    make.incident(make.account(segment="Retail"), state=State.DISPUTED)
    rolled_up(timezone.localdate(), make.department("shipping"), 5.0)
    few = measured()
    for slug in ("billing", "legal", "warranty"):
        rolled_up(timezone.localdate(), make.department(slug), 5.0)
        make.incident(make.account(segment=slug), shares={make.department(slug): 1.0}, state=State.DISPUTED)
    assert measured() == few


def test_a_lost_account_that_ordered_again_says_so() -> None:
    back, gone = make.account("Castle", annual_revenue=90_000), make.account("Fjord")
    for account, days in ((back, 100), (back, 3), (gone, 100)):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    today = timezone.localdate()
    found = lost(today - datetime.timedelta(days=20), today, segment="")
    named = dearest(found, make.person(Role.EXECUTIVE))
    assert [(account, account.ordered_again) for account in named] == [(back, True), (gone, False)]
