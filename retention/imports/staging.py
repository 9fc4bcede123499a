"""Records on their way into the database: staged as they were read, put together, checked, made ready to write.

All of it happens in temporary tables by statements over whole sets.
"""

import json
from collections.abc import Iterator, Sequence, Set
from typing import Any

from django.db import connection

from accounts.bulk import copy_rows, link_credits
from accounts.signals import KINDS as SIGNAL_KINDS
from retention.imports.mapping import FieldRule, RecordRule
from retention.imports.targets import (
    LINE_MODELS,
    REFERENCES,
    TARGETS,
    cast_value,
    column_of,
    problems_of_value,
)

STAGED_TYPES = {
    "text": "text",
    "integer": "numeric",
    "decimal": "numeric",
    "money": "numeric",
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamptz",
}
MERGING = {
    "first": "(array_agg({column} ORDER BY place))[1]",
    "sum": "sum({column})",
    "count": "sum({column})",
    "min": "min({column})",
    "max": "max({column})",
}
RECORDS_IN_A_BATCH = 10_000
CONSTRAINTS = """
    SELECT conname, pg_get_expr(conbin, conrelid), ARRAY(
        SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey))
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'
"""


def execute(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> None:
    """Run a statement on the import's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def fetch(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a query on the import's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def fetch_dicts(statement: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    """Run a query on the import's connection; a row is a dictionary by column."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class Stage:
    """The temporary tables of one record rule.

    `fields` are those to be written: a field whose column no file has is left as it is in the database.
    """

    def __init__(self, number: int, rule: RecordRule, source: str) -> None:
        self.rule = rule
        self.kind = rule.kind.name
        self.target = TARGETS[self.kind]
        self.source = source
        self.fields: list[FieldRule] = list(rule.fields)
        self.data: list[FieldRule] = list(rule.data)
        prefix = f"import_{number}"
        self.staged, self.lines = f"{prefix}_staged", f"{prefix}_lines"
        self.merged, self.prepared, self.refused = f"{prefix}_merged", f"{prefix}_prepared", f"{prefix}_refused"
        self.changed, self.links, self.credits = f"{prefix}_changed", f"{prefix}_links", f"{prefix}_credits"
        self.superseded = 0

    @property
    def key(self) -> str:
        """The field that tells records apart."""
        return self.rule.kind.key

    @property
    def has_lines(self) -> bool:
        """Whether lines are staged with the records."""
        return bool(self.rule.lines)

    def create(self) -> None:
        """Create the tables that rows are copied into."""
        self.drop()
        columns = [f'"{name}" {STAGED_TYPES[rule.field.type]}' for name, rule in self._staged_columns()]
        execute(f'CREATE TEMPORARY TABLE "{self.staged}" (place bigint, {", ".join(columns)})')
        execute(f'CREATE TEMPORARY TABLE "{self.refused}" (place bigint, field text, value text, reason text)')
        if self.has_lines:
            lines = [f'"{rule.name}" {STAGED_TYPES[rule.field.type]}' for rule in self.rule.lines]
            execute(f'CREATE TEMPORARY TABLE "{self.lines}" (place bigint, key text, {", ".join(lines)})')

    def write_only(self, found: Set[str]) -> None:
        """Leave fields alone whose columns no file has: a file that says nothing of them must not empty them."""
        self.fields = [rule for rule in self.fields if rule.column is None or rule.column in found]
        self.data = [rule for rule in self.data if rule.column is None or rule.column in found]

    def drop(self) -> None:
        """Drop all tables of this rule."""
        tables = (self.staged, self.lines, self.merged, self.prepared, self.refused)
        execute(f"DROP TABLE IF EXISTS {', '.join((*tables, self.changed, self.links, self.credits))}")

    def _staged_columns(self) -> Iterator[tuple[str, FieldRule]]:
        for rule in self.rule.fields:
            yield rule.name, rule
        for rule in self.rule.data:
            yield f"data.{rule.name}", rule

    def copy(self, rows: Sequence[Sequence[Any]], lines: Sequence[Sequence[Any]]) -> None:
        """Stage rows as a maker made them."""
        if rows:
            copy_rows(self.staged, ["place", *(name for name, _rule in self._staged_columns())], rows)
        if lines:
            copy_rows(self.lines, ["place", "key", *(rule.name for rule in self.rule.lines)], lines)

    def merge(self) -> None:
        """Put together what belongs to one record: parts of a group, or repeated words on one thing."""
        if self.rule.group_by:
            self._merge_groups()
        else:
            execute(
                f'CREATE TEMPORARY TABLE "{self.merged}" AS SELECT DISTINCT ON ("{self.key}") * '
                f'FROM "{self.staged}" ORDER BY "{self.key}", place DESC'
            )
            ((self.superseded,),) = fetch(
                f'SELECT (SELECT count(*) FROM "{self.staged}") - (SELECT count(*) FROM "{self.merged}")'
            )
        execute(f'ANALYZE "{self.merged}"')

    def _merge_groups(self) -> None:
        parts = [
            MERGING[rule.aggregate].format(column=f'"{name}"') + f' AS "{name}"'
            for name, rule in self._staged_columns()
            if name != self.key
        ]
        execute(
            f'CREATE TEMPORARY TABLE "{self.merged}" AS SELECT min(place) AS place, "{self.key}", {", ".join(parts)} '
            f'FROM "{self.staged}" GROUP BY "{self.key}"'
        )

    def check(self) -> None:
        """Note for every record that cannot be written the first thing that is wrong with it."""
        cases = []
        for rule in self.fields:
            for condition, reason in self._problems(rule):
                value = f'given."{rule.name}"::text'
                cases.append(f"WHEN {condition} THEN ARRAY['{rule.name}', {value}, {_quoted(reason)}]")
        cases += self._problems_of_data()
        execute(
            f"""
            INSERT INTO "{self.refused}"
            SELECT place, problem[1], problem[2], problem[3] FROM (
                SELECT given.place, CASE {" ".join(cases)} END AS problem
                FROM "{self.merged}" AS given {self._joins()}
            ) AS checked
            WHERE problem IS NOT NULL
            """
        )

    def _problems(self, rule: FieldRule) -> list[tuple[str, str]]:
        value = f'given."{rule.name}"'
        problems = [(f"{value} IS NULL", "is empty")] if rule.field.required else []
        if rule.field.names:
            return [*problems, (f'{value} IS NOT NULL AND "to_{rule.name}".id IS NULL', self._unknown(rule))]
        model_field = column_of(self.kind, rule.name)
        return problems + problems_of_value(model_field, value)

    def _unknown(self, rule: FieldRule) -> str:
        named = str(rule.field.names)
        within = f" from the source {self._source_of(named)}" if REFERENCES[named].within_source else ""
        return f"there is no such {named.replace('_', ' ')}{within}"

    def _source_of(self, named: str) -> str:
        return self.rule.account_source or self.source if named == "account" else self.source

    def _problems_of_data(self) -> list[str]:
        given = {rule.name for rule in self.data}
        cases = []
        for kind in SIGNAL_KINDS.values() if self.kind == "signal" else ():
            known = {field.name for field in kind.fields}
            required = {field.name for field in kind.fields if field.required}
            conditions = [(name, "IS NOT NULL", f"is not a field of {kind.name}") for name in sorted(given - known)]
            conditions += [(name, "IS NULL", "is empty") for name in sorted(required & given)]
            cases += [
                f"WHEN given.kind = '{kind.name}' AND given.\"data.{name}\" {test} "
                f"THEN ARRAY['{name}', given.\"data.{name}\"::text, {_quoted(reason)}]"
                for name, test, reason in conditions
            ]
            for name in sorted(required - given):
                cases.append(f"WHEN given.kind = '{kind.name}' THEN ARRAY['{name}', '', 'is missing in the mapping']")
        return cases

    def _joins(self) -> str:
        joins = []
        for rule in self.fields:
            if rule.field.names is None:
                continue
            reference, alias = REFERENCES[rule.field.names], f'"to_{rule.name}"'
            given = f'given."{rule.name}"' if reference.column != "email" else f'lower(given."{rule.name}")'
            condition = f'{alias}."{reference.column}" = {given}'
            if reference.within_source:
                condition += f" AND {alias}.source = {_quoted(self._source_of(rule.field.names))}"
            joins.append(f'LEFT JOIN "{reference.model._meta.db_table}" AS {alias} ON {condition}')
        return " ".join(joins)

    def check_lines(self) -> None:
        """Refuse a record with a line that cannot be written: without it, its sum would be wrong."""
        model = LINE_MODELS.get(self.kind)
        if model is None or not self.has_lines:
            return
        cases = [
            f"WHEN {condition} THEN ARRAY['{rule.name}', \"{rule.name}\"::text, {_quoted(reason)}]"
            for rule in self.rule.lines
            for condition, reason in problems_of_value(model._meta.get_field(rule.name), f'"{rule.name}"')
        ]
        execute(
            f"""
            INSERT INTO "{self.refused}"
            SELECT DISTINCT ON (given.place) given.place, problem[1], problem[2], problem[3]
            FROM (SELECT place, key, CASE {" ".join(cases)} END AS problem FROM "{self.lines}") AS line
            JOIN "{self.merged}" AS given ON given."{self.key}" = line.key
            WHERE problem IS NOT NULL
            ORDER BY given.place, line.place
            """
        )

    def prepare(self) -> None:
        """Make the table that holds what is to be written, under the names of the model's columns."""
        columns = [f'{expression} AS "{name}"' for name, expression in self._expressions()]
        execute(
            f"""
            CREATE TEMPORARY TABLE "{self.prepared}" AS
            SELECT given.place, {", ".join(columns)}
            FROM "{self.merged}" AS given {self._joins()} {self._more_joins()}
            WHERE NOT EXISTS (SELECT FROM "{self.refused}" AS refused WHERE refused.place = given.place)
            """
        )
        execute(f'CREATE INDEX ON "{self.prepared}" (place)')
        execute(f'ANALYZE "{self.prepared}"')

    def link(self) -> None:
        """Find the orders that credit notes were credited of; the orders must be written before."""
        execute(
            f"""
            CREATE TEMPORARY TABLE "{self.credits}" AS
            SELECT given."{self.key}" AS key, "to_account".id AS account_id, given.happened_at
            FROM "{self.merged}" AS given {self._joins()}
            """
        )
        execute(f'ANALYZE "{self.credits}"')
        execute(f'ANALYZE "{self.lines}"')
        link_credits(credit_notes=self.credits, lines=self.lines, links=self.links)

    def hold_constraints(self) -> None:
        """Refuse what the table's own checks would refuse, each by the sentence that is the check's name."""
        table = self.target.model._meta.db_table
        prepared = {
            name for (name,) in fetch("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass", [self.prepared])
        }
        for name, expression, columns in fetch(CONSTRAINTS, [table]):
            if set(columns) <= prepared:
                reason = f"is against the rule that {name.replace('_', ' ')}"
                execute(
                    f'INSERT INTO "{self.refused}" SELECT place, NULL, NULL, {_quoted(reason)} '
                    f'FROM "{self.prepared}" WHERE NOT ({expression})'
                )
                self.forget_refused()

    def forget_refused(self) -> None:
        """Take what was refused out of what is to be written."""
        execute(
            f'DELETE FROM "{self.prepared}" AS prepared USING "{self.refused}" AS refused '
            "WHERE refused.place = prepared.place"
        )

    def _expressions(self) -> Iterator[tuple[str, str]]:
        if self.key == "external_id":
            yield "source", f"{_quoted(self.source)}::varchar"
        for rule in self.fields:
            model_field = column_of(self.kind, rule.name)
            if rule.name == "recorded_at":
                continue
            if rule.field.names:
                yield model_field.column, f'"to_{rule.name}".id'
            elif rule.name == "email" and self.kind == "person":
                yield "email", "lower(given.email)"
            else:
                yield model_field.column, cast_value(model_field, f'given."{rule.name}"')
        moment = self._recorded_at()
        if moment:
            yield "recorded_at", moment
        if self.has_lines and self.kind == "order":
            yield "lines_digest", "coalesce(digests.digest, '')"
        if self.kind == "signal":
            yield "data", self._data()
            if self.has_lines:
                yield "order_id", "links.order_id"
        yield from self._constants()

    def _constants(self) -> Iterator[tuple[str, str]]:
        mapped = {rule.name for rule in self.fields}
        for name, value in self.target.constants.items():
            if name not in mapped:
                yield name, json.dumps(value) if not isinstance(value, str) else _quoted(value)

    def _recorded_at(self) -> str | None:
        """When we learned of it: as the file says, else when it happened, since its own system knew it then."""
        if self.key != "external_id":
            return None
        given = 'given."recorded_at"' if any(rule.name == "recorded_at" for rule in self.fields) else None
        happened = f'given."{self.target.moment}"::timestamptz' if self.target.moment else None
        known = ", ".join(moment for moment in (given, happened) if moment)
        return f"least(coalesce({known}, now()), now())" if known else None

    def _data(self) -> str:
        pairs = [f"'{rule.name}', {_json_value(rule)}" for rule in self.data]
        if self.has_lines:
            pairs.append("'credited_share', links.credited_share")
        return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"

    def _more_joins(self) -> str:
        if self.has_lines and self.kind == "order":
            return f'LEFT JOIN ({self._digests()}) AS digests ON digests.key = given."{self.key}"'
        if self.has_lines and self.kind == "signal":
            return f'LEFT JOIN "{self.links}" AS links ON links.key = given."{self.key}"'
        return ""

    def _digests(self) -> str:
        parts = ", ".join(f"coalesce(({expression})::text, '')" for _name, expression in self.line_expressions())
        return (
            f"SELECT key, md5(string_agg(concat_ws(chr(31), {parts}), chr(30) ORDER BY place)) AS digest "
            f'FROM "{self.lines}" GROUP BY key'
        )

    def columns(self) -> dict[str, list[str]]:
        """The columns that make a difference, those written along with one, and those written on creation."""
        initially = [name for name, _expression in self._constants()]
        told = any(rule.name == "recorded_at" for rule in self.fields)
        follows = ["recorded_at"] if self._recorded_at() and not told else []
        apart = {*initially, *follows, "source", self.key}
        columns = [name for name, _expression in self._expressions() if name not in apart]
        return {"columns": columns, "follows": follows, "initially": initially}

    def line_expressions(self) -> list[tuple[str, str]]:
        """The fields of a line as their columns take them."""
        model = LINE_MODELS[self.kind]
        return [(rule.name, cast_value(model._meta.get_field(rule.name), f'"{rule.name}"')) for rule in self.rule.lines]

    def batches(self) -> list[tuple[int, int]]:
        """First and last place of each batch that is written in one go."""
        return [
            (first, last)
            for first, last in fetch(
                f"""
                SELECT min(place), max(place) FROM (
                    SELECT place, (row_number() OVER (ORDER BY place) - 1) / {RECORDS_IN_A_BATCH} AS batch
                    FROM "{self.prepared}"
                ) AS numbered
                GROUP BY batch ORDER BY batch
                """
            )
        ]


def _json_value(rule: FieldRule) -> str:
    value = f'given."data.{rule.name}"'
    if rule.field.type == "date":
        return f"to_char({value}, 'YYYY-MM-DD')"
    # Without the zeros that a sum of prices drags along: 12.50 and 12.5 are the same amount.
    return f"trim_scale({value})" if rule.field.type in {"decimal", "money", "integer"} else value


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
