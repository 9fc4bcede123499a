"""A statement is planned once for each connection, and what goes wrong with one asking does no harm to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from retention.scoring import few, given
from retention.scoring.given import FEW, Given, Layout, Statement
from retention.scoring.planned import Planned

pytestmark = pytest.mark.django_db(transaction=True)

SUMS = Layout("sums_now", {"number": "bigint", "parts": "float8[]", "is_wanted": "boolean"})


def asked(question: Planned, parameters: dict[str, Any], ahead: str = "") -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        question.execute(cursor, parameters, ahead=ahead)
        return list(cursor.fetchall())


def test_it_is_planned_at_the_first_asking_only() -> None:
    double = Planned("SELECT %(number)s * 2", {"number": "bigint"})
    with CaptureQueriesContext(connection) as queries:
        assert [asked(double, {"number": number}) for number in (1, 2, 3)] == [[(2,)], [(4,)], [(6,)]]
    assert [query["sql"].count("PREPARE") for query in queries.captured_queries] == [1, 0, 0]


def test_another_connection_plans_it_again() -> None:
    double = Planned("SELECT %(number)s * 2", {"number": "bigint"})
    assert asked(double, {"number": 4}) == [(8,)]
    connection.close()
    assert asked(double, {"number": 5}) == [(10,)]


def test_a_failed_asking_and_what_is_rolled_back_leave_it_usable() -> None:
    share = Planned("SELECT 12 / %(number)s", {"number": "bigint"})
    with pytest.raises(DataError), transaction.atomic():
        asked(share, {"number": 0})
    assert asked(share, {"number": 3}) == [(4,)]
    with pytest.raises(DataError), transaction.atomic():
        asked(share, {"number": 0})
    assert asked(share, {"number": 4}) == [(3,)]


def test_what_goes_ahead_is_done_before() -> None:
    setting = Planned("SELECT current_setting('statement_timeout')", {})
    with transaction.atomic():
        assert asked(setting, {}, ahead="SET LOCAL statement_timeout = '7s'") == [("7s",)]


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_given_rows_are_read_the_same_whether_they_are_few_or_many(count: int) -> None:
    numbers = np.arange(count)
    rows = {"number": numbers, "parts": np.outer(numbers, [0.5, 0.25]), "is_wanted": numbers % 2 == 0}
    total = Statement(
        SUMS,
        """SELECT sum(number + coalesce(parts[1], 0) + coalesce(parts[2], 0)) + %(more)s
        FROM sums_now JOIN wanted USING (number) WHERE {scope}""",
        {"more": "float8"},
        before="wanted AS (SELECT number FROM sums_now WHERE is_wanted)",
    )
    with transaction.atomic(), connection.cursor() as cursor:
        Given.of(cursor, SUMS, rows).execute(total, {"more": 1.5})
        assert cursor.fetchone() == (1.75 * sum(range(0, count, 2)) + 1.5,)


@pytest.mark.parametrize("count", [2, FEW + 1])
def test_zeros_of_arrays_may_come_as_nulls_and_nothing_else_does(count: int) -> None:
    parts = np.zeros((count, 4))
    parts[1, 1], parts[1, 3] = 0.25, -1e-300
    shown = Statement(SUMS, "SELECT parts FROM sums_now ORDER BY number")
    with transaction.atomic(), connection.cursor() as cursor:
        rows = {"number": np.arange(count), "parts": parts, "is_wanted": np.ones(count, dtype=np.bool_)}
        Given.of(cursor, SUMS, rows).execute(shown, {})
        read = [row for (row,) in cursor.fetchall()]
    assert [[value or 0.0 for value in row] for row in read] == parts.tolist()
    assert (read[1][0], read[1][2]) == (None, None)


COUNTED = Statement(SUMS, "SELECT count(*), sum(number) FROM sums_now WHERE {scope}")


def read_back(numbers: npt.NDArray[np.int64]) -> tuple[Any, ...]:
    rows = {"number": numbers, "parts": np.zeros((len(numbers), 2)), "is_wanted": numbers > 0}
    with connection.cursor() as cursor:
        Given.of(cursor, SUMS, rows).execute(COUNTED, {})
        return tuple(cursor.fetchone())


def test_rows_are_read_without_those_of_earlier_statements_whether_kept_or_rolled_back() -> None:
    assert read_back(np.arange(100)) == (100, 4950)
    with transaction.atomic():
        assert read_back(np.arange(50)) == (50, 1225)
        assert read_back(np.arange(40)) == (40, 780)
        transaction.set_rollback(True)
    assert read_back(np.arange(60)) == (60, 1770)


def test_their_table_is_emptied_when_it_has_become_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "MOST_PAGES", 2)
    sizes = []
    for _ in range(6):
        assert read_back(np.arange(100)) == (100, 4950)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sums_now")
            sizes.append(cursor.fetchone()[0])
    assert sizes[:2] == [100, 200]
    assert 100 in sizes[2:]


def test_several_tables_come_in_one_row_and_in_order() -> None:
    sent = {"squares": {"number": ">i8", "square": ">f8"}, "none": {"number": ">i8"}}
    statement = few.one_statement(
        {
            "squares": "SELECT n::bigint, (n * n)::float8 FROM generate_series(1, 3) AS n ORDER BY n DESC",
            "none": "SELECT 1::bigint WHERE false",
        },
        sent,
        "'more'",
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    found = few.taken_apart(row, sent)
    assert found["squares"]["number"].tolist() == [3, 2, 1]
    assert found["squares"]["square"].tolist() == [9.0, 4.0, 1.0]
    assert (found["none"]["number"].tolist(), row[-1]) == ([], "more")


def test_a_null_among_them_is_refused() -> None:
    sent = {"numbers": {"number": ">i8", "other": ">i8", "third": ">i8"}}
    statement = few.one_statement({"numbers": "SELECT 1::bigint, NULL::bigint, 3::bigint"}, sent)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    with pytest.raises(ValueError, match="The database"):
        few.taken_apart(row, sent)
