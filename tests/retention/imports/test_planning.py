"""An import's statements are planned by how many rows there are, not by how many there were believed to be."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.retention.imports.test_loading import Importer, retail


@pytest.fixture
def run(tmp_path: Path) -> Importer:
    return Importer(tmp_path)


def sizes_as_the_planner_believes() -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reltuples FROM pg_class WHERE oid IN "
            "('accounts_account'::regclass, 'accounts_order'::regclass, 'accounts_orderline'::regclass)"
        )
        return dict(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_credits_are_linked_by_a_planner_that_knows_how_many_orders_there_are(run: Importer) -> None:
    """Also where it believes that there are none: an import was taken back, and its dead rows were swept."""
    text = retail(
        "1,10001,a,10,2010-01-01 09:00,2", "1,10002,b,1,2010-01-01 09:00,2", "C2,10001,a,-5,2010-04-01 09:00,2"
    )
    run("online_retail_ii", text, dry_run=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (TRUNCATE FALSE) accounts_account, accounts_order, accounts_orderline")
    assert set(sizes_as_the_planner_believes().values()) == {0}
    believed = []

    def listen(execute: Any, sql: str, *rest: Any) -> Any:
        if "import_2_links" in sql and "accounts_orderline" in sql:
            believed.append(sizes_as_the_planner_believes())
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        assert run("online_retail_ii", text).records["signal"].linked == 1
    assert believed == [{"accounts_account": 1, "accounts_order": 1, "accounts_orderline": 2}]
