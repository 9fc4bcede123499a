"""What a score is made of, as arrays: tables of accounts, orders, incidents' parts, promises and services.

Every table is a dict of columns of one length. `row` says to which account a row belongs: its place in
`accounts["account_id"]`, which ascends; rows ascend by it, orders within an account by their time. Days are whole UTC
days since 1970, moments are seconds since 1970, NaN says unknown. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from retention.scoring.packing import WORD, end_of, pack, unpack

Column = npt.NDArray[Any]
Columns = dict[str, Column]
Table = Mapping[str, Column]
Integers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]

ACCOUNTS: Final = {
    "account_id": "<i8",
    **dict.fromkeys(("renews_on", "customer_since", "left_on", "stated_revenue", "cadence", "segment"), "<f8"),
    **dict.fromkeys(("contacted", "adopted", "is_fresh"), "<f8"),
}
ORDERS: Final = {"amount": "<f8", "day": "<i4", "row": "<i4"}
PARTS: Final = {
    "load": "<f8",
    "resolved": "<f8",
    "incident": "<i8",
    "department": "<i4",
    "friction_type": "<i4",
    "row": "<i4",
}
PROMISES: Final = {"promised_for": "<f8", "release": "<i4", "row": "<i4"}
HOLDINGS: Final = {
    **dict.fromkeys(("held_from", "held_until", "monthly_value"), "<f8"),
    "product": "<i4",
    "row": "<i4",
}
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "accounts": ACCOUNTS,
    "orders": ORDERS,
    "parts": PARTS,
    "promises": PROMISES,
    "holdings": HOLDINGS,
}
# Another one wherever the columns, or how they are packed, become others.
FORM: Final = b"packed 1"


@dataclass(frozen=True, slots=True)
class Packed(Mapping[str, Column]):
    """A table as it was packed; each time that a column is asked for, it is unpacked."""

    data: bytes | memoryview
    length: int
    kinds: Mapping[str, str]
    offsets: Mapping[str, int]
    end: int

    @classmethod
    def of(cls, data: bytes | memoryview, kinds: Mapping[str, str], offset: int, length: int) -> Self:
        """Return the table of so many rows whose columns, of these names and kinds, begin at an offset."""
        offsets = {}
        for name in kinds:
            offsets[name], offset = offset, end_of(data, offset)
        return cls(data, length, kinds, offsets, offset)

    def __getitem__(self, name: str) -> Column:
        return unpack(self.data, self.offsets[name], self.length, self.kinds[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.kinds)

    def __len__(self) -> int:
        return len(self.kinds)


@dataclass(frozen=True, slots=True)
class Records:
    """All that was on record of some accounts; `parts` are departments' parts in incidents, never resolved at inf."""

    accounts: Table
    orders: Table
    parts: Table
    promises: Table
    holdings: Table

    @property
    def account_ids(self) -> Integers:
        """Return whose records they are, ascending. (n,)."""
        return self.accounts["account_id"]

    def __len__(self) -> int:
        return len(self.accounts["account_id"])

    @property
    def is_changed(self) -> npt.NDArray[np.bool_]:
        """Return whose records were read from their own rows, and not from what was kept. (n,)."""
        return self.accounts["is_fresh"] > 0.0

    @classmethod
    def of(cls, accounts: Table, **found: Table) -> Self:
        """Return the records from tables that name accounts by `account_id`; rows of other accounts are left out."""
        fresh = {"is_fresh": np.ones(len(accounts["account_id"]))}
        return cls(
            _typed({**accounts, **fresh}, ACCOUNTS),
            **{name: _by_row(table, accounts["account_id"], TABLES[name]) for name, table in found.items()},
        )

    def unpacked(self) -> Records:
        """Return them with every column at hand."""
        return Records(*(dict(getattr(self, name)) for name in TABLES))

    def between(self, first: int, last: int) -> Records:
        """Return the records of the accounts whose ids lie from first to last, both included."""
        inside = (self.account_ids >= first) & (self.account_ids <= last)
        return self if inside.all() else joined([self], [inside])

    def is_same_as(self, other: Records) -> bool:
        """Return whether both hold the same rows, in whatever order within an account, and wherever they were read."""
        accounts = [{**one.accounts, "is_fresh": np.zeros(len(one))} for one in (self, other)]
        pairs = [tuple(accounts), *((getattr(self, name), getattr(other, name)) for name in _CHILDREN)]
        return all(_is_same_table(*pair) for pair in pairs)

    def to_bytes(self) -> bytes:
        """Return the columns one after the other, packed, behind what names the form and the tables' lengths."""
        lengths = np.array([len(getattr(self, name)[next(iter(TABLES[name]))]) for name in TABLES], dtype="<i8")
        pieces = [FORM, lengths.tobytes()]
        for name, columns in TABLES.items():
            table: Table = getattr(self, name)
            pieces += [pack(table[column].astype(kind, copy=False)) for column, kind in columns.items()]
        return b"".join(pieces)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """Read back what `to_bytes` wrote; raises ValueError on anything else.

        Of all but the accounts, a column is unpacked when it is asked for: `joined` copies it while it is at hand.
        """
        if not is_in_form(data):
            raise ValueError("These are not the records that were kept.")
        lengths = np.frombuffer(data, dtype="<i8", count=len(TABLES), offset=len(FORM)).tolist()
        offset, tables = len(FORM) + WORD * len(TABLES), []
        for columns, length in zip(TABLES.values(), lengths, strict=True):
            tables.append(Packed.of(data, columns, offset, length))
            offset = tables[-1].end
        if offset != len(data):
            raise ValueError("These are not the records that were kept.")
        accounts = {**tables[0], "is_fresh": np.zeros(lengths[0])}
        return cls(accounts, *tables[1:])


