"""The simulated company: deterministic, plausible, and true to its written formula."""

import datetime

import numpy as np
import pytest

from accounts.signals import KINDS, problems_of
from departments.cure.poisson import FELL, Comparison, compare
from retention.demo import formula, words
from retention.demo.company import Company, simulate
from retention.demo.curing import DONE_FOR_CHECK
from retention.demo.customers import SEGMENTS
from retention.demo.formula import DEPARTMENTS, EFFECTS, WITHOUT_EFFECT, Situation, reasons
from retention.demo.plan import Plan
from retention.demo.troubles import TROUBLES
from retention.demo.truth import truth

TODAY = datetime.date(2026, 3, 11)


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate(Plan(TODAY))


@pytest.fixture(scope="module")
def several() -> list[Company]:
    return [simulate(Plan(TODAY, seed=seed)) for seed in (1, 2, 3)]


def customer(**changes: float) -> Situation:
    """One ordinary customer; `friction_of_<department>` sets a department's."""
    plain = {
        "level": -5.0,
        "years": 3.0,
        "orders_a_month": 1.0,
        "days_to_renewal": np.inf,
        "exposure": 4.0,
        "overdue": 0.0,
        "innovation_years": 0.0,
        "broken_promises": 0.0,
        "services": 0.0,
    }
    friction = np.array([[changes.pop(f"friction_of_{slug}", 0.0) for slug in DEPARTMENTS]])
    values = {name: np.array([value]) for name, value in (plain | changes).items()}
    return Situation(friction=friction, **values)


def log_odds(**changes: float) -> float:
    return float(reasons(customer(**changes)).log_odds[0])


def test_the_formula_is_the_written_one() -> None:
    expected = (
        -5.0
        - 0.25 * np.log2(4.0)
        - 0.8 * np.log(2.0)
        + 1.4
        + EFFECTS["shipping"] * np.log1p(2.5 / 5.0)
        + 0.4 * np.log1p(1.5)
        + 0.5 * np.log1p(2.0)
        + 0.5 * np.log1p(1.0)
        - 0.45 * np.log1p(3.0)
    )
    found = log_odds(
        orders_a_month=2.0,
        days_to_renewal=40.0,
        friction_of_shipping=2.5,
        overdue=1.5,
        innovation_years=2.0,
        broken_promises=1.0,
        services=3.0,
    )
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("slug", DEPARTMENTS)
def test_a_department_drives_customers_away_as_far_as_its_effect_says(slug: str) -> None:
    difference = log_odds(**{f"friction_of_{slug}": 5.0}) - log_odds()
    assert difference == pytest.approx(EFFECTS[slug] * np.log(2.0))


def test_there_are_strong_weak_and_powerless_departments() -> None:
    assert len(WITHOUT_EFFECT) == 2
    assert sum(0 < effect < 2 for effect in EFFECTS.values()) >= 3
    assert sum(effect >= 3 for effect in EFFECTS.values()) >= 5


def test_the_same_plan_gives_the_same_company(company: Company) -> None:
    again = simulate(Plan(TODAY))
    assert truth(again) == truth(company)
    assert again.customers.names == company.customers.names
    np.testing.assert_array_equal(again.course.events.day, company.course.events.day)
    np.testing.assert_array_equal(again.course.orders.day, company.course.orders.day)


def test_another_seed_gives_another_company(company: Company, several: list[Company]) -> None:
    assert several[0].customers.names != company.customers.names


def test_between_a_tenth_and_a_quarter_leave(several: list[Company]) -> None:
    for each in several:
        share = np.mean(~np.isnan(each.course.decided))
        assert 0.13 < share < 0.25


def test_every_segment_loses_customers(company: Company) -> None:
    gone = ~np.isnan(company.course.decided)
    for segment in range(len(SEGMENTS)):
        assert gone[company.customers.segment == segment].any()


def test_nothing_happens_before_a_customer_comes_or_after_it_has_gone(company: Company) -> None:
    course, joined = company.course, company.customers.joined
    until = np.nan_to_num(course.left, nan=np.inf)
    for table in (course.orders, course.events):
        assert (table.day < np.minimum(until[table.account], company.plan.days) + 1e-9).all()
        # Those on a weekend are moved back to its Friday.
        assert (table.day >= joined[table.account] - 2).all()


def test_every_trouble_of_every_department_occurs(company: Company) -> None:
    assert set(company.course.events.trouble.tolist()) == set(range(len(TROUBLES)))
    assert set(company.course.events.department.tolist()) == set(range(len(DEPARTMENTS)))


def test_troubles_are_told_in_the_fields_of_their_signal() -> None:
    random = np.random.default_rng(1)
    for trouble in TROUBLES:
        for severity in (0.15, 0.5, 1.0):
            assert problems_of(trouble.kind, trouble.data(severity, random)) == []


