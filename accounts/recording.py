"""Recording signals by the set: in a constant number of statements, however many there are."""

import datetime
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class Recorded(StrEnum):
    """What recording did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class RecordedSignal:
    """What became of one of them."""

    public_id: uuid.UUID
    result: Recorded


GIVEN = """
    json_to_recordset(%s) AS given (
        account_id bigint, kind text, happened_at timestamptz, data jsonb, source text, external_id text,
        order_id bigint)
"""

# Sorted, so that two calls that bring the same signals wait for each other instead of locking up.
RECORD = f"""
    INSERT INTO accounts_signal AS known (account_id, kind, happened_at, data, source, external_id, order_id)
    SELECT account_id, kind, happened_at, data, source, external_id, order_id FROM {GIVEN}
    ORDER BY source, external_id
    ON CONFLICT (source, external_id) DO UPDATE
    SET account_id = excluded.account_id, kind = excluded.kind, happened_at = excluded.happened_at,
        data = excluded.data, order_id = excluded.order_id
    WHERE (known.account_id, known.kind, known.happened_at, known.data, known.order_id)
        IS DISTINCT FROM
        (excluded.account_id, excluded.kind, excluded.happened_at, excluded.data, excluded.order_id)
    RETURNING new.id, old.id IS NULL
"""

FIND = f"""
    SELECT known.id, known.public_id, known.source, known.external_id
    FROM {GIVEN} JOIN accounts_signal AS known USING (source, external_id)
"""


@transaction.atomic
def record_signals(*, signals: Sequence[NewSignal], acting_person: Actor | None) -> list[RecordedSignal]:
    """Record the signals and return what became of each, in their order; without a person, the system records them.

    Each (source, external_id) may be given once. What is known and different is replaced; what is equal stays
    untouched, so that detection has nothing to do. Raises NotAllowed, and then records none.
    """
    if acting_person is not None and not acting_person.can("import_records"):
        raise NotAllowed("Your role does not record signals.")
    if not signals:
        return []
    rows = json.dumps([_row(signal) for signal in signals])
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [rows])
        written: dict[int, bool] = dict(cursor.fetchall())
        cursor.execute(FIND, [rows])
        found = {(source, external_id): (key, public_id) for key, public_id, source, external_id in cursor.fetchall()}
    recorded = [_recorded(*found[signal.source, signal.external_id], written) for signal in signals]
    _audit(recorded, acting_person)
    return recorded


def _row(signal: NewSignal) -> dict[str, object]:
    return {
        "account_id": signal.account_id,
        "kind": signal.kind,
        "happened_at": signal.happened_at.isoformat(),
        "data": dict(signal.data),
        "source": signal.source,
        "external_id": signal.external_id,
        "order_id": signal.order_id,
    }


def _recorded(key: int, public_id: uuid.UUID, written: Mapping[int, bool]) -> RecordedSignal:
    if key not in written:
        return RecordedSignal(public_id, Recorded.UNCHANGED)
    return RecordedSignal(public_id, Recorded.CREATED if written[key] else Recorded.UPDATED)


def _audit(recorded: Sequence[RecordedSignal], acting_person: Actor | None) -> None:
    counts = {result.value: sum(signal.result == result for signal in recorded) for result in Recorded}
    if counts[Recorded.CREATED] + counts[Recorded.UPDATED]:
        subject = recorded[0].public_id if len(recorded) == 1 else None
        record_audit(verb="signal.record", subject=subject, details=counts, acting_person=acting_person)
