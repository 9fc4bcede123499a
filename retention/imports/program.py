"""A mapping at work on files: rows of text → values → makers, with every line counted once."""

import datetime as dt
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

from retention.imports.errors import BadValue, Refusal
from retention.imports.makers import Maker, file_and_line, maker_of, place_of
from retention.imports.mapping import LeaveOut, Mapping
from retention.imports.reading import (
    Deliver,
    Event,
    Headings,
    Plan,
    ReadBlock,
    RefusedRow,
    column_index,
    plan_of,
    read_file,
)

ROWS_IN_A_BATCH = 5_000
NO_RECORD = "no record is made of such a line"

Refuse = Callable[[Refusal], None]


@dataclass
class LineCounts:
    """Where the lines went: read = used + left out + refused."""

    read: int = 0
    used: int = 0
    refused: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


class Program:
    """Runs a mapping over files; `flush` is called with a maker whose rows should be taken away.

    `found` names the columns that at least one of the files has.
    """

    def __init__(self, mapping: Mapping, shift: dt.timedelta, refuse: Refuse, flush: Callable[[Maker], None]) -> None:
        self.mapping = mapping
        self.makers = [maker_of(rule, mapping) for rule in mapping.records]
        self.counts = LineCounts()
        self._shift = shift
        self._refuse = refuse
        self._flush = flush
        self._computed = [each.expression for each in mapping.computed]
        self._left_out = [(each.when, self._still_made(each), each.reason) for each in mapping.leave_outs]
        self._names = list(mapping.types)
        self.found = {each.name for each in mapping.computed}

    def _still_made(self, leave_out: LeaveOut) -> list[Maker]:
        return [maker for maker in self.makers if maker.rule.kind.name in leave_out.still_makes]

    def run(self, path: Path, file_number: int, report: Callable[[int], None]) -> None:
        """Read one file; `report` hears now and then how many bytes of it were read."""
        read_file(path, self.mapping, self._shift, self.taker(path.name, file_number, report))

    def taker(self, name: str, file_number: int, report: Callable[[int], None]) -> Deliver:
        """What takes the events of one file's reading, wherever they come from."""
        plan: Plan = []

        def take(event: Event) -> None:
            match event:
                case Headings(headings):
                    plan.extend(self._plan(name, headings))
                case RefusedRow(line, value, reason):
                    self.counts.read += 1
                    self._refuse_line(Refusal(name, line, "", value, reason))
                case ReadBlock(lines, _columns, _rows, position):
                    self.counts.read += len(lines)
                    self._take(name, file_number, event, plan)
                    report(position)

        return take

    def finish(self) -> None:
        """Complete the records under way after the last file."""
        for maker in self.makers:
            maker.finish()
            self._flush(maker)

    def _plan(self, name: str, headings: list[str]) -> Plan:
        found = (each for each in self.mapping.columns if column_index(self.mapping, each, name, headings) is not None)
        self.found.update(column.name for column in found)
        return plan_of(self.mapping, name, headings, self._shift)

    def _take(self, name: str, file_number: int, block: ReadBlock, plan: Plan) -> None:
        numbers, columns = block.lines, block.columns
        if columns is None:
            numbers, columns = self._readable(name, block, plan)
        places = list(map(place_of(file_number, 0).__add__, numbers))
        try:
            for expression in self._computed:
                columns.append(expression.over_columns(columns))
        except BadValue:
            self._make_singly(name, places, list(zip(*columns[: len(plan)], strict=True)))
            return
        self._make(name, places, list(zip(*columns, strict=True)))

    def _readable(self, name: str, block: ReadBlock, plan: Plan) -> tuple[list[int], list[list[Any]]]:
        """The lines of a block whose values can all be read, column by column; the others are refused."""
        numbers: list[int] = []
        columns: list[list[Any]] = [[] for _column in plan]
        for line, row in zip(block.lines, block.rows or (), strict=True):
            try:
                values = [convert(row[index]) for convert, index in plan]
            except BadValue:
                self._refuse_value(name, line, row, plan)
                continue
            numbers.append(line)
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        return numbers, columns

    def _make_singly(self, name: str, places: Sequence[int], lines: Sequence[Sequence[Any]]) -> None:
        """Make records of lines of which one has a value that cannot be computed."""
        for place, line in zip(places, lines, strict=True):
            values = list(line)
            try:
                for expression in self._computed:
                    values.append(expression.compute(values))
            except BadValue as error:
                self._refuse_line(Refusal(name, file_and_line(place)[1], self._names[len(values)], "", str(error)))
                continue
            self._make(name, [place], [values])

    def _refuse_value(self, name: str, line: int, row: list[str], plan: Plan) -> None:
        for (convert, index), column in zip(plan, self.mapping.columns, strict=True):
            try:
                convert(row[index])
            except BadValue as error:
                self._refuse_line(Refusal(name, line, column.headings[0], row[index], str(error)))
                return

    def _refuse_line(self, refusal: Refusal) -> None:
        self.counts.refused += 1
        self._refuse(refusal)

    def _make(self, name: str, places: Sequence[int], lines: Sequence[Sequence[Any]]) -> None:
        try:
            parts = self._sorted_out(places, lines)
        except BadValue as error:
            # A condition that cannot be worked out, for one of the lines.
            if len(lines) == 1:
                self._refuse_line(Refusal(name, file_and_line(places[0])[1], "", "", str(error)))
                return
            for place, values in zip(places, lines, strict=True):
                self._make(name, [place], [values])
            return
        for part in parts:
            self._make_records(name, part)
        for maker in self.makers:
            if len(maker.rows) >= ROWS_IN_A_BATCH or len(maker.line_rows) >= ROWS_IN_A_BATCH:
                self._flush(maker)

    def _sorted_out(self, places: Sequence[int], lines: Sequence[Sequence[Any]]) -> list["_Part"]:
        """The lines by the first reason to leave them out, those without one at the end."""
        parts = []
        for leaves_out, still_made, reason in self._left_out:
            out = list(map(bool, leaves_out.over(lines)))
            if any(out):
                parts.append(_part(reason, still_made, list(compress(places, out)), list(compress(lines, out))))
                kept = list(map(operator.not_, out))
                places, lines = list(compress(places, kept)), list(compress(lines, kept))
        return [*parts, _part(None, self.makers, places, lines)]

    def _make_records(self, name: str, part: "_Part") -> None:
        refused: set[int] = set()

        def refuse(place: int, field: str, reason: str) -> None:
            # One line may fail in several records, and is refused once.
            if place not in refused:
                refused.add(place)
                self._refuse_line(Refusal(name, file_and_line(place)[1], field, "", reason))

        made = [False] * len(part.lines)
        for maker, applies in part.work:
            maker.take(list(compress(part.places, applies)), list(compress(part.lines, applies)), refuse)
            made = list(map(operator.or_, made, applies))
        if part.reason is not None:
            self.counts.left_out[part.reason] += len(part.lines) - len(refused)
            return
        self.counts.used += sum(made) - len(refused)
        if not all(made):
            self.counts.left_out[NO_RECORD] += len(made) - sum(made)


@dataclass(frozen=True)
class _Part:
    """Lines that are left out for one reason, or for none, and which makers apply to which of them."""

    reason: str | None
    places: Sequence[int]
    lines: Sequence[Sequence[Any]]
    work: list[tuple[Maker, list[bool]]]


def _part(reason: str | None, makers: Sequence[Maker], places: Sequence[int], lines: Sequence[Sequence[Any]]) -> _Part:
    work = [
        (maker, [True] * len(lines) if maker.when is None else list(map(bool, maker.when.over(lines))))
        for maker in makers
    ]
    return _Part(reason, places, lines, work)
