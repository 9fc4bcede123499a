"""Query sets that are put together once: to put one together takes ten times as long as to answer it."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Field, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

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


@dataclass(frozen=True, slots=True)
class _Statement(Generic[Row]):
    """What a query set came to: its compiler once that has done its work, the words, and their parameters."""

    queryset: QuerySet[Any, Row]
    compiler: SQLCompiler
    words: str
    parameters: tuple[Any, ...]


class Prepared(Generic[Row]):
    """A question whose statement is put together once in each process; called with the values that it was given.

    `ask` returns the query set, with `given("name")` wherever a value comes with each asking. It is called once, so
    that nothing in it may depend on the moment, the reader or the time zone; a value is never None, which SQL asks in
    other words. Rows are what the query set yields.
    """

    def __init__(self, ask: Callable[[], QuerySet[Any, Row]]) -> None:
        self.ask = ask

    def __call__(self, **values: Any) -> list[Row]:
        """Return the rows for these values; raises KeyError where one is missing."""
        once = self._statement
        if once is None:
            return []
        parameters = tuple(values[one.name] if isinstance(one, _Gap) else one for one in once.parameters)
        bound = copy(once.compiler)
        vars(bound).update(connection=connections[once.queryset.db], as_sql=lambda: (once.words, parameters))
        rows = once.queryset.all()
        vars(rows.query).update(get_compiler=lambda using: bound)
        return list(rows)

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
