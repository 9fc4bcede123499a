"""Rows as CSV that a spreadsheet opens and that cannot run as a formula in it."""

import csv
import datetime
import io
import itertools
from collections.abc import Iterable, Iterator

from django.http import StreamingHttpResponse

Cell = str | int | float | datetime.date | None
# A text that begins so would be read as a formula by a spreadsheet (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_response(name: str, head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> StreamingHttpResponse:
    """Answer with a file called `name`.csv, written row by row."""
    response = StreamingHttpResponse(_lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def safe(cell: Cell) -> str | int | float:
    """Return what a spreadsheet shows as it is; text that looks like a formula gets an apostrophe before it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.date):
        return cell.isoformat(" ", "minutes") if isinstance(cell, datetime.datetime) else cell.isoformat()
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _lines(head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    # The mark by which spreadsheets know that the file is UTF-8.
    yield "\ufeff"
    for row in itertools.chain([head], rows):
        writer.writerow([safe(cell) for cell in row])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
