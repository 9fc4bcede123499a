"""The records of accounts, kept in columns by segments of ids: a full scoring reads these and not every row again.

A segment is right for every moment since it was kept, except for accounts that changed since and for those with
records of a later moment. Marks name the former: those that wait to be drained, and those that were drained since. They
are read before the segments, so whatever has committed by then is read from its own rows.
"""

import datetime
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from django.db import connection

from retention.models import FactChange, FactSegment
from retention.scoring.binary import fields_from_copy
from retention.scoring.reading import A_SECOND, MOMENTS_BEGIN, Scope, copy_out, read_records
from retention.scoring.records import Integers, Records, is_in_form, joined

ACCOUNTS_A_SEGMENT: Final = 4096
# Where so many of a segment's rows are outdated, or name accounts to be read again, it is kept anew, or not at all.
MOST_CHANGES: Final = ACCOUNTS_A_SEGMENT // 16
MOST_REREAD: Final = ACCOUNTS_A_SEGMENT // 8

CHANGES_SQL: Final = """
    SELECT id, account_id FROM retention_factchange WHERE account_id BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT 0, account_id FROM accounts_accountchange WHERE account_id BETWEEN %(first)s AND %(last)s
"""
SEGMENTS_SQL: Final = "SELECT number, known_at, reread, data FROM retention_factsegment WHERE number BETWEEN %s AND %s"
LATER_SQL: Final = """
    SELECT account_id FROM accounts_order
    WHERE {account_id} AND (ordered_at > %(as_of)s OR recorded_at > %(as_of)s)
    UNION
    SELECT account_id FROM departments_responsibility
    WHERE {account_id} AND (happened_at > %(as_of)s OR recorded_at > %(as_of)s)
    UNION
    SELECT account_id FROM accounts_touchpoint
    WHERE {account_id} AND (happened_at > %(as_of)s OR recorded_at > %(as_of)s)
    UNION
    SELECT account_id FROM departments_adoption
    WHERE {account_id} AND (adopted_on > %(day)s OR recorded_at > %(as_of)s)
    UNION
    SELECT account_id FROM departments_commitment WHERE {account_id} AND recorded_at > %(as_of)s
    UNION
    SELECT account_id FROM accounts_holding WHERE {account_id} AND recorded_at > %(as_of)s
"""


