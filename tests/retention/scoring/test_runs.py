"""Scoring everything, range by range, by whoever takes one."""

from __future__ import annotations

import datetime
import threading

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Order
from departments.models import Department
from retention.models import ModelVersion, Score, ScoreHistory, ScoringRange, ScoringRun, Trend
from retention.scoring import claims, runs, segments
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.trends import roll_up
from retention.scoring.versions import ensure_active_version, renew_prior_version
from tests import make

NOW = datetime.datetime(2026, 6, 15, 2, 15, tzinfo=datetime.UTC)


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "ACCOUNTS_A_RANGE", 3)
    monkeypatch.setattr(segments, "ACCOUNTS_A_SEGMENT", 1)


def company(accounts: int) -> None:
    for number in range(accounts):
        account = make.account(segment=["Retail", "Wholesale"][number % 2])
        make.incident(account, happened_at=NOW - datetime.timedelta(days=3), recorded_at=NOW)


@pytest.mark.django_db
def test_a_run_scores_every_account_and_is_closed_by_its_last_range(small_ranges: None) -> None:
    company(8)
    ranges = runs.start_run(NOW)
    assert len(ranges) == 3
    for done, range_id in enumerate(ranges):
        assert ScoringRun.objects.get().progress == pytest.approx(done / 3)
        assert ScoringRun.objects.get().finished_at is None
        runs.score_range(range_id)
    assert ScoringRun.objects.get().finished_at is not None
    assert Score.objects.filter(as_of=NOW).count() == 8


@pytest.mark.django_db
def test_a_range_taken_twice_is_done_once(small_ranges: None) -> None:
    company(3)
    (range_id,) = runs.start_run(NOW)
    assert runs.score_range(range_id) == 3
    before = list(Score.objects.order_by("pk").values())
    assert runs.score_range(range_id) == 0
    assert list(Score.objects.order_by("pk").values()) == before
    assert ScoreHistory.objects.count() == 3


@pytest.mark.django_db
def test_a_range_whose_worker_died_is_handed_out_again(small_ranges: None) -> None:
    company(3)
    (range_id,) = runs.start_run(NOW)
    ScoringRange.objects.update(claimed_at=timezone.now())
    assert runs.unclaimed_ranges() == []
    assert runs.score_range(range_id) == 0
    ScoringRange.objects.update(claimed_at=timezone.now() - 2 * claims.LEASE)
    assert runs.unclaimed_ranges() == [range_id]
    assert runs.score_range(range_id) == 3


@pytest.mark.django_db
def test_a_second_run_waits_for_the_first(small_ranges: None) -> None:
    company(4)
    first = runs.start_run(NOW)
    assert runs.start_run(NOW + datetime.timedelta(days=1)) == first
    assert ScoringRun.objects.count() == 1


@pytest.mark.django_db
def test_a_run_that_never_ends_does_not_stop_later_nights(small_ranges: None) -> None:
    company(2)
    runs.start_run(NOW)
    ScoringRun.objects.update(started_at=timezone.now() - 2 * runs.LONGEST_RUN)
    assert len(runs.start_run(NOW + datetime.timedelta(days=1))) == 1
    assert ScoringRun.objects.filter(finished_at=None).get().as_of == NOW + datetime.timedelta(days=1)


@pytest.mark.django_db
def test_a_company_without_accounts_finishes_at_once() -> None:
    assert runs.start_run(NOW) == []
    assert ScoringRun.objects.get().finished_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_the_same_ranges_do_no_harm(small_ranges: None) -> None:
    company(9)
    ranges = runs.start_run(NOW)
    written: list[int] = []

    def work() -> None:
        try:
            written.extend(runs.score_range(range_id) for range_id in ranges)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert sum(written) == 9
    assert Score.objects.count() == ScoreHistory.objects.count() == 9
    assert ScoringRun.objects.get().finished_at is not None


@pytest.mark.django_db
def test_a_finished_run_appends_the_days_trend(small_ranges: None) -> None:
    company(5)
    for range_id in runs.start_run(NOW):
        runs.score_range(range_id)
    totals = Trend.objects.filter(day=NOW.date(), department=None)
    assert {row.segment: row.accounts for row in totals} == {"Retail": 3, "Wholesale": 2}
    risks = [score.revenue_at_risk for score in Score.objects.all()]
    assert sum(row.revenue_at_risk for row in totals) == pytest.approx(sum(risks))
    shipping = Trend.objects.filter(day=NOW.date(), department=make.department("shipping"))
    charged = [score.friction_points * score.annual_revenue for score in Score.objects.all()]
    assert sum(row.revenue_at_risk for row in shipping) == pytest.approx(sum(charged))


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_accounts() -> None:
    counts = []
    for accounts in (2, 30):
        company(accounts)
        version = ensure_active_version()
        ids = list(Account.objects.values_list("pk", flat=True))
        rescore_accounts(account_ids=ids, version=version)
        with CaptureQueriesContext(connection) as queries:
            rescore_accounts(account_ids=ids, version=version)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_the_first_model_is_made_of_the_experts_priors() -> None:
    make.department("shipping", prior_weight=1.0, prior_sd=0.5)
    version = ensure_active_version()
    assert (version.number, version.origin, version.is_active) == (1, "prior", True)
    assert set(version.weights["evidence"]) == {"assumed"}
    position = [term["key"] for term in version.terms].index("department:shipping")
    shipping = Department.objects.get(slug="shipping")
    assert version.weights["mean"][position] == shipping.prior_weight
    assert version.weights["covariance"][position][position] == pytest.approx(shipping.prior_sd**2)
    assert ensure_active_version() == version


