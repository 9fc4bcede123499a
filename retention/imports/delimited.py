"""Rows of CSV and its relatives, most of them parsed a block at a time."""

import csv
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

ROWS_IN_A_BLOCK = 2_000

RefuseRow = Callable[[int, str, str], None]


@dataclass(frozen=True)
class Block:
    """Some rows, all of the headings' width, and the numbers of the lines they began on."""

    lines: Sequence[int]
    rows: list[list[str]]


class DelimitedRows:
    """Rows of a delimited file.

    A quote that is never closed makes the CSV reader swallow the lines after it. Where that shows, by text after a
    closing quote, the end of the file or a wrong number of fields, the first line alone is refused and the others
    are read again.
    """

    def __init__(self, stream: Iterator[str], delimiter: str, width: int, first_line: int, refuse: RefuseRow) -> None:
        self._stream = stream
        self._delimiter = delimiter
        self._width = width
        self._line = first_line
        self._refuse = refuse

    def blocks(self) -> Iterator[Block]:
        """The rows; most blocks are parsed in one go, those with something odd in them row by row."""
        while lines := list(itertools.islice(self._stream, ROWS_IN_A_BLOCK)):
            rows = self._plain(lines)
            if rows is None:
                yield from self._careful(lines)
            else:
                yield Block(range(self._line, self._line + len(rows)), rows)
                self._line += len(rows)

    def _plain(self, lines: list[str]) -> list[list[str]] | None:
        """The rows where every line is one of the right width, else None."""
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) and set(map(len, rows)) == {self._width} else None

    def _careful(self, lines: list[str]) -> Iterator[Block]:
        block = Block([], [])
        rest = deque(lines)
        while rest:
            taken: list[str] = []
            row, problem = self._next_row(rest, taken)
            if problem:
                self._refuse(self._line, taken[0].rstrip("\r\n")[:200], problem)
                rest.extendleft(reversed(taken[1:]))
                self._line += 1
                continue
            if row:
                block.rows.append(row)
                cast(list[int], block.lines).append(self._line)
            self._line += len(taken)
        yield block

    def _next_row(self, rest: deque[str], taken: list[str]) -> tuple[list[str], str | None]:
        """The next row and what is wrong with it; `taken` gets the lines that it was read from."""
        reader = csv.reader(self._lines(rest, taken), delimiter=self._delimiter, strict=True)
        try:
            row = next(reader)
        except csv.Error as error:
            return [], "a quote is not closed" if len(taken) > 1 else f"cannot be read: {error}"
        if not row or len(row) == self._width:
            return row, None
        return [], "a quote is not closed" if len(taken) > 1 else width_problem(len(row), self._width)

    def _lines(self, rest: deque[str], taken: list[str]) -> Iterator[str]:
        # A quoted field may go on after the block's last line.
        for line in itertools.chain(_emptied(rest), self._stream):
            taken.append(line)
            yield line


def _emptied(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()


def width_problem(found: int, expected: int) -> str:
    """What to say of a row of another width than the headings."""
    return f"has {found} fields where the heading has {expected}"
