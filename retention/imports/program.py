"""A mapping at work on files: rows of text → values → makers, with every line counted once."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from retention.imports.errors import BadValue, Refusal, UnreadableFile
from retention.imports.makers import Maker, MissingField, maker_of, place_of
from retention.imports.mapping import Column, LeaveOut, Mapping
from retention.imports.readers import open_table
from retention.imports.values import Convert, converter

ROWS_IN_A_BATCH = 5_000
LINES_BETWEEN_REPORTS = 5_000

Refuse = Callable[[Refusal], None]


@dataclass
class LineCounts:
    """Where the lines went: read = used + left out + refused."""

    read: int = 0
    used: int = 0
    refused: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


class Program:
    """Runs a mapping over files; `flush` is called with a maker whose rows should be taken away."""

    def __init__(self, mapping: Mapping, shift: dt.timedelta, refuse: Refuse, flush: Callable[[Maker], None]) -> None:
        self.mapping = mapping
        self.makers = [maker_of(rule, mapping) for rule in mapping.records]
        self.counts = LineCounts()
        self._shift = shift
        self._refuse = refuse
        self._flush = flush
        self._computed = [each.expression.compute for each in mapping.computed]
        self._left_out = [(each.reason, each.when.compute, self._still_made(each)) for each in mapping.leave_outs]
        self._names = list(mapping.types)

    def _still_made(self, leave_out: LeaveOut) -> list[Maker]:
        return [maker for maker in self.makers if maker.rule.kind.name in leave_out.still_makes]

    def run(self, path: Path, file_number: int, report: Callable[[int], None]) -> None:
        """Read one file; `report` hears now and then how many bytes of it were read."""
        name = path.name

        def refuse_row(line: int, value: str, reason: str) -> None:
            self.counts.read += 1
            self.counts.refused += 1
            self._refuse(Refusal(name, line, "", value, reason))

        table = open_table(path, self.mapping.layout, self.mapping.wanted_headings, refuse_row)
        try:
            plan = self._plan(name, table.headings)
            for line, row in table.rows:
                self._take(name, place_of(file_number, line), line, row, plan)
                if self.counts.read % LINES_BETWEEN_REPORTS == 0:
                    report(table.position())
        finally:
            table.close()

    def finish(self) -> None:
        """Complete the records under way after the last file."""
        for maker in self.makers:
            maker.finish()
            self._flush(maker)

    def _plan(self, name: str, headings: list[str]) -> list[tuple[Convert, int]]:
        plan = []
        for column in self.mapping.columns:
            index = column_index(self.mapping, column, name, headings)
            rules = replace(column.rules, shift=self._shift)
            plan.append((converter(rules), index) if index is not None else (_always(converter(rules)), 0))
        return plan

    def _take(self, name: str, place: int, line: int, row: list[str], plan: list[tuple[Convert, int]]) -> None:
        self.counts.read += 1
        try:
            values: list[Any] = [convert(row[index]) for convert, index in plan]
        except BadValue:
            self._refuse_value(name, line, row, plan)
            return
        try:
            for compute in self._computed:
                values.append(compute(values))
        except BadValue as error:
            self._refuse_line(Refusal(name, line, self._names[len(values)], "", str(error)))
            return
        self._make(name, place, line, values)

    def _refuse_value(self, name: str, line: int, row: list[str], plan: list[tuple[Convert, int]]) -> None:
        for (convert, index), column in zip(plan, self.mapping.columns, strict=True):
            try:
                convert(row[index])
            except BadValue as error:
                self._refuse_line(Refusal(name, line, column.headings[0], row[index], str(error)))
                return

    def _refuse_line(self, refusal: Refusal) -> None:
        self.counts.refused += 1
        self._refuse(refusal)

    def _make(self, name: str, place: int, line: int, values: list[Any]) -> None:
        makers: Sequence[Maker] = self.makers
        reason = None
        for reason_of, applies, still_made in self._left_out:
            if applies(values):
                reason, makers = reason_of, still_made
                break
        try:
            used = False
            for maker in makers:
                if maker.when is None or maker.when(values):
                    used = True
                    maker.take(place, values)
                    if len(maker.rows) >= ROWS_IN_A_BATCH or len(maker.line_rows) >= ROWS_IN_A_BATCH:
                        self._flush(maker)
        except BadValue as error:
            self._refuse_record(name, line, maker, error)
            return
        if reason is not None:
            self.counts.left_out[reason] += 1
        elif used:
            self.counts.used += 1
        else:
            self.counts.left_out["no record is made of such a line"] += 1

    def _refuse_record(self, name: str, line: int, maker: Maker, error: BadValue) -> None:
        missing = f"{maker.rule.kind.name}.{error.field}" if isinstance(error, MissingField) else ""
        self._refuse_line(Refusal(name, line, missing, "", str(error)))


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
