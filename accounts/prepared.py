"""Query sets that are put together once: to put one together takes ten times as long as to answer it."""

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from psycopg2.extensions import AsIs

from accounts import by_name

Row = TypeVar("Row", covariant=True)


@dataclass(frozen=True, slots=True)
class _Gap:
    """Stands among a statement's parameters for a value that comes with each asking."""

    name: str


class _Given(Value):
    """An expression that leaves a gap."""

    def __init__(self, name: str, written: str = "%s", output_field: "Field[Any, Any] | None" = None) -> None:
        super().__init__(name, output_field)
        self.written = written

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Leave the gap as it is: Django would take the name for the value."""
        return self.written, (_Gap(self.value),)


def given(name: str, output_field: "Field[Any, Any] | None" = None) -> Any:
    """Stand for a value that comes with each asking, wherever a query set takes a value."""
    return _Given(name, output_field=output_field)


def among(name: str) -> Any:
    """Stand for "one of" values that come with each asking as a list: `filter(pk=among("keys"))`."""
    return _Given(name, "ANY(%s)")


@dataclass(frozen=True, slots=True, eq=False)
class _Statement(Generic[Row]):
    """What a query set came to: its compiler once that has done its work, the words, and their parameters."""

    queryset: QuerySet[Any, Row]
    compiler: SQLCompiler
    words: str
    parameters: tuple[Any, ...]

    def filled(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters with these values in the gaps; raises KeyError where one is missing."""
        return [values[one.name] if isinstance(one, _Gap) else one for one in self.parameters]

    def rows(self, connection: BaseDatabaseWrapper, words: str, parameters: Sequence[Any] | None) -> list[Row]:
        """Return what the query set yields where its statement is asked in these words."""
        bound = copy(self.compiler)
        vars(bound).update(connection=connection, as_sql=lambda: (words, parameters))
        rows = self.queryset.all()
        vars(rows.query).update(get_compiler=lambda using: bound)
        return list(rows)


class PlannedAnew(Generic[Row]):
    """A question whose statement is put together once in each process; called with the values that it was given.

    `ask` returns the query set, with `given("name")` wherever a value comes with each asking. It is called once, so
    that nothing in it may depend on the moment, the reader or the time zone; a value is never None, which SQL asks in
    other words. Rows are what the query set yields. The database plans it for the values of each asking: for what is
    best found in one way for few rows and in another for many.
    """

    def __init__(self, ask: Callable[[], QuerySet[Any, Row]]) -> None:
        self.ask = ask

    def __call__(self, **values: Any) -> list[Row]:
        """Return the rows for these values; raises KeyError where one is missing."""
        once = self._statement
        return [] if once is None else self._rows(once, values)

    def _rows(self, once: _Statement[Row], values: Mapping[str, Any]) -> list[Row]:
        return once.rows(connections[once.queryset.db], once.words, once.filled(values))

    @cached_property
    def _statement(self) -> _Statement[Row] | None:
        """Put the statement together; None where no row can fit, whatever the values."""
        queryset = self.ask()
        compiler = queryset.query.get_compiler(queryset.db)
        try:
            words, parameters = compiler.as_sql()
        except EmptyResultSet:
            return None
        return _Statement(queryset, compiler, words, tuple(parameters))


class Prepared(PlannedAnew[Row]):
    """The same, known to each connection by a name: what finds a few rows by index takes longer to plan than to answer.

    After five askings the database keeps a plan for any values, unless it finds that planning anew pays.
    """

    ahead: ClassVar[str] = ""

    def _rows(self, once: _Statement[Row], values: Mapping[str, Any]) -> list[Row]:
        given_now = {one.name: values[one.name] for one in once.parameters if isinstance(one, _Gap)}
        kinds = {name: _kind(value) for name, value in given_now.items()}
        connection = connections[once.queryset.db]
        # Opened before names are looked for: a new cursor may find that a connection is lost, and open another.
        with connection.cursor() as cursor:
            statement = (once, *kinds.values())
            known = by_name.known_as(connection.connection, statement)
            name = known or by_name.another_name()
            asking = f"EXECUTE {name} ({', '.join(['%s'] * len(kinds))})" if kinds else f"EXECUTE {name}"
            words = (
                f"{self.ahead}{asking}" if known else f"{_preparing(once, name, kinds, cursor)}; {self.ahead}{asking}"
            )
            rows = once.rows(connection, words, list(given_now.values()) or None)
            by_name.remember(connection.connection, statement, name)
        return rows


class PlannedOnce(Prepared[Row]):
    """The same, planned for any values from the first asking on: for what is found in the same way whichever they are.

    What the database expects of values that it does not know can make it plan anew for ever.
    """

    ahead = "SET LOCAL plan_cache_mode = force_generic_plan; "


def _preparing(once: _Statement[Any], name: str, kinds: Mapping[str, str], cursor: CursorWrapper) -> str:
    numbered = {gap: AsIs(f"${number}") for number, gap in enumerate(kinds, start=1)}
    statement: str = cursor.mogrify(once.words, once.filled(numbered)).decode()
    given_kinds = f" ({', '.join(kinds.values())})" if kinds else ""
    # Where values follow, the driver takes a sign of its own for one of theirs.
    return f"PREPARE {name}{given_kinds} AS {statement.replace('%', '%%') if kinds else statement}"


# As the driver writes them; of words and lists the database knows by what they are compared with.
_KINDS: Final[Mapping[type, str]] = {
    bool: "boolean",
    float: "double precision",
    Decimal: "numeric",
    datetime.date: "date",
    datetime.datetime: "timestamptz",
    uuid.UUID: "uuid",
}


def _kind(value: Any) -> str:
    if type(value) is int:
        return "integer" if abs(value) < 2**31 else "bigint"
    return _KINDS.get(type(value), "unknown")
