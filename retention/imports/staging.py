"""Records on their way into the database: staged as they were read, and put together.

All of it happens in temporary tables by statements over whole sets.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any

from accounts.bulk import copy_rows
from retention.imports.mapping import FieldRule, RecordRule
from retention.imports.sql import execute, fetch, quoted
from retention.imports.targets import REFERENCES, TARGETS

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
RECORDS_IN_A_BATCH = 20_000


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
    def _distinct(self) -> str:
        # Mail addresses are the same in whatever case they are written.
        return 'lower("email")' if self.key == "email" else f'"{self.key}"'

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

    def copy(self, cursor: Any, rows: Sequence[Sequence[Any]], lines: Sequence[Sequence[Any]]) -> None:
        """Stage rows as a maker made them."""
        if rows:
            copy_rows(cursor, self.staged, ["place", *(name for name, _rule in self._staged_columns())], rows)
        if lines:
            copy_rows(cursor, self.lines, ["place", "key", *(rule.name for rule in self.rule.lines)], lines)

    def merge(self) -> None:
        """Put together what belongs to one record: parts of a group, or repeated words on one thing."""
        if self.rule.group_by:
            self._merge_groups()
        else:
            execute(
                f'CREATE TEMPORARY TABLE "{self.merged}" AS SELECT DISTINCT ON ({self._distinct}) * '
                f'FROM "{self.staged}" ORDER BY {self._distinct}, place DESC'
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
            f'CREATE TEMPORARY TABLE "{self.merged}" AS SELECT min(place) AS place, {self._distinct} AS "{self.key}", '
            f'{", ".join(parts)} FROM "{self.staged}" GROUP BY {self._distinct}'
        )

    def source_of(self, named: str) -> str:
        """The source in which records of a kind are looked up by their external ids."""
        return self.rule.account_source or self.source if named == "account" else self.source

    def joins(self) -> str:
        """The joins from the merged records, called `given`, to the records that they name, each as `to_` its field."""
        joins = []
        for rule in self.fields:
            if rule.field.names is None:
                continue
            reference, alias = REFERENCES[rule.field.names], f'"to_{rule.name}"'
            given = f'given."{rule.name}"' if reference.column != "email" else f'lower(given."{rule.name}")'
            condition = f'{alias}."{reference.column}" = {given}'
            if reference.within_source:
                condition += f" AND {alias}.source = {quoted(self.source_of(rule.field.names))}"
            joins.append(f'LEFT JOIN "{reference.model._meta.db_table}" AS {alias} ON {condition}')
        return " ".join(joins)

    def index_lines(self) -> None:
        """Let the lines of some records be found without reading those of all."""
        execute(f'CREATE INDEX ON "{self.lines}" (key)')
        execute(f'ANALYZE "{self.lines}"')

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