def test_every_kind_of_signal_shows_some_trouble() -> None:
    assert {trouble.kind for trouble in TROUBLES} == set(KINDS)


def test_customers_order_less_before_they_go(several: list[Company]) -> None:
    for each in several:
        course = each.course
        leavers = np.flatnonzero(course.left < each.plan.days)
        before, after = 0.0, 0.0
        for account in leavers.tolist():
            days = course.orders.day[course.orders.account == account]
            decided, left = course.decided[account], course.left[account]
            before += float(np.sum((days > decided - 60) & (days <= decided))) / 60
            after += float(np.sum(days > decided)) / (left - decided)
        assert after < 0.7 * before


def test_departments_without_effect_are_blameless_however_much_friction_they_cause(company: Company) -> None:
    events = company.course.events
    for slug in WITHOUT_EFFECT:
        assert (events.department == DEPARTMENTS.index(slug)).sum() > 100
        assert truth(company)["shares_of_leavers"][slug] == 0.0


def test_raw_counts_of_the_confounded_department_point_the_wrong_way(several: list[Company]) -> None:
    column = DEPARTMENTS.index(formula.CONFOUNDED_BY_ACTIVITY)
    stays, leaves = 0.0, 0.0
    for each in several:
        events, decided = each.course.events, each.course.decided
        gone = ~np.isnan(decided)
        months = (np.where(gone, decided, each.plan.days) - each.customers.joined) / 30.4
        before = (events.department == column) & (events.day < np.nan_to_num(decided, nan=np.inf)[events.account])
        counts = np.bincount(events.account[before], minlength=len(gone))
        leaves += counts[gone].sum() / months[gone].sum()
        stays += counts[~gone].sum() / months[~gone].sum()
    assert EFFECTS[formula.CONFOUNDED_BY_ACTIVITY] > 0
    assert leaves < stays


def test_those_who_leave_met_more_friction_of_strong_departments(several: list[Company]) -> None:
    for each in several:
        gone = ~np.isnan(each.course.decided)
        assert (
            each.course.why.departments[gone].sum(axis=1).mean() > each.course.now.departments[~gone].sum(axis=1).mean()
        )


def test_names_are_distinct_and_plenty(company: Company) -> None:
    assert len(set(company.customers.names)) == 1_200
    assert len({person.email for person in company.staff.people}) == len(company.staff.people)


def test_every_role_is_filled_and_every_department_has_a_head_and_a_member(company: Company) -> None:
    staff = company.staff
    assert [len(staff.of(role)) for role in ("account_manager", "service_desk", "executive", "administrator")] == [
        6,
        3,
        2,
        1,
    ]
    for slug in DEPARTMENTS:
        assert len(staff.of("department_head", slug)) == 1
        assert 1 <= len(staff.of("department_member", slug)) <= 2


def test_too_large_a_company_runs_out_of_names_and_says_so() -> None:
    with pytest.raises(ValueError, match="not enough names"):
        words.companies(200, ["Spain"] * 200, [True] * 200, np.random.default_rng(1))


def test_contacts_wait_while_nobody_stands_in() -> None:
    company = simulate(Plan(TODAY))
    table, contacts, manager = company.staff.absences, company.care.contacts, company.customers.manager
    for who, cover, first, last in zip(table.person, table.cover, table.first, table.last, strict=True):
        own = (manager[contacts.account] == who) & ~contacts.by_desk
        meanwhile = own & (contacts.day >= first + 3) & (contacts.day < last - 2)
        if cover >= 0:
            assert (contacts.person[meanwhile] == cover).all()


def around(company: Company, slug: str, days: int = 60) -> Comparison:
    """The rate of a kind of trouble per order of all, so many days before and after the demo's action was done."""
    events, orders, today = company.course.events, company.course.orders, company.plan.days
    kinds = [place for place, trouble in enumerate(TROUBLES) if trouble.slug == slug]
    done, found = today - DONE_FOR_CHECK.days, []
    for begin in (done - days, done):
        met = np.isin(events.trouble, kinds) & (events.day >= begin) & (events.day < begin + days)
        placed = (orders.day >= begin) & (orders.day < begin + days)
        found.append((int(met.sum()), int(placed.sum())))
    (before, exposure), (after, exposure_after) = found
    return compare(before=before, exposure_before=exposure, after=after, exposure_after=exposure_after)


def test_billings_rate_truly_falls_after_its_action_and_shippings_is_not_shown_to(company: Company) -> None:
    written = truth(company)["formula"]["episodes"]
    since = [one for one in written if one["department"] == "billing" and one["until_months_ago"] == 0]
    assert [one["times_the_usual"] for one in since] == [0.12]
    billing, shipping = around(company, "wrong_amount"), around(company, "late_shipment")
    assert billing.verdict == FELL
    assert billing.high is not None
    assert billing.high < 1
    assert shipping.verdict != FELL
