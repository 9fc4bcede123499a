"""From the database to records: what was known of each account at a moment, in chunks by binary COPY."""

import datetime
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from django.db import connection

from retention.scoring import few
from retention.scoring.binary import from_copy
from retention.scoring.gathering import DAY
from retention.scoring.planned import Planned
from retention.scoring.records import Column, Columns, Records

RECORDS_SQL: Final = dict(
    zip(
        ("accounts", "orders", "parts", "promises", "holdings"),
        Path(__file__).with_name("records.sql").read_text().split(";\n"),
        strict=True,
    )
)
# How PostgreSQL sends moments: microseconds since 2000, and the last number for infinity.
MOMENTS_BEGIN: Final = 946_684_800
FEW: Final = 32
A_SECOND: Final = 1_000_000
INFINITY: Final = 2**63 - 1

SENT_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "accounts": {
        "account_id": ">i8",
        **dict.fromkeys(("renews_on", "customer_since", "left_on", "stated_revenue", "cadence", "segment"), ">f8"),
        **dict.fromkeys(("contacted", "adopted"), ">f8"),
    },
    "orders": {"account_id": ">i8", "moment": ">i8", "amount": ">f8"},
    "parts": {
        **dict.fromkeys(("account_id", "department", "friction_type"), ">i8"),
        "load": ">f8",
        "moment": ">i8",
        "incident": ">i8",
    },
    "promises": {"account_id": ">i8", "promised_for": ">f8", "release": ">i8"},
    "holdings": {
        **dict.fromkeys(("account_id", "product"), ">i8"),
        **dict.fromkeys(("held_from", "held_until", "monthly_value"), ">f8"),
    },
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts a statement is about: those of some ids, or of a range of ids."""

    condition: str
    parameters: dict[str, Any]

    @classmethod
    def of_ids(cls, account_ids: Sequence[int]) -> Self:
        return cls("{column} = ANY(%(scope_ids)s)", {"scope_ids": list(account_ids)})

    @classmethod
    def between(cls, first: int, last: int) -> Self:
        """Return the scope of the ids from first to last, both included."""
        return cls("{column} BETWEEN %(scope_first)s AND %(scope_last)s", {"scope_first": first, "scope_last": last})

    @property
    def is_of_few(self) -> bool:
        """Return whether it names so few accounts that a statement takes longer than what it finds."""
        return len(self.parameters.get("scope_ids", range(FEW + 1))) <= FEW

    def on(self, column: str) -> str:
        """Return the condition on a column that holds account ids."""
        return self.condition.format(column=column)


OF_FEW: Final = Scope.of_ids([])
FEW_KINDS: Final = {"scope_ids": "bigint[]", "as_of": "timestamptz", "day": "date"}


def epoch_day(moment: datetime.datetime) -> int:
    """Return the whole UTC days since 1970."""
    return int(moment.timestamp() // DAY)


def read_records(scope: Scope, as_of: datetime.datetime) -> Records:
    """Read what had happened and was recorded by `as_of` of the accounts in scope, from the rows themselves."""
    parameters = asked(scope, as_of)
    if not scope.is_of_few:
        found = {name: copy_out(statement, parameters, SENT_COLUMNS[name]) for name, statement in statements(scope)}
        return records_of(found)
    with connection.cursor() as cursor:
        RECORDS_OF_FEW.execute(cursor, parameters)
        return records_of(few.taken_apart(cursor.fetchone(), SENT_COLUMNS))


def asked(scope: Scope, as_of: datetime.datetime) -> dict[str, Any]:
    """Return the parameters of the statements that read records."""
    return {"as_of": as_of, "day": as_of.astimezone(datetime.UTC).date(), **scope.parameters}


def statements(scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield the name of each table of records, and the statement that reads it."""
    on, own = scope.on("account_id"), scope.on("account.id")
    for name, statement in RECORDS_SQL.items():
        yield name, statement.format(account_id=on, own_id=own)


FEW_ASKED: Final = {"scope_ids": "bigint[]", "as_of": "timestamptz", "day": "date"}
RECORDS_OF_FEW: Final = Planned(few.one_statement(dict(statements(Scope.of_ids([]))), SENT_COLUMNS), FEW_ASKED)


def records_of(found: Mapping[str, Columns]) -> Records:
    """Return the records from their tables as the database sent them."""
    orders, parts = dict(found["orders"]), dict(found["parts"])
    orders["day"] = (orders.pop("moment") + MOMENTS_BEGIN * A_SECOND) // (A_SECOND * int(DAY))
    parts["resolved"] = seconds(parts.pop("moment"))
    return Records.of(**{**found, "orders": orders, "parts": parts})


def copy_out(sql: str, parameters: Mapping[str, Any], columns: Mapping[str, str]) -> Columns:
    """Return the columns of a statement, all eight bytes wide and never null, without turning them into text."""
    received = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(sql, parameters).decode()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)", received)
    return from_copy(received.getvalue(), columns)


def seconds(moments: Column) -> Column:
    """Return the seconds since 1970 of moments as PostgreSQL sends them."""
    return np.where(moments == INFINITY, np.inf, moments / A_SECOND + MOMENTS_BEGIN)
