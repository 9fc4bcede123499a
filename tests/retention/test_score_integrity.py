"""Scores belong to accounts and models that exist, whoever writes or deletes either."""

import datetime
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Account
from retention.models import ModelVersion, Score
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import LOCK, ensure_active_version
from retention.scoring.writing import SCORES_SQL
from tests import make

NOBODY = 987_654_321


def scored(count: int = 1) -> list[Account]:
    accounts = [make.account() for _ in range(count)]
    rescore_accounts(account_ids=[account.pk for account in accounts], version=ensure_active_version())
    return accounts


def copied(account_id: int, **changed: object) -> Score:
    score = Score.objects.latest("scored_at")
    for name, value in {"pk": account_id, **changed}.items():
        setattr(score, name, value)
    return score


def execute(statement: str, *given: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


@pytest.mark.django_db
def test_a_score_without_its_account_is_refused_with_all_scores_of_its_statement() -> None:
    scored()
    scores = [copied(make.account().pk), copied(NOBODY)]
    with pytest.raises(IntegrityError, match="names an account that does not exist"), transaction.atomic():
        Score.objects.bulk_create(scores)
    assert Score.objects.count() == 1


@pytest.mark.django_db
def test_a_score_without_its_model_is_refused() -> None:
    scored()
    account = make.account()
    with pytest.raises(IntegrityError, match="names a model that does not exist"), transaction.atomic():
        Score.objects.bulk_create([copied(account.pk, model_id=NOBODY)])
    Score.objects.bulk_create([copied(account.pk)])
    assert Score.objects.count() == 2


@pytest.mark.django_db
def test_a_scoring_by_a_model_that_is_gone_writes_nothing() -> None:
    [account] = scored()
    statement = f"WITH scored_now AS (SELECT * FROM retention_score) {SCORES_SQL}"
    for column in ("is_kept", "is_new", "needs_history"):
        statement = statement.replace(column, "false")
    now = timezone.now()
    asked: dict[str, int | datetime.datetime] = {"model": NOBODY, "as_of": now, "week_ago": now}
    with pytest.raises(IntegrityError, match="model_id"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(scope="TRUE"), asked)
    assert Score.objects.get(account=account).model_id != NOBODY


@pytest.mark.django_db
def test_scores_go_with_their_account_and_no_others_do() -> None:
    going, staying = scored(2)
    execute("DELETE FROM retention_scorehistory WHERE account_id = %s", going.pk)
    execute("DELETE FROM accounts_account WHERE id = %s", going.pk)
    assert [score.account_id for score in Score.objects.all()] == [staying.pk]


@pytest.mark.django_db
def test_no_score_outlives_the_emptying_of_the_accounts() -> None:
    scored()
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute("TRUNCATE accounts_account CASCADE")
    assert not Score.objects.exists()


@pytest.mark.django_db
def test_accounts_and_their_scores_keep_their_ids() -> None:
    [account] = scored()
    for table, key in (("accounts_account", "id"), ("retention_score", "account_id")):
        with pytest.raises(IntegrityError, match="the id of an account does not change"), transaction.atomic():
            execute(f"UPDATE {table} SET {key} = %s WHERE {key} = %s", NOBODY, account.pk)


@pytest.mark.django_db
def test_a_model_that_scores_name_is_not_deleted_and_one_that_none_name_is() -> None:
    scored()
    other = ModelVersion.objects.get()
    other.pk, other.public_id, other.number, other.is_active = NOBODY, uuid.uuid4(), other.number + 1, False
    other.save(force_insert=True)
    execute("DELETE FROM retention_modelversion WHERE id = %s", other.pk)
    execute("DELETE FROM retention_scorehistory")
    with pytest.raises(IntegrityError, match="scores name the model"), transaction.atomic():
        execute("DELETE FROM retention_modelversion")
    assert ModelVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_model_is_not_deleted_while_scores_are_written() -> None:
    scored()
    is_scoring, has_waited = threading.Event(), threading.Event()

    def go_on_scoring() -> None:
        with transaction.atomic():
            execute("SELECT pg_advisory_xact_lock_shared(%s)", LOCK)
            is_scoring.set()
            has_waited.wait(timeout=30)
        connection.close()

    def delete() -> str:
        is_scoring.wait(timeout=30)
        try:
            execute("SET lock_timeout = '200ms'")
            execute("DELETE FROM retention_modelversion")
            return "deleted"
        except Error as error:
            return str(error)
        finally:
            has_waited.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        scoring, told = pool.submit(go_on_scoring), pool.submit(delete).result(timeout=60)
        scoring.result(timeout=60)
    assert "lock timeout" in told


@pytest.mark.django_db(transaction=True)
def test_an_account_is_not_deleted_from_under_a_score_that_is_being_added() -> None:
    scored()
    account = make.account()
    added, is_added, may_delete = copied(account.pk), threading.Event(), threading.Event()

    def add() -> None:
        with transaction.atomic():
            Score.objects.bulk_create([added])
            is_added.set()
            may_delete.wait(timeout=30)
        connection.close()

    def delete() -> str:
        is_added.wait(timeout=30)
        try:
            execute("SET lock_timeout = '200ms'")
            execute("DELETE FROM accounts_account WHERE id = %s", account.pk)
            return "deleted"
        except Error as error:
            return str(error)
        finally:
            may_delete.set()
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        adding, told = pool.submit(add), pool.submit(delete).result(timeout=60)
        adding.result(timeout=60)
    assert "lock timeout" in told
    assert Score.objects.filter(pk=account.pk).exists()
