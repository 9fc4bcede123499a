"""The panel: what was known on past days and nothing later, and who left after."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Order, PastAccount
from departments.models import State
from retention.scoring.engine import ScoringModel
from retention.scoring.features import Scope, build_inputs, read_facts
from retention.scoring.panel import HorizonNotPassed, build_panel, monthly_origins, observed_until
from retention.scoring.panel_arrays import Panel
from retention.scoring.versions import ensure_active_version, scoring_model
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.random_company import NOW

pytestmark = pytest.mark.django_db

ORIGIN = NOW - datetime.timedelta(days=200)
EARLIER = NOW - datetime.timedelta(days=260)


def days_after(days: float, origin: datetime.datetime = ORIGIN) -> datetime.datetime:
    return origin + datetime.timedelta(days=days)


def buyer(*ordered_at: datetime.datetime, **fields: Any) -> Account:
    account = make.account(**{"customer_since": days_after(-700).date(), **fields})
    for at in ordered_at:
        make.order(account, ordered_at=at, recorded_at=at)
    return account


def model() -> ScoringModel:
    return scoring_model(ensure_active_version())


def panel(*origins: datetime.datetime) -> Panel:
    make.order(make.account(name="Clock"), ordered_at=NOW, recorded_at=NOW)
    return build_panel(origins=origins or [ORIGIN], model=model())


def row(found: Panel, account: Account, origin: int = 0) -> int:
    (position,) = np.flatnonzero((found.account_id == account.pk) & (found.origin == origin))
    return int(position)


def test_its_features_are_those_that_scoring_would_have_read() -> None:
    accounts = random_company.build(3, accounts=30)
    Account.objects.update(renews_on=None)
    PastAccount.objects.all().delete()
    found = panel(EARLIER, ORIGIN)
    for number, moment in enumerate((EARLIER, ORIGIN)):
        facts = read_facts(Scope.of_ids([account.pk for account in accounts]), moment, 180.0)
        expected, rows = build_inputs(facts, model()), found.origin == number
        kept = np.isin(facts.account_ids, found.account_id[rows])
        assert kept.sum() > 5
        assert found.inputs.loads[rows] == pytest.approx(expected.loads[kept])
        assert found.inputs.rhythm_since[rows] == pytest.approx(expected.rhythm_since[kept])
        assert found.inputs.care["care:breadth"][rows] == pytest.approx(expected.care["care:breadth"][kept])
        assert found.revenue[rows] == pytest.approx(facts.annual_revenue[kept])


def test_nothing_that_was_recorded_later_is_in_it() -> None:
    account = buyer(days_after(-20))
    kind = make.friction_type()
    before = panel()
    make.order(account, ordered_at=days_after(-5), recorded_at=days_after(2))
    make.incident(account, kind, happened_at=days_after(-5), recorded_at=days_after(2), state=State.NEW)
    make.touchpoint(account, make.person(), happened_at=days_after(-5), recorded_at=days_after(2))
    after = panel()
    assert after.inputs.loads[row(after, account)].sum() == 0.0
    assert after.now.orders[row(after, account)] == before.now.orders[row(before, account)]
    assert after.inputs.care["care:contact_overdue"][row(after, account)] == pytest.approx(
        before.inputs.care["care:contact_overdue"][row(before, account)]
    )


def test_a_department_has_no_part_yet_in_what_it_took_over_later() -> None:
    account, billing = buyer(days_after(-20)), make.department("billing")
    shipping = make.department("shipping")
    incident = make.incident(
        account,
        make.friction_type(),
        {billing: 0.75, shipping: 0.25},
        severity=0.8,
        happened_at=days_after(-9),
        recorded_at=days_after(-9),
        state=State.NEW,
    )
    before = panel()
    answered = {"answer": "accepted", "answered_at": days_after(4)}
    make.hand_off(incident, billing, from_department=shipping, share=0.75, **answered)
    after = panel()
    billed, shipped = (after.inputs.departments.index(slug) for slug in ("billing", "shipping"))
    known = before.inputs.loads[row(before, account)]
    weight = known[billed] + known[shipped]
    assert known[billed] == pytest.approx(0.75 * weight)
    then = after.inputs.loads[row(after, account)]
    assert (then[billed], then[shipped]) == pytest.approx((0.0, weight))


def test_who_buys_by_order_has_left_when_the_horizon_passes_without_an_order() -> None:
    stays, silent = buyer(days_after(-20), days_after(89)), buyer(days_after(-20), days_after(92))
    found = panel()
    assert not found.left[row(found, stays)]
    assert found.left[row(found, silent)]


def test_who_is_under_contract_has_left_only_by_its_leaving_date() -> None:
    renews = NOW.date()
    silent = buyer(days_after(-20), renews_on=renews)
    leaves = buyer(days_after(-20), days_after(5), renews_on=renews, left_on=days_after(80).date())
    later = buyer(days_after(-20), renews_on=renews, left_on=days_after(95).date())
    found = panel()
    assert not found.left[row(found, silent)]
    assert found.left[row(found, leaves)]
    assert not found.left[row(found, later)]
    assert found.is_contract[row(found, silent)]


def test_who_ended_the_relation_has_left_though_it_ordered_once_more() -> None:
    account = buyer(days_after(-20), days_after(5), left_on=days_after(30).date())
    found = panel()
    assert found.left[row(found, account)]
    assert not found.is_contract[row(found, account)]


def test_who_had_left_had_not_come_or_was_forgotten_is_not_in_it() -> None:
    gone = buyer(days_after(-20), left_on=days_after(-3).date())
    to_come = buyer(customer_since=days_after(3).date())
    forgotten = buyer(days_after(-370))
    unheard_of = make.account(customer_since=None)
    found = panel()
    assert not np.isin([gone.pk, to_come.pk, forgotten.pk, unheard_of.pk], found.account_id).any()


def test_the_next_renewal_does_not_tell_who_stayed() -> None:
    """A contract renewed since, and one that ended on that day, look alike on the day before."""
    ended = days_after(30).date()
    leaver = buyer(days_after(-20), renews_on=ended, left_on=ended)
    stayer = buyer(days_after(-20), renews_on=ended.replace(year=ended.year + 1))
    found = panel()
    renewals = found.days_to_renewal[[row(found, leaver), row(found, stayer)]]
    assert renewals == pytest.approx([30.0, 30.0], abs=1.0)


def test_each_account_is_in_its_segment() -> None:
    retail, none = buyer(days_after(-9), segment="Retail"), buyer(days_after(-9))
    found = panel()
    assert found.segments[found.segment[row(found, retail)]] == "Retail"
    assert found.segments[found.segment[row(found, none)]] == ""


def test_months_of_which_the_end_is_not_known_are_refused() -> None:
    buyer(NOW - datetime.timedelta(days=100))
    with pytest.raises(HorizonNotPassed, match="is not known"):
        build_panel(origins=[NOW - datetime.timedelta(days=150)], model=model())
    with pytest.raises(ValueError, match="at least one origin"):
        build_panel(origins=[], model=model())


def test_origins_reach_from_the_first_order_to_the_last_known_horizon() -> None:
    buyer(NOW - datetime.timedelta(days=400), NOW - datetime.timedelta(days=10))
    until = observed_until()
    assert until == NOW - datetime.timedelta(days=10)
    origins = monthly_origins(until=until, horizon_days=90.0, most=24)
    assert origins[-1] == NOW - datetime.timedelta(days=100)
    assert origins[0] > NOW - datetime.timedelta(days=400)
    assert len(origins) == 10
    assert len(monthly_origins(until=until, horizon_days=90.0, most=4)) == 4


def test_a_company_without_any_past_has_no_origins() -> None:
    Order.objects.all().delete()
    Account.objects.all().delete()
    assert monthly_origins(until=NOW, horizon_days=90.0, most=24) == []


def test_too_large_a_company_is_sampled_by_account() -> None:
    for _ in range(12):
        buyer(days_after(-80), days_after(-9))
    make.order(make.account(name="Clock"), ordered_at=NOW, recorded_at=NOW)
    found = build_panel(origins=[EARLIER + datetime.timedelta(days=20), ORIGIN], model=model(), most_rows=8)
    assert len(np.unique(found.account_id)) <= 4


def test_the_number_of_statements_does_not_grow_with_the_accounts() -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            buyer(days_after(-80), days_after(-9))
        built, scoring = panel(), model()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            build_panel(origins=built.origins, model=scoring)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 30
