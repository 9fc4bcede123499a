"""How many lines of a file are imported in a second, held against PostgreSQL's own COPY of the same file."""

import csv
import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from retention.benchmarks.measures import seconds
from retention.imports.errors import Refusal
from retention.imports.loading import Options, import_files
from retention.imports.mapping_files import find_mapping

MOST_LINES: Final = 200_000
MARKER: Final = "imported-"
COLUMNS: Final = ("external_id", "account", "ordered_at", "amount")
CREATE_SQL: Final = """
    CREATE TEMPORARY TABLE copied_order
        (external_id text PRIMARY KEY, account text, ordered_at timestamptz, amount numeric(14, 2)) ON COMMIT DROP
"""
COPY_SQL: Final = f"COPY copied_order ({', '.join(COLUMNS)}) FROM STDIN (FORMAT csv, HEADER)"


class RefusedLine(Exception):  # noqa: N818 - named for what it is
    """A line that the benchmark itself wrote was not taken."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines were imported, and the seconds that the import and the bare COPY took."""

    lines: int
    importing: float
    copying: float


def import_orders(lines: int) -> Imported:
    """Import a file of orders by the shipped mapping, and take them away again; copy the same file beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        _write(path, lines)
        copying = seconds(lambda: _copy(path))
        try:
            importing = seconds(lambda: _import(path))
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM accounts_order WHERE external_id LIKE %s", [f"{MARKER}%"])
    return Imported(lines, importing, copying)


def _write(path: Path, lines: int) -> None:
    accounts = list(Account.objects.order_by("pk").values_list("external_id", flat=True)[:lines])
    began = timezone.now() - datetime.timedelta(days=30)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number in range(lines):
            moment = began + datetime.timedelta(seconds=number)
            account = accounts[number * 7919 % len(accounts)]
            rows.writerow([f"{MARKER}{number}", account, moment.isoformat(), f"{50 + number % 2000}.50"])


def _copy(path: Path) -> None:
    with transaction.atomic(), connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute(CREATE_SQL)
        cursor.copy_expert(COPY_SQL, file)


def _import(path: Path) -> None:
    import_files(
        mapping=find_mapping("orders"),
        paths=[path],
        options=Options(source="bench"),
        refuse=_refuse,
        report=lambda _: None,
        acting_person=None,
    )


def _refuse(refusal: Refusal) -> None:
    raise RefusedLine(f"Line {refusal.line}: {refusal.reason}")
