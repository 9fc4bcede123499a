"""Why an account's risk moved between two kept scores, read from what was recorded by each of them."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from departments.actions.handoffs import accept_hand_off, hand_off
from departments.actions.incidents import reopen, resolve
from departments.models import Department, FrictionType, Incident, Reason, State
from retention.models import Score, ScoreHistory
from retention.scoring.movement import Cause
from retention.scoring.moves import CORRECTED_WORDS, Explained, explain_movement, score_by
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version, renew_prior_version
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.random_company import NOW

pytestmark = pytest.mark.django_db


def rescored(account: Account, moment: datetime.datetime | None = None) -> Score:
    """Score the account and keep the score, whether it moved or not."""
    rescore_accounts(account_ids=[account.pk], as_of=moment or timezone.now(), version=ensure_active_version())
    score = Score.objects.select_related("model").get(account=account)
    fields = {name: getattr(score, name) for name in ("model", "risk", "baseline", "points", "annual_revenue")}
    ScoreHistory.objects.update_or_create(account=account, as_of=score.as_of, defaults=fields)
    return score


def kept(account: Account, score: Score) -> ScoreHistory:
    return ScoreHistory.objects.select_related("model").get(account=account, as_of=score.as_of)


def causes(explained: Explained) -> dict[Cause, float]:
    return {
        line.cause: sum(one.points for one in explained.lines if one.cause is line.cause) for line in explained.lines
    }


def assert_adds_up(explained: Explained) -> None:
    assert sum(line.points for line in explained.lines) == pytest.approx(explained.change, abs=1e-9)
    for line in explained.lines:
        if line.incidents:
            assert sum(line.incidents.values()) == pytest.approx(line.points, abs=1e-12)


def steady() -> Account:
    account = make.account(customer_since=datetime.date(2024, 1, 1))
    for days in range(20, 400, 30):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    return account


def of_long_ago(account: Account, **fields: Any) -> Incident:
    return make.incident(account, happened_at=make.ago(days=20), recorded_at=make.ago(days=20), **fields)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_lines_add_up_between_any_two_days_of_random_accounts(seed: int) -> None:
    accounts = [one for one in random_company.build(seed, accounts=12) if not one.customer_since]
    days = sorted(random.Random(seed).sample(range(1, 500), 3), reverse=True)
    for account in accounts:
        scores = [kept(account, rescored(account, NOW - datetime.timedelta(days=one))) for one in days]
        for before, after in ((0, 1), (1, 2), (0, 2)):
            explained = explain_movement(scores[before], scores[after])
            assert_adds_up(explained)
            assert causes(explained).get(Cause.CORRECTED, 0.0) == pytest.approx(0.0, abs=1e-9)


def test_a_new_incident_is_why_the_risk_rose() -> None:
    account = steady()
    before = kept(account, rescored(account, make.ago(days=8)))
    trouble = make.incident(account, severity=1.0)
    explained = explain_movement(before, rescored(account))
    heaviest = explained.lines[0]
    assert (heaviest.cause, heaviest.department, heaviest.label) == (Cause.NEW, "shipping", "Late shipment")
    assert list(heaviest.incidents) == [trouble.public_id]
    assert_adds_up(explained)


def test_what_was_resolved_between_and_what_fades_are_told_apart() -> None:
    account = steady()
    resolved = of_long_ago(account, state=State.RESOLVED, resolved_at=make.ago(days=4))
    fading = of_long_ago(account, state=State.RESOLVED, resolved_at=make.ago(days=15))
    before = kept(account, rescored(account, make.ago(days=8)))
    explained = explain_movement(before, rescored(account))
    found = {line.cause: line for line in explained.lines}
    assert list(found[Cause.RESOLVED].incidents) == [resolved.public_id]
    assert list(found[Cause.DECAYED].incidents) == [fading.public_id]
    assert found[Cause.RESOLVED].points < 0 > found[Cause.DECAYED].points
    assert_adds_up(explained)


def test_what_another_department_took_over_is_re_attributed() -> None:
    account, billing = steady(), make.department("billing")
    incident = of_long_ago(account, severity=1.0)
    before = kept(account, rescored(account, make.ago(days=8)))
    take_over(incident, billing, 0.75)
    explained = explain_movement(before, rescored(account))
    moved = {line.department: line.points for line in explained.lines if line.cause is Cause.REATTRIBUTED}
    assert moved["shipping"] < 0 < moved["billing"]
    assert Cause.CORRECTED not in causes(explained)
    assert_adds_up(explained)


def test_what_was_handed_on_twice_is_taken_back_in_order() -> None:
    account, billing, legal = steady(), make.department("billing"), make.department("legal")
    incident = of_long_ago(account, severity=1.0)
    first = kept(account, rescored(account, make.ago(days=8)))
    take_over(incident, billing, 1.0)
    second = kept(account, rescored(account))
    take_over(incident, legal, 0.5)
    last = rescored(account)
    for before, after in ((first, second), (second, last), (first, last)):
        explained = explain_movement(before, after)
        assert Cause.CORRECTED not in causes(explained)
        assert_adds_up(explained)


def take_over(incident: Incident, to: Department, share: float) -> None:
    incident.refresh_from_db()
    asked = hand_off(
        incident=incident,
        to=to,
        reason=Reason.SHARED_CAUSE,
        words="Theirs too.",
        expected="",
        share=share,
        acting_person=make.head(incident.department),
    )
    accept_hand_off(hand_off=asked, words="", acting_person=make.head(to))


def test_what_was_reopened_weighs_in_full_again() -> None:
    account = steady()
    incident = of_long_ago(account, severity=1.0)
    incident = resolve(incident=incident, resolution="Done.", cause=None, acting_person=make.head(incident.department))
    Incident.objects.filter(pk=incident.pk).update(resolved_at=make.ago(days=15))
    incident.refresh_from_db()
    before = kept(account, rescored(account, make.ago(days=8)))
    reopen(incident=incident, words="It is not.", acting_person=make.manager_of(account))
    explained = explain_movement(before, rescored(account))
    assert causes(explained)[Cause.REOPENED] > 0
    assert Cause.CORRECTED not in causes(explained)
    assert_adds_up(explained)


def test_another_version_is_a_line_of_its_own() -> None:
    account = steady()
    of_long_ago(account, severity=1.0)
    before = kept(account, rescored(account, make.ago(days=8)))
    Department.objects.filter(slug="shipping").update(prior_weight=3.5)
    renew_prior_version()
    after = rescored(account)
    assert after.model_id != before.model_id
    explained = explain_movement(before, after)
    assert causes(explained)[Cause.MODEL] > 0
    assert_adds_up(explained)


def test_settings_that_were_changed_since_are_said_to_be_corrections() -> None:
    account = steady()
    of_long_ago(account, severity=1.0)
    before = kept(account, rescored(account, make.ago(days=8)))
    FrictionType.objects.filter(slug="late_shipment").update(weight=4.0)
    explained = explain_movement(before, rescored(account))
    assert next(line for line in explained.lines if line.cause is Cause.CORRECTED).label == CORRECTED_WORDS
    assert_adds_up(explained)


def test_orders_and_care_count_as_behaviour() -> None:
    account = steady()
    of_long_ago(account, severity=1.0)
    before = kept(account, rescored(account, make.ago(days=8)))
    make.order(account, ordered_at=make.ago(days=1))
    explained = explain_movement(before, rescored(account))
    labels = {line.label for line in explained.lines if line.cause is Cause.BEHAVIOUR}
    assert "More orders, so that the same friction weighs less" in labels
    assert_adds_up(explained)


def test_a_movement_does_not_run_backwards() -> None:
    account = steady()
    before = kept(account, rescored(account, make.ago(days=8)))
    with pytest.raises(ValueError, match="to a later one"):
        explain_movement(rescored(account), before)


def test_the_score_of_a_day_is_the_last_that_was_kept_by_then() -> None:
    account = steady()
    first = rescored(account, make.ago(days=30))
    rescored(account, make.ago(days=3))
    found = score_by(account, make.ago(days=10))
    assert found is not None
    assert found.as_of == first.as_of
    assert score_by(account, make.ago(days=40)) is None
