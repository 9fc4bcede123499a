"""What is kept in columns is what the rows say, after whatever changed them."""

from __future__ import annotations

import datetime
import io
import random

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Account, AccountChange, Order
from departments.models import Incident
from retention.models import FactChange, FactSegment, Score
from retention.scoring import segments
from retention.scoring.reading import Scope, read_records
from retention.scoring.records import Records, is_in_form, joined
from retention.scoring.rescoring import drain_changes, rescore_range
from retention.scoring.runs import account_ranges
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.random_company import NOW
from tests.retention.scoring.test_against_reference import assert_scored_as_by_reference, change_at_random

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "ACCOUNTS_A_SEGMENT", 8)
    monkeypatch.setattr(segments, "MOST_REREAD", 8)
    monkeypatch.setattr(segments, "MOST_CHANGES", 3)


def score_everything(moment: datetime.datetime) -> None:
    for first, last in account_ranges():
        rescore_range(first=first, last=last, as_of=moment, version=ensure_active_version())


@pytest.mark.parametrize("seed", [11, 12])
def test_scores_from_what_was_kept_equal_the_reference(seed: int) -> None:
    accounts = random_company.build(seed, accounts=20)
    score_everything(NOW)
    assert FactSegment.objects.exists()
    for days in (0, 1, 40):
        moment = NOW + datetime.timedelta(days=days)
        score_everything(moment)
        assert_scored_as_by_reference(accounts, ensure_active_version(), moment)


@pytest.mark.parametrize("seed", [13, 14])
def test_whatever_changes_is_read_from_the_rows_before_and_after_it_was_drained(seed: int) -> None:
    accounts = random_company.build(seed, accounts=20)
    score_everything(NOW)
    AccountChange.objects.all().delete()
    for step in range(3):
        change_at_random(accounts, random.Random(seed + step))
        moment = NOW + datetime.timedelta(days=step + 1)
        if step == 1:
            drain_changes()
            Score.objects.update(as_of=NOW)
        score_everything(moment)
        assert_scored_as_by_reference(accounts, ensure_active_version(), moment)
        assert segments.faults(moment) == []


def test_an_unchanged_company_is_not_read_from_its_rows_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make.account(customer_since=None)
    make.order(account)
    drain_changes()
    score_everything(timezone.now())
    FactChange.objects.all().delete()
    monkeypatch.setattr(segments, "read_records", lambda *args: pytest.fail("rows were read"))
    later = timezone.now() + datetime.timedelta(days=1)
    score_everything(later)
    assert Score.objects.get(account=account).as_of == later


def test_a_change_that_was_drained_is_remembered_until_the_segment_is_kept_anew() -> None:
    account = make.account()
    drain_changes()
    score_everything(timezone.now())
    make.order(account)
    drain_changes()
    assert set(FactChange.objects.values_list("account_id", flat=True)) == {account.pk}
    for _ in range(4):
        make.order(account)
        drain_changes()
    score_everything(timezone.now())
    assert not FactChange.objects.exists()
    assert segments.faults(timezone.now()) == []


def test_what_has_changed_a_little_is_kept_anew_on_demand() -> None:
    account = make.account()
    drain_changes()
    score_everything(timezone.now())
    make.order(account)
    drain_changes()
    moment = timezone.now()
    for first, last in account_ranges():
        segments.renew(first, last, moment)
    assert not FactChange.objects.exists()
    assert FactSegment.objects.get().known_at == moment
    assert segments.faults(timezone.now()) == []


def test_what_was_recorded_after_the_moment_of_the_run_is_not_lost() -> None:
    account = make.account()
    run_began = timezone.now()
    make.order(account, ordered_at=run_began, recorded_at=run_began + datetime.timedelta(minutes=1))
    score_everything(run_began)
    AccountChange.objects.all().delete()
    moment = run_began + datetime.timedelta(minutes=5)
    score_everything(moment)
    assert_scored_as_by_reference([account], ensure_active_version(), moment)


def test_an_earlier_moment_than_the_one_kept_is_read_from_the_rows() -> None:
    accounts = random_company.build(15, accounts=12)
    score_everything(NOW)
    first, last = accounts[0].pk, accounts[-1].pk
    earlier = NOW - datetime.timedelta(days=200)
    assert segments.read_range(first, last, earlier).is_same_as(read_records(Scope.between(first, last), earlier))


def test_an_account_that_is_deleted_is_gone_from_what_is_read() -> None:
    kept, gone = make.account(), make.account()
    score_everything(timezone.now())
    Incident.objects.all().delete()
    gone.delete()
    first, last = segments.bounds(*2 * (kept.pk // 8,))
    assert gone.pk not in segments.read_range(first, last, timezone.now()).account_ids


@pytest.mark.django_db(transaction=True)
def test_emptying_a_table_forgets_what_was_kept() -> None:
    make.order(make.account())
    score_everything(timezone.now())
    assert FactSegment.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_order CASCADE")
    assert not FactSegment.objects.exists()


def test_what_was_kept_in_another_form_is_read_anew() -> None:
    account = make.account()
    make.order(account)
    score_everything(NOW)
    FactSegment.objects.update(data=b"another form of keeping")
    score_everything(NOW)
    assert_scored_as_by_reference([account], ensure_active_version(), NOW)
    assert all(is_in_form(segment.data) for segment in FactSegment.objects.all())


def test_records_survive_being_written_and_read() -> None:
    accounts = random_company.build(16, accounts=10)
    records = read_records(Scope.of_ids([account.pk for account in accounts]), NOW)
    assert len(records) == 10
    assert len(records.orders["row"]) > 0
    assert Records.from_bytes(records.to_bytes()).is_same_as(records)
    with pytest.raises(ValueError, match="not the records"):
        Records.from_bytes(records.to_bytes() + bytes(8))


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_what_was_read_apart_is_put_together_in_order(parts: int) -> None:
    accounts = random_company.build(17, accounts=20)
    whole = read_records(Scope.of_ids([account.pk for account in accounts]), NOW)
    turns = np.random.default_rng(17).integers(parts, size=len(whole))
    apart = [joined([whole], [turns == number]) for number in range(parts)]
    again = joined(apart, [np.ones(len(one), dtype=np.bool_) for one in apart])
    assert again.account_ids.tolist() == whole.account_ids.tolist() == sorted(whole.account_ids)
    assert again.is_same_as(whole)
    assert np.array_equal(again.orders["day"], whole.orders["day"])
    assert (np.diff(again.parts["row"]) >= 0).all()


def test_of_pieces_of_which_nothing_is_chosen_the_columns_are_left() -> None:
    accounts = random_company.build(18, accounts=5)
    whole = read_records(Scope.of_ids([account.pk for account in accounts]), NOW)
    nothing = joined([whole, whole], [np.zeros(len(whole), dtype=np.bool_)] * 2)
    assert len(nothing) == len(nothing.orders["row"]) == len(nothing.parts["load"]) == 0
    assert nothing.parts.keys() == whole.parts.keys()


@pytest.mark.django_db(transaction=True)
def test_the_check_finds_what_differs_and_repairs_it() -> None:
    account = make.account()
    make.order(account)
    drain_changes()
    score_everything(timezone.now())
    call_command("check_facts", stdout=io.StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        Order.objects.filter(account=account).delete()
        cursor.execute("SET session_replication_role = origin")
    with pytest.raises(CommandError, match="1 of 1 segments differ"):
        call_command("check_facts")
    call_command("check_facts", "--repair", stdout=io.StringIO())
    assert not FactSegment.objects.exists()
    assert Account.objects.count() == 1
