"""Lines → records: the rules of a mapping compiled to closures, which run for every line of a file.

A maker collects rows for staging: the place of the line it began on, then the values of its fields, those of a
signal's data after the rest. A place is the number of the file and the number of the line in one integer.
"""

import datetime as dt
import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

from retention.imports.mapping import FieldRule, Mapping, RecordRule
from retention.imports.record_rules import template_names
from retention.imports.values import PARSERS, ValueRules, as_text

Get = Callable[[Sequence[Any]], Any]
# Called with the place of a line, the field that is at fault, and the reason.
RefuseLine = Callable[[int, str, str], None]

REMEMBERED_RECORDS = 20_000
LINES_IN_A_FRAGMENT = 10_000
LINE_BITS = 40
# No value of a file equals it, not even that of an empty column.
NO_GROUP = object()


def place_of(file_number: int, line: int) -> int:
    """One integer for file and line, ordered as the files are read."""
    return file_number << LINE_BITS | line


def file_and_line(place: int) -> tuple[int, int]:
    """Take a place apart."""
    return place >> LINE_BITS, place & (1 << LINE_BITS) - 1


class Getters:
    """Compiles where the values of fields come from, for lines with columns of known types."""

    def __init__(self, types: dict[str, str], timezone: ZoneInfo) -> None:
        self._types = types
        self._places = {name: place for place, name in enumerate(types)}
        self._zone = timezone

    def column(self, name: str) -> Get:
        """The value of a column as it is."""
        return operator.itemgetter(self._places[name])

    def columns(self, names: Sequence[str]) -> Get:
        """The values of several columns, always as a tuple."""
        return _as_tuple([self._places[name] for name in names])

    def group(self, names: Sequence[str]) -> Get:
        """What lines of one group have in common: a value, or a tuple of several."""
        return operator.itemgetter(*(self._places[name] for name in names))

    def record(self, rules: Sequence[FieldRule]) -> Get:
        """The values of all fields as a tuple; counted ones are 1."""
        if all(self._is_plain(rule) for rule in rules):
            return self.columns([str(rule.column) for rule in rules])
        getters = [self.field(rule) for rule in rules]
        return lambda values: tuple([get(values) for get in getters])

    def field(self, rule: FieldRule) -> Get:
        """The value of one field, in the field's type."""
        if rule.aggregate == "count":
            return lambda _values: 1
        if rule.constant is not None:
            constant = PARSERS[rule.field.type](ValueRules(rule.field.type, timezone=self._zone))(rule.constant)
            return lambda _values: constant
        if rule.template is not None:
            return self._template(rule.template)
        get = self.column(str(rule.column))
        return get if self._is_plain(rule) else self._converted(get, rule)

    def _is_plain(self, rule: FieldRule) -> bool:
        if rule.column is None:
            return False
        found, wanted = self._types[rule.column], rule.field.type
        return found == wanted or wanted in {"decimal", "money"}

    def _template(self, template: str) -> Get:
        names = template_names(template)
        read = self.columns(names)

        def filled(values: Sequence[Any]) -> str | None:
            texts = [as_text(value) for value in read(values)]
            return template.format_map(dict(zip(names, texts, strict=True))) if all(texts) else None

        return filled

    def _converted(self, get: Get, rule: FieldRule) -> Get:
        change: Callable[[Any], Any] = as_text
        if rule.field.type == "datetime":
            change = self._midnight
        elif rule.field.type == "date":
            change = self._local_day

        def converted(values: Sequence[Any]) -> Any:
            value = get(values)
            return None if value is None else change(value)

        return converted

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(dt.UTC)

    def _local_day(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self._zone).date()


def _as_tuple(places: list[int]) -> Get:
    if not places:
        return lambda _values: ()
    if len(places) == 1:
        only = places[0]
        return lambda values: (values[only],)
    return operator.itemgetter(*places)


class Maker:
    """Makes one record of every line."""

    def __init__(self, rule: RecordRule, mapping: Mapping) -> None:
        getters = Getters(mapping.types, mapping.timezone)
        self.rule = rule
        self.when = rule.when
        self.rows: list[tuple[Any, ...]] = []
        self.line_rows: list[tuple[Any, ...]] = []
        fields = (*rule.fields, *rule.data)
        self._read = getters.record(fields)
        self._required = [(place, each.name) for place, each in enumerate(fields) if each.field.required]
        self._key = next(place for place, each in enumerate(fields) if each.name == rule.kind.key)
        self._inputs = getters.columns([name for each in fields for name in _columns_of(each)])
        self._key_inputs = getters.columns(_columns_of(fields[self._key]))
        self._latest: dict[Any, tuple[Any, ...]] = {}

    def take(self, places: Sequence[int], lines: Sequence[Sequence[Any]], refuse: RefuseLine) -> None:
        """Make the records of some lines."""
        latest = self._latest
        inputs_and_keys = zip(places, lines, map(self._inputs, lines), map(self._key_inputs, lines), strict=True)
        for place, values, inputs, key in inputs_and_keys:
            # What the last line with this key said already is neither made nor staged again.
            if latest.get(key) == inputs:
                continue
            record = self._read(values)
            if self._is_whole(place, record, self._required, refuse):
                if len(latest) >= REMEMBERED_RECORDS:
                    latest.clear()
                latest[key] = inputs
                self.rows.append((place, *record))

    def finish(self) -> None:
        """Complete what is under way at the end of the files."""

    def _is_whole(
        self, place: int, record: Sequence[Any], required: Sequence[tuple[int, str]], refuse: RefuseLine
    ) -> bool:
        for index, name in required:
            if record[index] is None:
                refuse(place, f"{self.rule.kind.name}.{name}", "is empty")
                return False
        return True


