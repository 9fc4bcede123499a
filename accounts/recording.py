"""Recording signals and orders by the set: in a constant number of statements, however many there are."""

import datetime
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum

from django.db import connection, transaction

from accounts.actions import Actor, record_audit
from accounts.errors import NotAllowed
from accounts.signals import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """A well-formed signal to be recorded; `source` and `external_id` name it once and for all."""

    account_id: int
    kind: str
    happened_at: datetime.datetime
    data: Mapping[str, JsonValue]
    source: str
    external_id: str
    order_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order to be recorded, without its lines; `source` and `external_id` name it once and for all."""

    account_id: int
    ordered_at: datetime.datetime
    amount: Decimal
    source: str
    external_id: str
    number: str = ""
    promised_on: datetime.date | None = None
    delivered_on: datetime.date | None = None


class Recorded(StrEnum):
    """What recording did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """What became of one of them."""

    public_id: uuid.UUID
    result: Recorded


# Beside source and external_id, which name a fact.
SIGNAL_COLUMNS = {
    "account_id": "bigint",
    "kind": "text",
    "happened_at": "timestamptz",
    "data": "jsonb",
    "order_id": "bigint",
}
ORDER_COLUMNS = {
    "account_id": "bigint",
    "number": "text",
    "ordered_at": "timestamptz",
    "amount": "numeric",
    "promised_on": "date",
    "delivered_on": "date",
}

GIVEN = "json_to_recordset(%s) AS given (source text, external_id text, {types})"

# Sorted, so that two calls that bring the same facts wait for each other instead of locking up.
RECORD = f"""
    INSERT INTO {{table}} AS known (source, external_id, {{names}})
    SELECT source, external_id, {{names}} FROM {GIVEN}
    ORDER BY source, external_id
    ON CONFLICT (source, external_id) DO UPDATE SET ({{names}}) = ROW({{given}})
    WHERE ROW({{kept}}) IS DISTINCT FROM ROW({{given}})
    RETURNING new.id, old.id IS NULL
"""

FIND = f"""
    SELECT known.id, known.public_id, known.source, known.external_id
    FROM {GIVEN} JOIN {{table}} AS known USING (source, external_id)
"""


@transaction.atomic
def record_signals(*, signals: Sequence[NewSignal], acting_person: Actor | None) -> list[RecordedFact]:
    """Record the signals and return what became of each, in their order; without a person, the system records them.

    Each (source, external_id) may be given once. What is known and different is replaced; what is equal stays
    untouched, so that detection has nothing to do. Raises NotAllowed, and then records none.
    """
    _check(acting_person, "signals")
    recorded = _record("accounts_signal", SIGNAL_COLUMNS, signals)
    _audit("signal.record", recorded, acting_person)
    return recorded


@transaction.atomic
def record_orders(*, orders: Sequence[NewOrder], acting_person: Actor | None) -> list[RecordedFact]:
    """Record the orders and return what became of each, as record_signals does; lines that are there stay."""
    _check(acting_person, "orders")
    recorded = _record("accounts_order", ORDER_COLUMNS, orders)
    _audit("order.record", recorded, acting_person)
    return recorded


def _check(acting_person: Actor | None, what: str) -> None:
    if acting_person is not None and not acting_person.can("send_facts"):
        raise NotAllowed(f"Your role does not record {what}.")


def _record(table: str, types: Mapping[str, str], facts: Sequence[NewSignal | NewOrder]) -> list[RecordedFact]:
    if not facts:
        return []
    rows = json.dumps([asdict(fact) for fact in facts], default=str)
    words = {
        "table": table,
        "types": ", ".join(f"{name} {kind}" for name, kind in types.items()),
        "names": ", ".join(types),
        "given": ", ".join(f"excluded.{name}" for name in types),
        "kept": ", ".join(f"known.{name}" for name in types),
    }
    with connection.cursor() as cursor:
        cursor.execute(RECORD.format(**words), [rows])
        written: dict[int, bool] = dict(cursor.fetchall())
        cursor.execute(FIND.format(**words), [rows])
        found = {(source, external_id): (key, public_id) for key, public_id, source, external_id in cursor.fetchall()}
    return [_recorded(*found[fact.source, fact.external_id], written) for fact in facts]


def _recorded(key: int, public_id: uuid.UUID, written: Mapping[int, bool]) -> RecordedFact:
    if key not in written:
        return RecordedFact(public_id, Recorded.UNCHANGED)
    return RecordedFact(public_id, Recorded.CREATED if written[key] else Recorded.UPDATED)


def _audit(verb: str, recorded: Sequence[RecordedFact], acting_person: Actor | None) -> None:
    counts = {result.value: sum(fact.result == result for fact in recorded) for result in Recorded}
    if counts[Recorded.CREATED] + counts[Recorded.UPDATED]:
        subject = recorded[0].public_id if len(recorded) == 1 else None
        record_audit(verb=verb, subject=subject, details=counts, acting_person=acting_person)
