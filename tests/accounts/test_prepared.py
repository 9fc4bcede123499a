"""A query set that is put together once answers as one that is put together anew."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.models import DateField, F, FloatField, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, Contact
from accounts.prepared import PlannedAnew, PlannedOnce, Prepared, among, given

pytestmark = pytest.mark.django_db
BIG, SMALL = 500, 5


@pytest.fixture
def accounts() -> list[Account]:
    return [
        Account.objects.create(name=name, external_id=name, annual_revenue=revenue, segment=segment)
        for name, revenue, segment in (("Alder", BIG, "Trade"), ("Beech", SMALL, "Trade"), ("Cedar", BIG, ""))
    ]


def large_of_segment() -> QuerySet[Account]:
    return Account.objects.filter(annual_revenue__gte=given("least"), segment=given("segment"))


def test_it_answers_for_the_values_of_each_asking(accounts: list[Account]) -> None:
    alder, beech, cedar = accounts
    asked = Prepared(large_of_segment)
    assert asked(least=0, segment="Trade") == [alder, beech]
    assert asked(least=100, segment="Trade") == [alder]
    assert asked(least=100, segment="") == [cedar]
    assert asked(least=1000, segment="") == []


def test_it_is_put_together_once(accounts: list[Account]) -> None:
    put_together = []

    def ask() -> QuerySet[Account]:
        put_together.append(True)
        return large_of_segment()

    asked = Prepared(ask)
    for least in range(3):
        asked(least=least, segment="Trade")
    assert put_together == [True]


def test_it_asks_for_one_of_several(accounts: list[Account]) -> None:
    alder, _, cedar = accounts
    asked = Prepared(lambda: Account.objects.filter(pk=among("keys")).order_by("name"))
    assert asked(keys=[cedar.pk, alder.pk]) == [alder, cedar]
    assert asked(keys=[]) == []


def test_it_does_not_ask_where_nothing_can_fit(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert Prepared(Account.objects.none)() == []


def test_it_brings_what_is_referred_to_by_the_same_statement(
    accounts: list[Account], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Contact.objects.create(account=accounts[1], name="Ada", external_id="ada")
    asked = Prepared(lambda: Contact.objects.filter(name=given("name")).select_related("account"))
    with django_assert_num_queries(1):
        assert [contact.account.name for contact in asked(name="Ada")] == ["Beech"]


def test_it_yields_values_and_what_is_computed_beside_records(accounts: list[Account]) -> None:
    today = timezone.localdate()
    names = Prepared(lambda: Account.objects.filter(name__gt=given("name")).values_list("name", flat=True))
    dated: Prepared[Any] = Prepared(
        lambda: Account.objects.annotate(day=given("day", DateField()), double=F("annual_revenue") * 2)
    )
    assert names(name="Alder") == ["Beech", "Cedar"]
    assert [(account.day, account.double) for account in dated(day=today)] == [
        (today, 2 * BIG),
        (today, 2 * SMALL),
        (today, 2 * BIG),
    ]


def test_a_value_is_never_taken_for_words(accounts: list[Account]) -> None:
    asked = Prepared(large_of_segment)
    assert asked(least=0, segment="' OR true --") == []


def test_the_database_reads_it_once_for_each_connection(accounts: list[Account]) -> None:
    asked = Prepared(large_of_segment)
    with CaptureQueriesContext(connection) as queries:
        found = [asked(least=least, segment="Trade") for least in (0, 100, 1000)]
    assert [len(rows) for rows in found] == [2, 1, 0]
    assert [query["sql"].count("PREPARE") for query in queries.captured_queries] == [1, 0, 0]


def test_one_that_is_planned_anew_answers_alike(accounts: list[Account]) -> None:
    asked = PlannedAnew(large_of_segment)
    with CaptureQueriesContext(connection) as queries:
        assert asked(least=100, segment="Trade") == accounts[:1]
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["SELECT"]


def test_one_that_is_planned_once_never_is_again(accounts: list[Account]) -> None:
    asked = PlannedOnce(large_of_segment)
    assert [len(asked(least=least, segment="Trade")) for least in (0, 100, 1000)] == [2, 1, 0]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1"
        )
        assert cursor.fetchone() == (3, 0)


@pytest.mark.parametrize("least", [5, 5.0, 5.5, 2**40, Decimal("5.5")])
def test_a_value_counts_as_it_is_whatever_kind_was_given_before(accounts: list[Account], least: float) -> None:
    asked = Prepared(large_of_segment)
    asked(least=1, segment="Trade")
    assert asked(least=least, segment="Trade") == [one for one in accounts[:2] if one.annual_revenue >= least]


def test_signs_of_the_driver_are_words_like_others(accounts: list[Account]) -> None:
    with_values = Prepared(
        lambda: Account.objects.filter(name__contains="%s", segment=given("segment")).values_list("pk", flat=True)
    )
    without = Prepared(lambda: Account.objects.filter(name__contains="%e").values_list("name", flat=True))
    Account.objects.create(name="50%end", external_id="signs", annual_revenue=BIG, segment="%s")
    assert (with_values(segment="%s"), without()) == ([], ["50%end"])


def test_a_failed_asking_leaves_it_usable(accounts: list[Account]) -> None:
    asked = Prepared(lambda: Account.objects.filter(annual_revenue__gt=100 / given("parts", FloatField())))
    with pytest.raises(DataError), transaction.atomic():
        asked(parts=0.0)
    assert asked(parts=1.0) == [accounts[0], accounts[2]]


def test_it_refuses_to_guess_a_value_that_is_missing(accounts: list[Account]) -> None:
    with pytest.raises(KeyError, match="segment"):
        Prepared(large_of_segment)(least=1)


def test_each_thread_asks_by_its_own_connection() -> None:
    asked = Prepared(large_of_segment)
    asked(least=0, segment="none of that name")

    def elsewhere() -> list[Account]:
        try:
            return asked(least=0, segment="none of that name")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result() == []
