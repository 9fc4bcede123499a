"""Old files as if they had been written today: all dates moved by whole weeks."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

from retention.imports.errors import BadValue
from retention.imports.mapping import Column, Mapping
from retention.imports.readers import open_table
from retention.imports.reading import column_index
from retention.imports.values import Convert, converter

WEEK = dt.timedelta(weeks=1)


def shift_to(now: dt.datetime, mapping: Mapping, paths: Sequence[Path]) -> dt.timedelta:
    """The whole weeks by which the last date of the files comes to lie in the week before now.

    Whole weeks, so that a Monday stays one. Nothing where the files hold no date.
    """
    column = next((each for each in mapping.columns if each.name == mapping.shift_by), None)
    if column is None:
        return dt.timedelta()
    latest = max((moment for path in paths for moment in _moments(mapping, column, path)), default=None)
    return dt.timedelta() if latest is None else WEEK * ((now - latest) // WEEK)


def _moments(mapping: Mapping, column: Column, path: Path) -> Iterator[dt.datetime]:
    table = open_table(path, mapping.layout, mapping.wanted_headings, _pass_over)
    convert = converter(column.rules)
    try:
        index = column_index(mapping, column, path.name, table.headings)
        if index is None:
            return
        for block in table.blocks:
            # The distinct ones only: neighbouring lines mostly hold the same date.
            for text in {row[index] for row in block.rows}:
                yield from _moment(text, convert, mapping)
    finally:
        table.close()


def _moment(text: str, convert: Convert, mapping: Mapping) -> Iterator[dt.datetime]:
    try:
        value = convert(text)
    except BadValue:
        # The import itself refuses the line and says why.
        return
    if isinstance(value, dt.datetime):
        yield value
    elif isinstance(value, dt.date):
        yield dt.datetime(value.year, value.month, value.day, tzinfo=mapping.timezone)


def _pass_over(_line: int, _value: str, _reason: str) -> None:
    """Pass over a row that cannot be read; the import itself refuses it and says why."""
