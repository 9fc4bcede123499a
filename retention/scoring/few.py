"""The rows of several statements by one: where they find little, five of them cost more than what they find.

Each becomes one value that holds its rows in binary, one after the other, in their order.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from retention.scoring.binary import from_records


def one_statement(statements: Mapping[str, str], sent: Mapping[str, Mapping[str, str]], *more: str) -> str:
    """Return one statement for all of those, whose columns `sent` describes, and `more` of what is to be selected."""
    packed = [
        f"(SELECT string_agg(record_send(found), '') FROM ({statement}) AS found ({', '.join(sent[name])}))"
        for name, statement in statements.items()
    ]
    return f"SELECT {', '.join([*packed, *more])}"


def taken_apart(values: Iterable[Any], sent: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """Return the tables of such a row again, as columns; what it holds more is left to whoever asked for it."""
    return {
        name: from_records(value or b"", columns) for (name, columns), value in zip(sent.items(), values, strict=False)
    }
