"""Build the measured company once; a company of the wanted size is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import Account

COMPANY_SQL = Path(__file__).with_name("company.sql").read_text()
BUILT_TABLES = (
    "accounts_account",
    "accounts_order",
    "departments_incident",
    "departments_responsibility",
    "retention_score",
    "retention_scorehistory",
)
INDEXES_SQL = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


class RealDataError(Exception):
    """The database holds accounts that no benchmark made."""


def ensure_company(accounts: int) -> bool:
    """Make the database hold a company of so many accounts and nothing else; return whether it had to be built.

    Raises RealDataError rather than empty a database that somebody works with.
    """
    if Account.objects.exclude(source="bench").exists():
        raise RealDataError("This database holds real accounts: measure on one of its own, as `make bench` does.")
    if Account.objects.filter(source="bench").count() == accounts:
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(BUILT_TABLES)}, accounts_accountchange CASCADE")
        with _without_indexes(cursor):
            cursor.execute("SELECT setseed(0.5)")
            cursor.execute(COMPANY_SQL.format(accounts=accounts))
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(BUILT_TABLES)}")
    return True


@contextmanager
def _without_indexes(cursor: CursorWrapper) -> Iterator[None]:
    """Make the indexes that no constraint needs after the rows and not row by row: it takes a third of the time."""
    cursor.execute(INDEXES_SQL, [list(BUILT_TABLES)])
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