@dataclass(frozen=True, slots=True)
class Changes:
    """Accounts of a range that changed since their segment was kept, and the ids of the rows that say so."""

    ids: Integers
    account_ids: Integers

    def within(self, first: int, last: int) -> "Changes":
        inside = (self.account_ids >= first) & (self.account_ids <= last)
        return Changes(self.ids[inside], self.account_ids[inside])


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it was kept."""

    known_at: float
    reread: Integers
    records: Records


def read_range(first: int, last: int, as_of: datetime.datetime) -> Records:
    """Read what was known at `as_of` of the accounts whose ids lie from first to last; keep what is worth it."""
    reading = Reading.begin(first, last, as_of)
    return _keep_those(reading, as_of, reading.is_worth_keeping)


def renew(first: int, last: int, as_of: datetime.datetime) -> None:
    """Keep anew each segment from first to last of which anything has changed, or that is not kept yet."""
    reading = Reading.begin(first, last, as_of)
    _keep_those(reading, as_of, reading.is_outdated)


def _keep_those(reading: "Reading", as_of: datetime.datetime, is_meant: Callable[[int], bool]) -> Records:
    """Return the records of a reading, and keep those of the whole segments that are meant."""
    first, last = reading.first, reading.last
    records = reading.records(as_of).between(first, last)
    for number in _numbers(first, last):
        start, end = bounds(number, number)
        if first <= start and end <= last and is_meant(number):
            keep(number, records.between(start, end), reading.changes.within(start, end), as_of)
    return records


@dataclass(frozen=True, slots=True)
class Reading:
    """What is kept of a range of accounts, and what of it must not be used: `usable` was kept by the moment asked."""

    first: int
    last: int
    changes: Changes
    kept: dict[int, Segment]
    usable: dict[int, Segment]

    @classmethod
    def begin(cls, first: int, last: int, as_of: datetime.datetime) -> Self:
        """Read the changes and only then what is kept: what commits in between is found in its own rows."""
        changes, kept = _changes(first, last), _kept(first, last)
        usable = {number: segment for number, segment in kept.items() if segment.known_at <= as_of.timestamp()}
        return cls(first, last, changes, kept, usable)

    def records(self, as_of: datetime.datetime) -> Records:
        """Return the records: kept ones, those of outdated accounts read again, and whatever is not kept."""
        missing = [number for number in _numbers(self.first, self.last) if number not in self.usable]
        reread = [segment.reread for segment in self.usable.values()]
        outdated = np.unique(np.concatenate([self.changes.account_ids, *reread]))
        again = outdated[~np.isin(outdated // ACCOUNTS_A_SEGMENT, missing)]
        kept = [segment.records for segment in self.usable.values()]
        read = [self._whole(number, as_of) for number in missing]
        if len(again):
            read.append(read_records(Scope.of_ids(again.tolist()), as_of))
        valid = [~np.isin(records.account_ids, outdated) for records in kept]
        return joined([*kept, *read], [*valid, *(np.ones(len(records), dtype=np.bool_) for records in read)])

    def _whole(self, number: int, as_of: datetime.datetime) -> Records:
        start, end = bounds(number, number)
        return read_records(Scope.between(max(start, self.first), min(end, self.last)), as_of)

    def is_worth_keeping(self, number: int) -> bool:
        """Return whether nothing is kept of a segment yet, or much of it is outdated."""
        return number not in self.kept or (number in self.usable and self._changed(number) > MOST_CHANGES)

    def is_outdated(self, number: int) -> bool:
        """Return whether nothing is kept of a segment yet, or not what its rows say now."""
        return number not in self.kept or (number in self.usable and self._changed(number) > 0)

    def _changed(self, number: int) -> int:
        return len(self.changes.within(*bounds(number, number)).ids)


def _numbers(first: int, last: int) -> range:
    return range(first // ACCOUNTS_A_SEGMENT, last // ACCOUNTS_A_SEGMENT + 1)


def bounds(first: int, last: int) -> tuple[int, int]:
    """Return the first and the last account id of segments, by the numbers of the first and the last one."""
    return first * ACCOUNTS_A_SEGMENT, (last + 1) * ACCOUNTS_A_SEGMENT - 1


def keep(number: int, records: Records, changes: Changes, as_of: datetime.datetime) -> None:
    """Keep the records of a segment, known by `as_of`, and take away the changes that they contain.

    What has committed since the changes were read has marks of its own, which stay. What was recorded later than
    `as_of` is not in the records, and may be in those changes: such accounts are named to be read again.
    """
    start, end = bounds(number, number)
    reread = _with_later_records(Scope.between(start, end), as_of)
    if len(reread) > MOST_REREAD:
        return
    FactSegment.objects.bulk_create(
        [FactSegment(number=number, known_at=as_of, reread=reread.tobytes(), data=records.to_bytes())],
        update_conflicts=True,
        unique_fields=["number"],
        update_fields=["known_at", "reread", "data"],
    )
    FactChange.objects.filter(pk__in=changes.ids[changes.ids > 0].tolist()).delete()


def forget() -> None:
    """Forget everything kept: the next scoring reads all rows again."""
    FactSegment.objects.all().delete()
    FactChange.objects.all().delete()


def faults(as_of: datetime.datetime) -> list[int]:
    """Return the numbers of the segments from which other records would be read than from the rows themselves.

    In a transaction that sees one state throughout, else what changes meanwhile may be taken for a fault.
    """
    return [number for number in _kept_numbers() if _differs(number, as_of)]


def _kept_numbers() -> list[int]:
    return list(FactSegment.objects.order_by("number").values_list("number", flat=True))


def _differs(number: int, as_of: datetime.datetime) -> bool:
    first, last = bounds(number, number)
    kept = Reading.begin(first, last, as_of).records(as_of).between(first, last)
    return not kept.is_same_as(read_records(Scope.between(first, last), as_of))


def _with_later_records(scope: Scope, as_of: datetime.datetime) -> Integers:
    parameters = {"as_of": as_of, "day": as_of.astimezone(datetime.UTC).date(), **scope.parameters}
    return copy_out(LATER_SQL.format(account_id=scope.on("account_id")), parameters, {"account_id": ">i8"})[
        "account_id"
    ]


def _changes(first: int, last: int) -> Changes:
    found = copy_out(CHANGES_SQL, {"first": first, "last": last}, {"id": ">i8", "account_id": ">i8"})
    return Changes(found["id"], found["account_id"])


def _kept(first: int, last: int) -> dict[int, Segment]:
    received = io.BytesIO()
    with connection.cursor() as cursor:
        statement = cursor.mogrify(SEGMENTS_SQL, [_numbers(first, last)[0], _numbers(first, last)[-1]]).decode()
        cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT BINARY)", received)
    rows = fields_from_copy(received.getvalue())
    return dict(_segment(fields) for fields in rows if is_in_form(fields[-1]))


def _segment(fields: Sequence[memoryview]) -> tuple[int, Segment]:
    number, known_at, reread, data = fields
    moment = int.from_bytes(known_at, "big", signed=True) / A_SECOND + MOMENTS_BEGIN
    segment = Segment(moment, np.frombuffer(reread, dtype=np.int64), Records.from_bytes(data))
    return int.from_bytes(number, "big", signed=True), segment
