"""Statements that connections know by a name: the database reads them once, and need not plan them for each asking."""

import itertools
from collections.abc import Hashable, MutableMapping
from typing import Any, Final
from weakref import WeakKeyDictionary

# By which name each connection knows each statement. It knows them until it is closed, whatever is rolled back.
_names: Final[MutableMapping[Any, dict[Hashable, str]]] = WeakKeyDictionary()
_numbers: Final = itertools.count(1)


def known_as(connection: Any, statement: Hashable) -> str | None:
    """Return the name by which an open connection of the driver's knows it, None before it was remembered."""
    return _names.get(connection, {}).get(statement)


def another_name() -> str:
    """Return a name that was never given: a failure does not tell whether its name has been taken."""
    return f"planned_{next(_numbers)}"


def remember(connection: Any, statement: Hashable, name: str) -> None:
    """Know it by the name, once the connection has asked by it."""
    _names.setdefault(connection, {})[statement] = name