def is_in_form(data: bytes | memoryview) -> bool:
    """Return whether records were written in the form of today; what was kept in another must be read anew."""
    return bytes(data[: len(FORM)]) == FORM


_CHILDREN: Final = ("orders", "parts", "promises", "holdings")


def joined(pieces: Sequence[Records], chosen: Sequence[Truths]) -> Records:
    """Return the records of the chosen accounts of several pieces, no account chosen in two, as those of one.

    `chosen` says of each account of each piece whether it is. What stands together is copied together: most of what is
    kept stays as it is, so that nothing has to be put in order.
    """
    if len(pieces) == 1 and chosen[0].all():
        return pieces[0].unpacked()
    runs = _Runs.of([piece.account_ids for piece in pieces], chosen)
    accounts = runs.copied([piece.accounts for piece in pieces], runs.first, runs.end)
    children = {name: runs.copied_of([getattr(piece, name) for piece in pieces]) for name in _CHILDREN}
    return Records(accounts, **children)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Accounts that follow each other in their piece and in the whole alike. (k,) each.

    `piece` says in which, `first` and `end` where there, `place` where the first one stands in the whole.
    """

    piece: Integers
    first: Integers
    end: Integers
    place: Integers

    @classmethod
    def of(cls, account_ids: Sequence[Integers], chosen: Sequence[Truths]) -> Self:
        piece = np.repeat(np.arange(len(account_ids)), [len(ids) for ids in account_ids])
        own = np.concatenate([np.arange(len(ids)) for ids in account_ids])
        taken = np.flatnonzero(np.concatenate(chosen))
        order = taken[np.argsort(np.concatenate(account_ids)[taken], kind="stable")]
        if not len(order):
            return cls(*np.zeros((4, 1), dtype=np.int64))
        begins = np.flatnonzero((np.diff(order, prepend=-2) != 1) | (np.diff(piece[order], prepend=-1) != 0))
        ends = np.append(begins[1:], len(order))
        return cls(piece[order[begins]], own[order[begins]], own[order[ends - 1]] + 1, begins)

    def copied(self, tables: Sequence[Table], first: Integers, end: Integers) -> Table:
        """Return what stands in the runs' rows, from first to before end in the table of each run's piece."""
        rows = list(zip(self.piece.tolist(), first.tolist(), end.tolist(), strict=True))
        return {name: _copied([table[name] for table in tables], rows) for name in tables[0]}

    def copied_of(self, tables: Sequence[Table]) -> Table:
        """Return what stands in the rows of the runs' accounts, which now stand where the whole has them."""
        first, end = np.empty_like(self.first), np.empty_like(self.end)
        for number, table in enumerate(tables):
            own = self.piece == number
            first[own], end[own] = np.searchsorted(table["row"], [self.first[own], self.end[own]])
        table = self.copied(tables, first, end)
        moved = np.repeat(self.place - self.first, end - first)
        return {**table, "row": table["row"] + moved}


def _copied(columns: Sequence[Column], rows: Sequence[tuple[int, int, int]]) -> Column:
    return np.concatenate([columns[piece][first:end] for piece, first, end in rows])


def _is_same_table(one: Table, other: Table) -> bool:
    if any(len(one[name]) != len(other[name]) for name in one):
        return False
    orders = [np.lexsort([np.nan_to_num(values) for values in table.values()]) for table in (one, other)]
    return all(np.array_equal(one[name][orders[0]], other[name][orders[1]], equal_nan=True) for name in one)


def _typed(table: Table, columns: Mapping[str, str]) -> Table:
    return {name: table[name].astype(kind, copy=False) for name, kind in columns.items()}


def _by_row(table: Table, account_ids: Integers, columns: Mapping[str, str]) -> Table:
    rows = np.searchsorted(account_ids, table["account_id"]).astype(np.int32)
    known = np.zeros(len(rows), dtype=np.bool_)
    inside = rows < len(account_ids)
    known[inside] = account_ids[rows[inside]] == table["account_id"][inside]
    found = _typed({**table, "row": rows}, columns)
    return found if known.all() else {name: values[known] for name, values in found.items()}
