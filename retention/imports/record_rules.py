"""The [[records]] of a mapping: which fields come from which columns, checked against the kinds of record."""

import string
from typing import Any
from zoneinfo import ZoneInfo

from accounts.signals import KINDS as SIGNAL_KINDS
from retention.imports.expressions import Expression, ExpressionError
from retention.imports.kinds import KINDS, Field, Kind, data_fields
from retention.imports.log_rules import read_log_rules
from retention.imports.mapping import FieldRule, RecordRule
from retention.imports.toml_tables import TomlTable
from retention.imports.values import TYPES

AGGREGATES = ("first", "sum", "min", "max", "count")
RECORD_KEYS = {"kind", "when", "group_by", "account_source", "fields", "data", "lines", "states", "groups"}
FIELD_KEYS = {"column", "constant", "template", *AGGREGATES}
# Which columns a field takes; what differs is turned into the field's type.
ACCEPTED = {
    "text": set(TYPES),
    "integer": {"integer"},
    "decimal": {"integer", "decimal", "money"},
    "money": {"integer", "decimal", "money"},
    "boolean": {"boolean"},
    "date": {"date", "datetime"},
    "datetime": {"date", "datetime"},
}


def template_names(template: str) -> list[str]:
    """The columns that a template names; ValueError where it asks for more than their text."""
    names = []
    for _text, name, width, conversion in string.Formatter().parse(template):
        if width or conversion or (name is not None and not name.isidentifier()):
            raise ValueError(template)
        if name is not None:
            names.append(name)
    return names


def expression_in(table: TomlTable, key: str, types: dict[str, str], zone: ZoneInfo) -> Expression:
    """The expression under a key, compiled over the columns."""
    try:
        return Expression(table.text(key), dict(types), zone)
    except ExpressionError as error:
        raise table.wrong(key, str(error)) from error


def condition_in(table: TomlTable, types: dict[str, str], zone: ZoneInfo) -> Expression:
    """The condition under the key `when`."""
    expression = expression_in(table, "when", types, zone)
    if expression.type != "boolean":
        raise table.wrong("when", f"{expression.text!r} is a number, not a condition")
    return expression


