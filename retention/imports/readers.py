"""Rows of text from CSV, TSV, JSON Lines and XLSX, each with the number of the line it began on.

All readers stream. A row that cannot be read is refused by itself, and the rest goes on.
"""

import csv
import datetime as dt
import gzip
import importlib
import io
import itertools
import json
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from retention.imports.delimited import ROWS_IN_A_BLOCK, Block, DelimitedRows, RefuseRow, width_problem
from retention.imports.errors import UnreadableFile
from retention.imports.sources import (
    ZIP_MAGIC,
    Source,
    detect_encoding,
    named_encoding,
    open_source,
    sample_of,
)

FORMATS = ("csv", "tsv", "jsonl", "xlsx")
SUFFIXES = {".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
DELIMITERS = ",;\t|"
SPREADSHEET_SPOOL_BYTES = 16 * 1024 * 1024
# More than the largest honest spreadsheet unpacks to, and than its texts, which are all kept in memory, take.
LARGEST_SPREADSHEET_BYTES, LARGEST_TEXTS_BYTES = 1024**3, 256 * 1024**2
DAMAGE = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile)


NumberedRow = tuple[int, list[str]]


@dataclass(frozen=True)
class Layout:
    """How a file is laid out, where it does not say so itself."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    skip_lines: int = 0


@dataclass(frozen=True)
class Table:
    """The headings of a file and its rows, block by block."""

    headings: list[str]
    blocks: Iterator[Block]
    position: Callable[[], int]
    close: Callable[[], None]


def open_table(path: Path, layout: Layout, wanted: list[str], refuse: RefuseRow) -> Table:
    """Open a file for reading row by row.

    `wanted` are the headings that a mapping may ask for; JSON Lines, which have no heading line, are laid
    out by them. `refuse` is called with line, value and reason of each row that cannot be read.
    """
    sample = sample_of(path)
    file_format = layout.format or format_of(path, sample)
    source = open_source(path)
    try:
        if file_format == "xlsx":
            return _spreadsheet(source, layout, refuse)
        encoding = named_encoding(layout.encoding) if layout.encoding else detect_encoding(sample)
        stream = _undamaged(path, source.text(encoding))
        for _ in range(layout.skip_lines):
            next(stream, None)
        if file_format == "jsonl":
            rows = json_rows(stream, wanted, layout.skip_lines, refuse)
            return Table(wanted, _blocks(rows), source.position, source.close)
        return _delimited(source, stream, file_format, layout, refuse)
    except BaseException:
        source.close()
        raise


def format_of(path: Path, sample: bytes) -> str:
    """Tell the format by the content for spreadsheets, and by the name for the rest."""
    if sample.startswith(ZIP_MAGIC):
        return "xlsx"
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in {".gz", ".xz"}]
    if suffixes and suffixes[-1] in SUFFIXES:
        return SUFFIXES[suffixes[-1]]
    known = ", ".join(sorted({*SUFFIXES, ".xlsx"}))
    raise UnreadableFile(f"{path}: the name does not tell the format (known are {known}, also with .gz or .xz)")


def _undamaged(path: Path, stream: io.TextIOWrapper) -> Iterator[str]:
    try:
        # By the handful: a generator asked for every single line would cost as much as parsing it.
        while lines := list(itertools.islice(stream, ROWS_IN_A_BLOCK)):
            yield from lines
    except DAMAGE as error:
        raise UnreadableFile(f"{path}: damaged or cut off: {error}") from error


def _delimited(source: Source, stream: Iterator[str], file_format: str, layout: Layout, refuse: RefuseRow) -> Table:
    heading_line = next(stream, "")
    delimiter = layout.delimiter or ("\t" if file_format == "tsv" else likely_delimiter(heading_line))
    lines = _chain(heading_line, stream)
    headings = [heading.strip() for heading in next(csv.reader(lines, delimiter=delimiter), [])]
    if not any(headings):
        raise UnreadableFile(f"{source.path}: there is no heading line")
    rows = DelimitedRows(stream, delimiter, len(headings), layout.skip_lines + 2, refuse)
    return Table(headings, rows.blocks(), source.position, source.close)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def likely_delimiter(heading_line: str) -> str:
    """The delimiter that occurs most often in the heading line; a comma where none does."""
    return max(DELIMITERS, key=heading_line.count)


def _blocks(rows: Iterator[NumberedRow]) -> Iterator[Block]:
    while part := list(itertools.islice(rows, ROWS_IN_A_BLOCK)):
        yield Block([line for line, _row in part], [row for _line, row in part])


def json_rows(stream: Iterator[str], wanted: list[str], lines_before: int, refuse: RefuseRow) -> Iterator[NumberedRow]:
    """Rows of JSON Lines; members of nested objects are headings with dots (`data.days_late`)."""
    for number, line in enumerate(stream, start=lines_before + 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            refuse(number, line.strip()[:200], f"is not JSON: {error}")
            continue
        if not isinstance(found, dict):
            refuse(number, line.strip()[:200], "is not a JSON object")
            continue
        members = dict(_members(found, ""))
        yield number, [members.get(heading, "") for heading in wanted]


def _members(found: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from _members(value, f"{prefix}{key}.")
        else:
            yield prefix + key, _json_text(value)


def _json_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spreadsheet(source: Source, layout: Layout, refuse: RefuseRow) -> Table:
    content = _seekable(source)
    # Only for who reads a spreadsheet: it brings a quarter of a second to every start, and numpy.
    openpyxl = importlib.import_module("openpyxl")
    try:
        _check_unpacked_size(source.path, content)
        workbook = openpyxl.load_workbook(content, read_only=True, data_only=True)
    except (
        openpyxl.utils.exceptions.InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        *DAMAGE,
    ) as error:
        raise UnreadableFile(f"{source.path}: is not an XLSX file that can be read: {error}") from error
    if layout.sheet is not None and layout.sheet not in workbook.sheetnames:
        names = ", ".join(workbook.sheetnames)
        raise UnreadableFile(f"{source.path}: there is no sheet {layout.sheet!r} (it has {names})")
    sheet = workbook[layout.sheet] if layout.sheet else workbook.worksheets[0]
    cells = sheet.iter_rows(min_row=layout.skip_lines + 1, values_only=True)
    headings = [_cell_text(cell).strip() for cell in next(iter(cells), ())]
    if not any(headings):
        raise UnreadableFile(f"{source.path}: there is no heading line")
    rows = _sheet_rows(cells, len(headings), layout.skip_lines + 2, refuse)

    def close() -> None:
        workbook.close()
        source.close()

    return Table(headings, _blocks(rows), source.position, close)


def _check_unpacked_size(path: Path, content: IO[bytes]) -> None:
    """Refuse a file that is small only while it is packed; what a part says of its size is never exceeded."""
    with zipfile.ZipFile(content) as packed:
        sizes = {part.filename: part.file_size for part in packed.infolist()}
    if sum(sizes.values()) > LARGEST_SPREADSHEET_BYTES:
        raise UnreadableFile(f"{path}: unpacks to more than {LARGEST_SPREADSHEET_BYTES // 1024**2} MiB")
    if sizes.get("xl/sharedStrings.xml", 0) > LARGEST_TEXTS_BYTES:
        raise UnreadableFile(f"{path}: its texts alone take more than {LARGEST_TEXTS_BYTES // 1024**2} MiB")


def _seekable(source: Source) -> IO[bytes]:
    if source.content is source.file:
        return source.content
    packed, spool = source.content, tempfile.SpooledTemporaryFile(max_size=SPREADSHEET_SPOOL_BYTES)  # noqa: SIM115
    # What the source holds is closed with it.
    source.content = cast(IO[bytes], spool)
    try:
        while chunk := packed.read(SPREADSHEET_SPOOL_BYTES):
            spool.write(chunk)
            if spool.tell() > LARGEST_SPREADSHEET_BYTES:
                raise UnreadableFile(f"{source.path}: unpacks to more than {LARGEST_SPREADSHEET_BYTES // 1024**2} MiB")
    except DAMAGE as error:
        raise UnreadableFile(f"{source.path}: damaged or cut off: {error}") from error
    finally:
        packed.close()
    spool.seek(0)
    return source.content


def _sheet_rows(
    cells: Iterator[tuple[Any, ...]], width: int, first_line: int, refuse: RefuseRow
) -> Iterator[NumberedRow]:
    for number, found in enumerate(cells, start=first_line):
        row = [_cell_text(cell) for cell in found]
        if not any(row):
            continue
        if any(row[width:]):
            refuse(number, row[width], width_problem(len(row), width))
            continue
        yield number, (row + [""] * width)[:width]


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