class GroupMaker(Maker):
    """Makes one record of neighbouring lines that belong together.

    Lines of a group that stand apart in the file, or too many of them, make several rows with the same key;
    the database puts those together, so that memory stays bounded.
    """

    def __init__(self, rule: RecordRule, mapping: Mapping) -> None:
        super().__init__(rule, mapping)
        getters = Getters(mapping.types, mapping.timezone)
        self._group = getters.group(rule.group_by)
        self._empty = None if len(rule.group_by) == 1 else (None,) * len(rule.group_by)
        self._read_line = getters.record(rule.lines)
        self._required_of_lines = [(place, each.name) for place, each in enumerate(rule.lines) if each.field.required]
        self._aggregates = [
            (place, OPERATIONS[each.aggregate], getters.field(each))
            for place, each in enumerate((*rule.fields, *rule.data))
            if each.aggregate != "first"
        ]
        self._current: Any = NO_GROUP
        self._place = 0
        self._record: list[Any] = []
        self._lines: list[tuple[Any, ...]] = []

    def take(self, places: Sequence[int], lines: Sequence[Sequence[Any]], refuse: RefuseLine) -> None:
        """Add lines to their groups."""
        made = list(map(self._read_line, lines))
        are_whole = self._are_whole(made)
        grouped = zip(map(self._group, lines), zip(places, lines, made, strict=True), strict=True)
        for group, members in itertools.groupby(grouped, operator.itemgetter(0)):
            run = list(map(operator.itemgetter(1), members))
            if group == self._empty:
                self._refuse_run([place for place, _values, _line in run], refuse)
                continue
            if not are_whole:
                run = [each for each in run if self._is_whole(each[0], each[2], self._required_of_lines, refuse)]
            self._take_run(group, run, refuse)

    def _are_whole(self, made: Sequence[Sequence[Any]]) -> bool:
        """Whether none of the lines lacks what a line needs, which is so of most blocks and found out at once."""
        return not any(
            NoneType in map(type, map(operator.itemgetter(index), made)) for index, _name in self._required_of_lines
        )

    def _refuse_run(self, places: Sequence[int], refuse: RefuseLine) -> None:
        """Refuse lines that do not say which group they belong to."""
        names, kind = ", ".join(self.rule.group_by), self.rule.kind.name.replace("_", " ")
        for place in places:
            refuse(place, names, f"is empty, so that the line belongs to no {kind}")

    def _take_run(self, group: Any, run: list[tuple[int, Sequence[Any], tuple[Any, ...]]], refuse: RefuseLine) -> None:
        """Add neighbouring lines of one group, which have what a line needs."""
        if group != self._current or len(self._lines) >= LINES_IN_A_FRAGMENT:
            run = self._begun(group, run, refuse)
        else:
            self._add([values for _place, values, _line in run])
        if run and self.rule.lines:
            key = self._record[self._key]
            self._lines += [(place, key, *line) for place, _values, line in run]

    def _begun(
        self, group: Any, run: list[tuple[int, Sequence[Any], tuple[Any, ...]]], refuse: RefuseLine
    ) -> list[tuple[int, Sequence[Any], tuple[Any, ...]]]:
        """Begin a record with the first line that holds what the record needs; returns the lines from there on."""
        for number, (place, values, _line) in enumerate(run):
            record = list(self._read(values))
            if self._is_whole(place, record, self._required, refuse):
                self.finish()
                self._current, self._place, self._record = group, place, record
                self._add([values for _place, values, _line in run[number + 1 :]])
                return run[number:]
        return []

    def finish(self) -> None:
        """Hand over the group under way."""
        if self._current is not NO_GROUP:
            self.rows.append((self._place, *self._record))
            self.line_rows.extend(self._lines)
        self._current, self._lines = NO_GROUP, []

    def _add(self, lines: Sequence[Sequence[Any]]) -> None:
        record = self._record
        for place, operation, get in self._aggregates:
            found = [value for value in map(get, lines) if value is not None]
            if found:
                held = [] if record[place] is None else [record[place]]
                record[place] = functools.reduce(operation, held + found)


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {"sum": operator.add, "count": operator.add, "min": min, "max": max}


def _columns_of(rule: FieldRule) -> list[str]:
    if rule.template is not None:
        return template_names(rule.template)
    return [rule.column] if rule.column is not None else []


def maker_of(rule: RecordRule, mapping: Mapping) -> Maker:
    """The maker of a record rule."""
    return GroupMaker(rule, mapping) if rule.group_by else Maker(rule, mapping)