class RecordReader:
    """Reads records over columns of known types."""

    def __init__(self, types: dict[str, str], zone: ZoneInfo) -> None:
        self._types = types
        self._zone = zone

    def records(self, top: TomlTable) -> tuple[RecordRule, ...]:
        """All records of a mapping; there must be one at least."""
        records = tuple(self._record(table) for table in top.tables("records"))
        if not records:
            raise top.wrong("records", "there is none: say which records the lines make")
        return records

    def _record(self, table: TomlTable) -> RecordRule:
        table.only_knows(RECORD_KEYS)
        kind = self._kind(table)
        group_by = tuple(self._column(table, "group_by", name) for name in table.texts("group_by"))
        fields = self._fields(table.table("fields"), kind.fields, group_by)
        return RecordRule(
            kind=kind,
            when=condition_in(table, self._types, self._zone) if "when" in table.content else None,
            group_by=group_by,
            account_source=table.optional_text("account_source"),
            fields=fields,
            data=self._data(table, kind, fields, group_by),
            lines=self._lines(table, kind, group_by),
            log=read_log_rules(table, kind.name),
        )

    def _kind(self, table: TomlTable) -> Kind:
        name = table.text("kind")
        if name not in KINDS:
            raise table.wrong("kind", f"there is no kind of record {name!r} (known: {', '.join(KINDS)})")
        return KINDS[name]

    def _data(
        self, table: TomlTable, kind: Kind, fields: tuple[FieldRule, ...], group_by: tuple[str, ...]
    ) -> tuple[FieldRule, ...]:
        data = table.table("data")
        if kind.name != "signal":
            if data.content:
                raise table.wrong("data", "only signals have data")
            return ()
        signal_kind = next((rule.constant for rule in fields if rule.name == "kind"), None)
        if signal_kind is not None and signal_kind not in SIGNAL_KINDS:
            known = ", ".join(SIGNAL_KINDS)
            raise table.table("fields").wrong("kind", f"there is no kind of signal {signal_kind!r} (known: {known})")
        return self._rules(data, data_fields(signal_kind), group_by)

    def _lines(self, table: TomlTable, kind: Kind, group_by: tuple[str, ...]) -> tuple[FieldRule, ...]:
        if "lines" not in table.content:
            return ()
        if kind.lines is None:
            raise table.wrong("lines", f"a record of kind {kind.name} has no lines")
        if not group_by:
            raise table.wrong("lines", "need group_by, which says which lines of the file belong together")
        if kind.name == "signal":
            self._check_credits(table)
        return self._fields(table.table("lines"), kind.lines, ())

    def _check_credits(self, table: TomlTable) -> None:
        fields = table.table("fields")
        if fields.content.get("kind") != {"constant": "credit_note"}:
            raise table.wrong("lines", 'of signals only credit notes have lines: kind = { constant = "credit_note" }')
        if "order" in fields.content:
            raise fields.wrong("order", "is found out from the lines; leave out the one or the other")
        if "credited_share" in table.table("data").content:
            raise table.table("data").wrong("credited_share", "is found out from the lines")

    def _fields(self, table: TomlTable, known: dict[str, Field], group_by: tuple[str, ...]) -> tuple[FieldRule, ...]:
        rules = self._rules(table, known, group_by)
        for name, field in known.items():
            if field.required and name not in table.content:
                raise table.wrong(name, "is missing")
        return rules

    def _rules(self, table: TomlTable, known: dict[str, Field], group_by: tuple[str, ...]) -> tuple[FieldRule, ...]:
        rules = []
        for name, written in table.content.items():
            if name not in known:
                raise table.wrong(name, f"there is no such field (known: {', '.join(known)})")
            rule = self._rule(table, name, known[name], written)
            if rule.aggregate != "first" and not group_by:
                raise table.wrong(name, f"{rule.aggregate} needs group_by in the record")
            rules.append(rule)
        return tuple(rules)

    def _rule(self, table: TomlTable, name: str, field: Field, written: Any) -> FieldRule:
        if isinstance(written, str):
            written = {"column": written}
        if not isinstance(written, dict) or len(written) != 1 or not set(written) <= FIELD_KEYS:
            choices = ", ".join(sorted(FIELD_KEYS))
            raise table.wrong(name, f"must be a column's name or a table with one of {choices}")
        ((source, value),) = written.items()
        if source == "count":
            return FieldRule(name, field, aggregate="count")
        if source == "constant":
            return FieldRule(name, field, constant=str(value).lower() if isinstance(value, bool) else str(value))
        if not isinstance(value, str):
            raise table.wrong(name, f"{source} must be a text")
        if source == "template":
            return FieldRule(name, field, template=self._template(table, name, field, value))
        column = self._fitting(table, name, field, value)
        return FieldRule(name, field, column=column, aggregate="first" if source == "column" else source)

    def _template(self, table: TomlTable, key: str, field: Field, template: str) -> str:
        if field.type != "text":
            raise table.wrong(key, f"is of type {field.type}; templates make texts only")
        try:
            names = template_names(template)
        except ValueError:
            raise table.wrong(key, f"{template!r} is not a template such as 'C-{{customer}}'") from None
        for name in names:
            self._column(table, key, name)
        return template

    def _column(self, table: TomlTable, key: str, name: str) -> str:
        if name not in self._types:
            raise table.wrong(key, f"there is no column {name!r} (there are {', '.join(self._types)})")
        return name

    def _fitting(self, table: TomlTable, key: str, field: Field, name: str) -> str:
        found = self._types[self._column(table, key, name)]
        if found not in ACCEPTED[field.type]:
            raise table.wrong(key, f"needs a column of type {field.type}, and {name!r} is of type {found}")
        return name
