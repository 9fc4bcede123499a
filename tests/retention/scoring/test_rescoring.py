"""Scores as stored: marks are drained, history is kept, who left is frozen."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, AccountChange
from departments.models import Incident, State
from retention.models import Score, ScoreHistory
from retention.scoring.explaining import explain, ledger_lines
from retention.scoring.figures import INCIDENTS
from retention.scoring.ledger import LineKind
from retention.scoring.rescoring import drain_changes, rescore_accounts, rescore_range
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db


def drain_everything() -> None:
    while drain_changes():
        pass


def troubled_account() -> Account:
    """An account that orders every month, was shipped late twice and is owed an invoice."""
    account = make.account(customer_since=datetime.date(2024, 1, 1))
    for days in range(5, 400, 30):
        make.order(account, ordered_at=make.ago(days=days))
    shipping, billing = make.department("shipping"), make.department("billing")
    wrong_amount = make.friction_type("wrong_amount", department=billing)
    make.incident(account, severity=0.8)
    make.incident(account, severity=0.6, state=State.RESOLVED, resolved_at=make.ago(days=1))
    make.incident(account, wrong_amount, {shipping: 0.25, billing: 0.75}, severity=1.0)
    return account


def test_a_change_is_scored_when_its_mark_is_drained() -> None:
    account = troubled_account()
    drain_everything()
    assert not AccountChange.objects.exists()
    calm = Score.objects.get(account=account).risk
    make.incident(account, severity=1.0)
    assert AccountChange.objects.filter(account_id=account.pk).exists()
    drain_everything()
    assert Score.objects.get(account=account).risk > calm


def test_writing_scores_marks_nobody_again() -> None:
    troubled_account()
    drain_everything()
    assert drain_changes() == 0


def test_a_stored_ledger_adds_up_to_the_stored_risk() -> None:
    account = troubled_account()
    drain_everything()
    stored = Score.objects.get(account=account)
    assert stored.baseline + sum(stored.points) == pytest.approx(stored.risk, abs=1e-9)
    lines = ledger_lines(stored)
    assert sum(line.points for line in lines) == pytest.approx(stored.risk, abs=1e-9)
    assert {line.department for line in lines if line.kind is LineKind.DEPARTMENT} == {"shipping", "billing"}
    assert stored.not_attributed == pytest.approx(
        sum(line.points for line in lines if line.kind is LineKind.NOT_ATTRIBUTED), abs=1e-12
    )


def test_stored_points_of_incidents_are_those_of_the_explanation_and_add_up() -> None:
    account = troubled_account()
    drain_everything()
    explanation = explain(account)
    assert explanation is not None
    points = explanation.points_of_incidents()
    assert len(points) == Incident.objects.filter(account=account).count() == 3
    for incident in Incident.objects.open():
        assert incident.points == pytest.approx(points[incident.public_id], abs=1e-9)
        assert incident.money_at_risk == pytest.approx(incident.points * 10_000, abs=1e-6)
    score = Score.objects.get(account=account)
    assert sum(points.values()) == pytest.approx(score.friction_points, abs=1e-9)


def test_without_its_incidents_an_account_has_no_friction_points_left() -> None:
    account = troubled_account()
    drain_everything()
    explanation = explain(account)
    assert explanation is not None
    nothing = explanation.without([])
    everything = explanation.without(list(explanation.points_of_incidents()))
    assert nothing.saved[0] == 0.0
    assert everything.after[0] < everything.before[0]
    assert everything.before[0] == pytest.approx(Score.objects.get(account=account).risk, abs=1e-12)


def test_an_account_that_left_keeps_its_last_score() -> None:
    account = troubled_account()
    drain_everything()
    before = Score.objects.get(account=account)
    Account.objects.filter(pk=account.pk).update(left_on=timezone.now().date())
    make.incident(account, severity=1.0)
    drain_everything()
    after = Score.objects.get(account=account)
    assert after.is_frozen
    assert (after.risk, after.points, after.as_of) == (before.risk, before.points, before.as_of)


def test_an_account_that_comes_back_is_scored_again() -> None:
    account = troubled_account()
    drain_everything()
    Account.objects.filter(pk=account.pk).update(left_on=timezone.now().date())
    drain_everything()
    Account.objects.filter(pk=account.pk).update(left_on=None)
    drain_everything()
    assert not Score.objects.get(account=account).is_frozen


def test_history_keeps_what_moved_and_not_what_stayed() -> None:
    account = troubled_account()
    drain_everything()
    version = ensure_active_version()
    rescore_accounts(account_ids=[account.pk], version=version)
    assert ScoreHistory.objects.filter(account=account).count() == 1
    make.incident(account, severity=1.0)
    drain_everything()
    assert ScoreHistory.objects.filter(account=account).count() == 2
    assert Score.objects.get(account=account).risk == ScoreHistory.objects.filter(account=account).last().risk  # type: ignore[union-attr]


def test_a_month_without_movement_enters_the_history() -> None:
    account = make.account()
    version = ensure_active_version()
    for days in (61, 45, 30):
        rescore_accounts(account_ids=[account.pk], as_of=make.ago(days=days), version=version)
    assert ScoreHistory.objects.filter(account=account).count() == 2


def test_the_risk_of_a_week_ago_stands_beside_todays() -> None:
    account = troubled_account()
    version = ensure_active_version()
    for days in (20, 9, 3, 0):
        rescore_accounts(account_ids=[account.pk], as_of=make.ago(days=days), version=version)
    history = ScoreHistory.objects.filter(account=account, as_of__lte=make.ago(days=7)).last()
    assert history is not None
    assert Score.objects.get(account=account).risk_week_ago == history.risk


def test_a_later_score_is_not_undone_by_an_earlier_moment() -> None:
    account = troubled_account()
    drain_everything()
    before = Score.objects.get(account=account)
    written = rescore_accounts(account_ids=[account.pk], as_of=make.ago(days=30), version=ensure_active_version())
    assert written == 0
    assert Score.objects.get(account=account).as_of == before.as_of


def test_a_deleted_account_is_no_error() -> None:
    account = make.account()
    Account.objects.filter(pk=account.pk).delete()
    drain_everything()
    assert not Score.objects.exists()


def test_an_amount_that_is_no_number_stops_nobody_elses_score(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = troubled_account(), troubled_account()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_order SET amount = 'NaN' WHERE account_id = %s", [broken.pk])
    drain_everything()
    assert list(Score.objects.values_list("account", flat=True)) == [sound.pk]
    assert f"Account {broken.pk} was not scored" in caplog.text


def test_what_is_open_is_renewed_each_night_and_what_was_resolved_keeps_its_figures() -> None:
    account = make.account(annual_revenue=10_000)
    make.order(account)
    still_open, ended = (make.incident(account, severity=0.5, happened_at=make.ago(days=50)) for _ in range(2))
    drain_everything()
    while_open = Incident.objects.get(pk=ended.pk)
    Incident.objects.filter(pk=ended.pk).update(state=State.RESOLVED, resolved_at=make.ago(days=1))
    drain_everything()
    night = timezone.now() + datetime.timedelta(days=45)
    rescore_range(first=account.pk, last=account.pk, as_of=night, version=ensure_active_version())
    after = Incident.objects.get(pk=ended.pk)
    assert while_open.points > 0.0
    assert (after.points, after.money_at_risk) == (while_open.points, while_open.money_at_risk)
    assert Incident.objects.get(pk=still_open.pk).points != pytest.approx(while_open.points, rel=0.02)


def test_incidents_are_asked_to_be_written_only_where_a_change_moves_them() -> None:
    account, other = make.account(annual_revenue=10_000), make.account(annual_revenue=500)
    shared = {make.department("shipping"): 0.5, make.department("billing"): 0.5}
    make.incident(account, None, shared)
    make.incident(other)
    drain_everything()
    before = Incident.objects.get(account=account)
    Account.objects.filter(pk=account.pk).update(annual_revenue=10_001)
    with CaptureQueriesContext(connection) as queries:
        drain_everything()
    assert Score.objects.get(account=account).annual_revenue == 10_001
    asking = f"EXECUTE {INCIDENTS.planned.known_as} "
    assert not any(asking in query["sql"] for query in queries.captured_queries)
    Account.objects.update(annual_revenue=20_000)
    with CaptureQueriesContext(connection) as queries:
        drain_everything()
    assert any(asking in query["sql"] for query in queries.captured_queries)
    assert Incident.objects.get(account=account).money_at_risk == pytest.approx(2 * before.money_at_risk, rel=1e-3)
    moved = Incident.objects.get(account=other)
    assert moved.money_at_risk == pytest.approx(moved.points * 20_000, rel=1e-9)


def test_a_range_asks_incidents_to_be_written_only_where_their_figures_have_moved() -> None:
    accounts = [make.account(annual_revenue=10_000) for _ in range(3)]
    incidents = [make.incident(account) for account in accounts]
    drain_everything()

    def score_range() -> bool:
        ends = accounts[0].pk, accounts[-1].pk
        with CaptureQueriesContext(connection) as queries:
            rescore_range(first=ends[0], last=ends[1], as_of=timezone.now(), version=ensure_active_version())
        return any("UPDATE departments_incident" in told["sql"] or asking in told["sql"] for told in queries)

    asking = f"EXECUTE {INCIDENTS.planned.known_as} "
    assert not score_range()
    stands = Incident.objects.get(pk=incidents[1].pk)
    Incident.objects.filter(pk=stands.pk).update(points=stands.points / 2, money_at_risk=1.0)
    assert score_range()
    again = Incident.objects.get(pk=stands.pk)
    assert (again.points, again.money_at_risk) == pytest.approx((stands.points, stands.money_at_risk), rel=1e-4)
    assert not score_range()


def test_what_came_resolved_is_told_once_as_if_it_were_open() -> None:
    account = make.account()
    made: dict[str, Any] = {"happened_at": make.ago(days=150), "state": State.RESOLVED}
    late = make.incident(account, resolved_at=make.ago(days=20), **made)
    older = make.incident(account, resolved_at=make.ago(days=100), **made)
    drain_everything()
    told = Incident.objects.get(pk=late.pk).points
    assert told > 0.0
    assert Incident.objects.get(pk=older.pk).points == 0.0
    make.order(account)
    drain_everything()
    assert Incident.objects.get(pk=late.pk).points == told


def test_what_is_no_longer_renewed_is_not_told() -> None:
    resolved: dict[str, Any] = {"happened_at": make.ago(days=200), "state": State.RESOLVED}
    stored: dict[str, Any] = {"points": 0.1, "money_at_risk": 900.0}
    recent = make.incident(resolved_at=make.ago(days=89), **resolved, **stored)
    old = make.incident(resolved_at=make.ago(days=91), **resolved, **stored)
    assert (recent.current_points, recent.current_money) == (0.1, 900.0)
    assert (old.current_points, old.current_money) == (None, None)
    assert make.incident(happened_at=make.ago(days=200), **stored).current_money == 900.0
