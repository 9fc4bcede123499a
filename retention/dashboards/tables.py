"""Tables as files: streamed row by row, and safe to open in a spreadsheet."""

import csv
import datetime
import re
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

# A spreadsheet takes a cell that begins like this for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
BYTE_ORDER_MARK = "\ufeff"


class _Echo:
    """What csv writes into: gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_response(filename: str, headings: Sequence[str], lines: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Send lines as a CSV file in UTF-8, marked so that spreadsheets read it as such."""
    response = StreamingHttpResponse(_encoded(headings, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def safe_cell(value: object) -> str:
    """Write a value so that no spreadsheet takes it for a formula; plain numbers keep their sign."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime.date) else str(value)
    if text.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _encoded(headings: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BYTE_ORDER_MARK
    yield writer.writerow(headings)
    for line in lines:
        yield writer.writerow([safe_cell(value) for value in line])
