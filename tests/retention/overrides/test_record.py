"""What became of overrides: held against who left, pair by pair, with an interval and few words."""

import datetime
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from retention.models import Approval, Override
from retention.overrides.record import override_record
from retention.scoring.hit_rate import Verdict, hit_rate, wilson_interval
from retention.scoring.versions import ensure_active_version
from tests import make


def of(overridden: float, computed: float, left: list[bool]) -> Verdict:
    n = len(left)
    return hit_rate(np.full(n, overridden), np.full(n, computed), np.array(left, dtype=np.bool_)).verdict


def test_few_pairs_say_nothing() -> None:
    assert of(0.1, 0.9, [False] * 29) is Verdict.TOO_FEW
    assert of(0.1, 0.9, [False] * 30) is Verdict.BETTER
    assert of(0.9, 0.1, [False] * 30) is Verdict.WORSE
    assert of(0.9, 0.1, [True, False] * 20) is Verdict.NO_DIFFERENCE


def test_pairs_that_said_the_same_decide_nothing() -> None:
    found = hit_rate(np.full(3, 0.4), np.full(3, 0.4), np.array([True, False, False]))
    assert (found.overrides, found.left, found.decided, found.rate) == (3, 1, 0, None)
    assert found.brier == pytest.approx(found.brier_computed)


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_interval_holds_the_rate(hits: int, misses: int) -> None:
    low, high = wilson_interval(hits, hits + misses)
    assert 0.0 <= low <= high <= 1.0
    if hits + misses:
        assert low - 1e-12 <= hits / (hits + misses) <= high + 1e-12


def test_the_interval_is_wilsons() -> None:
    # Newcombe (1998), table I: 81 of 263.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def past(account: Account, *, days: int = 120, risk: float = 0.1, computed: float = 0.6, **fields: Any) -> Override:
    made_at = make.ago(days=days)
    values = {"approval": Approval.NOT_NEEDED, "ended_at": made_at + datetime.timedelta(days=30), **fields}
    return Override.objects.create(
        account=account,
        risk=risk,
        computed_risk=computed,
        reason="I know.",
        made_by=make.person(),
        made_at=made_at,
        expires_at=made_at + datetime.timedelta(days=30),
        model=ensure_active_version(),
        annual_revenue=1,
        **values,
    )


def bought(*days: int, **fields: Any) -> Account:
    account = make.account(**fields)
    for day in days:
        make.order(account, ordered_at=make.ago(days=day))
    return account


@pytest.mark.django_db
def test_who_left_is_who_ended_the_relation_or_ordered_nothing_within_the_horizon() -> None:
    renews_on = timezone.localdate() + datetime.timedelta(days=90)
    past(bought(200, 100))
    past(bought(200, 5))
    past(make.account(renews_on=renews_on))
    past(make.account(renews_on=renews_on, left_on=make.ago(days=60).date()))
    past(make.account(renews_on=renews_on, left_on=make.ago(days=10).date()))
    found = override_record(segment="").rate
    assert (found.overrides, found.left) == (5, 2)
    assert (found.closer, found.further) == (3, 2)
    assert found.verdict is Verdict.TOO_FEW


@pytest.mark.django_db
def test_only_what_held_and_whose_horizon_has_passed_counts() -> None:
    account = bought(200, 100, segment="Retail")
    past(account, days=80)
    past(account, approval=Approval.PENDING)
    assert override_record(segment="").rate.overrides == 0
    assert override_record(segment="").words == "too few to tell"
    past(account)
    assert override_record(segment="Retail").rate.overrides == 1
    assert override_record(segment="Wholesale").rate.overrides == 0
