"""One file read: its rows in blocks, column by column, each text made a value of its column's type."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from retention.imports.delimited import Block
from retention.imports.errors import BadValue, UnreadableFile
from retention.imports.mapping import Column, Mapping
from retention.imports.readers import open_table
from retention.imports.values import Convert, converter


class Headings(NamedTuple):
    """What the columns of the file are called: comes first."""

    headings: list[str]


class RefusedRow(NamedTuple):
    """A row that cannot be read."""

    line: int
    value: str
    reason: str


class ReadBlock(NamedTuple):
    """Some rows and the numbers of the lines they began on; `position` is how many bytes of the file were read.

    `columns` holds the values of the mapping's columns. Where one of them cannot be read it is None, and `rows` holds
    the texts.
    """

    lines: Sequence[int]
    columns: list[list[Any]] | None
    rows: list[list[str]] | None
    position: int


Event = Headings | RefusedRow | ReadBlock
Deliver = Callable[[Event], None]
# How each column's text becomes a value, and where in the row that text stands.
Plan = list[tuple[Convert, int]]


def read_file(path: Path, mapping: Mapping, shift: dt.timedelta, deliver: Deliver) -> None:
    """Read a file to its end and deliver what is found; raises UnreadableFile."""

    def refuse(line: int, value: str, reason: str) -> None:
        deliver(RefusedRow(line, value, reason))

    table = open_table(path, mapping.layout, mapping.wanted_headings, refuse)
    try:
        plan = plan_of(mapping, path.name, table.headings, shift)
        deliver(Headings(table.headings))
        for block in filter(lambda block: block.rows, table.blocks):
            deliver(_read_block(block, plan, table.position()))
    finally:
        table.close()


def _read_block(block: Block, plan: Plan, position: int) -> ReadBlock:
    # Column by column, which keeps the innermost loops out of Python.
    texts = list(zip(*block.rows, strict=True))
    try:
        return ReadBlock(block.lines, [list(map(convert, texts[index])) for convert, index in plan], None, position)
    except BadValue:
        return ReadBlock(block.lines, None, block.rows, position)


def plan_of(mapping: Mapping, name: str, headings: list[str], shift: dt.timedelta) -> Plan:
    """How the columns of a mapping are read from a file with these headings; raises UnreadableFile."""
    plan: Plan = []
    for column in mapping.columns:
        index = column_index(mapping, column, name, headings)
        convert = converter(replace(column.rules, shift=shift))
        plan.append((convert, index) if index is not None else (_always(convert), 0))
    return plan


def _always(convert: Convert) -> Convert:
    return lambda _text: convert("")


def column_index(mapping: Mapping, column: Column, name: str, headings: list[str]) -> int | None:
    """Where a column stands in a file; None where it is optional and absent."""
    for heading in column.headings:
        if heading in headings:
            return headings.index(heading)
    if column.optional:
        return None
    wanted = " or ".join(repr(heading) for heading in column.headings)
    found = ", ".join(headings)
    raise UnreadableFile(
        f"{name}: there is no column {wanted}, which the mapping {mapping.file} needs (there are {found})"
    )
