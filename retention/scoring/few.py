"""The records of a few accounts by one statement: five of them cost more than what they would find.

Rows of all tables are padded to one layout: whole numbers, a moment, and floats. None is sorted by the database.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

MOMENT: Final = "moment"
NUMBERS: Final = 4
FLOATS: Final = 8
LAYOUT: Final[Mapping[str, str]] = {
    "table": ">i8",
    **{f"number_{place}": ">i8" for place in range(NUMBERS)},
    MOMENT: ">i8",
    **{f"float_{place}": ">f8" for place in range(FLOATS)},
}
PADDING: Final = ("0::bigint", "'infinity'::timestamptz", "'NaN'::float8")


def one_statement(statements: Mapping[str, str], sent: Mapping[str, Mapping[str, str]]) -> str:
    """Return one statement for all of those, whose columns `sent` describes."""
    return "\nUNION ALL\n".join(
        f"SELECT {number}::bigint, {', '.join(_laid_out(sent[name]))} FROM ({statement}) AS found_{number}"
        f" ({', '.join(sent[name])})"
        for number, (name, statement) in enumerate(statements.items())
    )


def _laid_out(columns: Mapping[str, str]) -> Iterator[str]:
    places = _places(columns)
    named = {place: name for name, place in places.items()}
    for place in list(LAYOUT)[1:]:
        padding = PADDING[1] if place == MOMENT else PADDING[0 if place.startswith("number") else 2]
        yield named.get(place, padding)


def _places(columns: Mapping[str, str]) -> dict[str, str]:
    """Return which column of the layout holds each of these."""
    numbers = [name for name, kind in columns.items() if kind == ">i8" and name != MOMENT]
    floats = [name for name, kind in columns.items() if kind == ">f8"]
    places = {name: f"number_{place}" for place, name in enumerate(numbers)}
    places |= {name: f"float_{place}" for place, name in enumerate(floats)}
    return places | ({MOMENT: MOMENT} if MOMENT in columns else {})


def taken_apart(
    rows: Mapping[str, Any], sent: Mapping[str, Mapping[str, str]], names: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the tables again, each ascending by account and moment."""
    found = {}
    for number, name in enumerate(names):
        chosen = np.flatnonzero(rows["table"] == number)
        chosen = chosen[np.lexsort((rows[MOMENT][chosen], rows["number_0"][chosen]))]
        found[name] = {column: rows[place][chosen] for column, place in _places(sent[name]).items()}
    return found