@pytest.mark.django_db
def test_a_new_department_is_given_its_prior_in_a_new_version() -> None:
    first = ensure_active_version()
    make.department("night_shift")
    second = ensure_active_version()
    assert second.number == first.number + 1
    assert "department:night_shift" in [term["key"] for term in second.terms]
    assert ModelVersion.objects.filter(is_active=True).get() == second


@pytest.mark.django_db
def test_a_model_is_not_repeated_where_nothing_is_new() -> None:
    first = renew_prior_version()
    company(3)
    assert renew_prior_version() == first == ModelVersion.objects.latest("number")


@pytest.mark.django_db
def test_a_changed_belief_makes_a_new_version() -> None:
    department = make.department()
    first = renew_prior_version()
    Department.objects.filter(pk=department.pk).update(prior_weight=0.25)
    second = renew_prior_version()
    assert second.number == first.number + 1
    position = [term["key"] for term in second.terms].index(f"department:{department.slug}")
    assert second.weights["mean"][position] == 0.25


@pytest.mark.django_db
def test_the_rhythm_is_fitted_once_enough_accounts_have_ordered_again() -> None:
    first = renew_prior_version()
    assert first.rhythm["accounts"] == 0
    accounts = Account.objects.bulk_create(Account(name="Buyer", external_id=make.number()) for _ in range(200))
    Order.objects.bulk_create(
        Order(account=account, ordered_at=at, recorded_at=at, amount=100, external_id=make.number())
        for number, account in enumerate(accounts)
        for at in (make.ago(days=400), make.ago(days=380 - number % 7), make.ago(days=10 + number))
    )
    second = renew_prior_version()
    assert second.number == first.number + 1
    assert second.rhythm["accounts"] == 200
    assert second.rhythm["orders"]["bgnbd"] != first.rhythm["orders"]["bgnbd"]
    assert renew_prior_version() == second


@pytest.mark.django_db
def test_the_command_scores_all_accounts_or_one(capsys: pytest.CaptureFixture[str]) -> None:
    company(2)
    other = make.account(name="Castle Gifts Ltd")
    call_command("score", "--account", "Castle Gifts Ltd")
    assert list(Score.objects.values_list("account__name", flat=True)) == [other.name]
    call_command("score")
    assert Score.objects.count() == 3
    assert "3 accounts scored" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_command_scores_the_past_from_what_was_known_then() -> None:
    company(1)
    call_command("score", "--as-of", "2026-06-14")
    quiet = Score.objects.get()
    assert quiet.as_of == datetime.datetime(2026, 6, 14, 23, 59, 59, 999_999, tzinfo=datetime.UTC)
    assert quiet.friction_points == 0.0
    call_command("score", "--as-of", "2026-06-15")
    assert Score.objects.get().friction_points > 0.0


@pytest.mark.django_db
def test_a_past_day_is_not_scored_over_later_ones_and_its_trend_stays() -> None:
    company(2)
    call_command("score", "--as-of", "2026-06-14")
    call_command("score", "--as-of", "2026-06-15")
    trends, scores = list(Trend.objects.order_by("pk").values()), list(Score.objects.order_by("pk").values())
    assert {row["day"] for row in trends} == {datetime.date(2026, 6, 14), datetime.date(2026, 6, 15)}
    with pytest.raises(CommandError, match="2 accounts have a score of a later day than 2026-06-14"):
        call_command("score", "--as-of", "2026-06-14")
    assert list(Trend.objects.order_by("pk").values()) == trends
    assert list(Score.objects.order_by("pk").values()) == scores


@pytest.mark.django_db(transaction=True)
def test_a_rollup_that_fails_leaves_the_days_rows() -> None:
    company(2)
    call_command("score", "--as-of", "2026-06-15")
    before = list(Trend.objects.order_by("pk").values())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE retention_trend ADD CONSTRAINT no_new_row CHECK (id < 0) NOT VALID")
    try:
        with pytest.raises(IntegrityError):
            roll_up(datetime.date(2026, 6, 15))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE retention_trend DROP CONSTRAINT no_new_row")
    assert before
    assert list(Trend.objects.order_by("pk").values()) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--as-of", "yesterday"], "is not a date"),
        (["--as-of", "2999-01-01"], "has not come yet"),
        (["--account", "Nobody Ltd"], "No account has the id or name 'Nobody Ltd'"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("score", *arguments)
