"""Statements on the connection of an import."""

from collections.abc import Sequence
from typing import Any

from django.db import connection


def execute(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> None:
    """Run a statement on the import's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def fetch(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a query on the import's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def fetch_dicts(statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    """Run a query on the import's connection; a row is a dictionary by column."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
