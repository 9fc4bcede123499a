"""Rows that statements read by a name: few go along as arrays, with a kept plan, many through a temporary table.

That table is emptied seldom: to empty it shortens a file, and that waits for whatever the disk is busy with. Rows stand
behind those of earlier statements instead, and are found by the page they begin on and by a number of their own.
"""

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from django.db.backends.utils import CursorWrapper

from retention.scoring.binary import to_copy
from retention.scoring.planned import Planned

# A temporary table takes the database longer than so many rows do.
FEW: Final = 32
MOST_PAGES: Final = 16_384
# Above those of whichever process may have had the same connection before.
_numbers: Final = itertools.count(time.time_ns())
Rows = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Layout:
    """The name by which statements read rows, and their columns' types.

    Of arrays there is float8[] only, in which a zero may be read as null.
    """

    name: str
    columns: Mapping[str, str]

    def along(self, rows: Rows) -> dict[str, list[Any]]:
        """Return the rows as parameters: a list for each column."""
        return {column: self._list(rows[column], kind) for column, kind in self.columns.items()}

    @property
    def kinds(self) -> dict[str, str]:
        """Return the types of those parameters: an array in an array would be taken for its elements."""
        return {column: "text[]" if kind.endswith("[]") else f"{kind}[]" for column, kind in self.columns.items()}

    @property
    def words(self) -> str:
        """Return what stands behind WITH, so that a statement reads the rows that go along."""
        columns = ", ".join(f"{column}::{kind}" for column, kind in self.columns.items())
        arrays = ", ".join(f"%({column})s" for column in self.columns)
        return f"{self.name} AS (SELECT {columns} FROM unnest({arrays}) AS given ({', '.join(self.columns)}))"

    def copy_in(self, cursor: CursorWrapper, rows: Rows) -> str:
        """Put the rows into a temporary table; return what stands behind WITH, so that a statement reads just these.

        It reads them until the next rows of this layout are put there.
        """
        first, number = self._pages(cursor), next(_numbers)
        if first > MOST_PAGES:
            cursor.execute(f"TRUNCATE pg_temp.{self.name}")
            first = 0
        sent = to_copy({**rows, "given_as": np.full(len(next(iter(rows.values()))), number)})
        columns = ", ".join(self.columns)
        cursor.copy_expert(f"COPY pg_temp.{self.name} ({columns}, given_as) FROM STDIN (FORMAT BINARY)", sent)
        # The last page that was there may have had room for more.
        condition = f"ctid >= '({max(first - 1, 0)},0)'::tid AND given_as >= {number}"
        return f"{self.name} AS NOT MATERIALIZED (SELECT {columns} FROM pg_temp.{self.name} WHERE {condition})"

    def _pages(self, cursor: CursorWrapper) -> int:
        """Return how many pages its temporary table has, which is made if there is none."""
        described = ", ".join(f"{column} {kind}" for column, kind in self.columns.items())
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {self.name} ({described}, given_as bigint);"
            f" SELECT pg_relation_size('pg_temp.{self.name}') / current_setting('block_size')::int"
        )
        return int(cursor.fetchone()[0])

    @staticmethod
    def _list(values: npt.NDArray[Any], kind: str) -> list[Any]:
        # Zeros of an array are sent as null, which takes no room.
        return [_words(row) for row in values.tolist()] if kind.endswith("[]") else values.tolist()


def _words(array: list[float]) -> str:
    return f"{{{','.join(repr(value) if value else 'NULL' for value in array)}}}"


@dataclass(frozen=True, eq=False)
class Statement:
    """What is done with given rows; `before` goes before it in their WITH, `kinds` are its other parameters' types.

    A `{scope}` in its words is a condition that keeps a long statement from reading a whole table.
    """

    layout: Layout
    words: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    planned: Planned = field(init=False)

    def __post_init__(self) -> None:
        expressions = ", ".join(filter(None, (self.layout.words, self.before)))
        words = f"WITH {expressions} {self.words.format(scope='TRUE')}"
        object.__setattr__(self, "planned", Planned(words, {**self.kinds, **self.layout.kinds}))

    def of_many(self, given: str, scope: str) -> str:
        """Return its words for rows in a temporary table, which `given` finds there."""
        expressions = ", ".join(filter(None, (given, self.before)))
        return f"WITH {expressions} {self.words.format(scope=scope)}"


@dataclass(frozen=True, slots=True)
class Given:
    """Rows that statements can read: `along` are the parameters of those that go along, `found` finds all others."""

    cursor: CursorWrapper
    along: dict[str, list[Any]]
    found: str = ""

    @classmethod
    def of(cls, cursor: CursorWrapper, layout: Layout, rows: Rows) -> Self:
        if len(next(iter(rows.values()))) <= FEW:
            return cls(cursor, layout.along(rows))
        return cls(cursor, {}, layout.copy_in(cursor, rows))

    def execute(self, statement: Statement, parameters: Mapping[str, Any], scope: str = "TRUE") -> None:
        """Let a statement read them."""
        if self.found:
            self.cursor.execute(statement.of_many(self.found, scope), parameters)
        else:
            statement.planned.execute(self.cursor, {**parameters, **self.along})
