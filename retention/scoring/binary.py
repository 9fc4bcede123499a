"""PostgreSQL's binary COPY to numpy and back, for rows of fixed width: no value is ever turned into text.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". Only columns of eight bytes that are
never null, and float8 arrays of one length, are known here; that is what makes a row's width fixed.
"""

import functools
import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FLOAT8_OID = 701
ARRAY_HEADER = ("dimensions", "has_nulls", "oid", "length", "lower_bound")

Table = Mapping[str, npt.NDArray[Any]]


def _row_type(columns: Sequence[tuple[str, str]]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("field_count", ">i2")]
    for name, kind in columns:
        fields += [(f"{name} width", ">i4"), (name, kind)]
    return np.dtype(fields)


def from_copy(data: bytes, columns: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of `COPY … TO STDOUT (FORMAT BINARY)`; `columns` maps names to ">i8" or ">f8".

    Raises ValueError where the data are not rows of just these columns without nulls.
    """
    rows = _row_type(list(columns.items()))
    body = memoryview(data)[len(SIGNATURE) : -len(TRAILER)]
    if data[: len(SIGNATURE)] != SIGNATURE or len(body) % rows.itemsize:
        raise ValueError("The database did not send the rows that were asked for.")
    table = np.frombuffer(body, dtype=rows)
    if len(table) and not all((table[f"{name} width"] == 8).all() for name in columns):
        raise ValueError("The database sent a null where none may be.")
    return {name: table[name].astype(kind.lstrip(">")) for name, kind in columns.items()}


def from_records(data: bytes | memoryview, columns: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of rows that `record_send` made, one behind the other; `columns` as in `from_copy`.

    Raises ValueError where the data are not rows of just these columns without nulls.
    """
    if not data:
        return {name: np.empty(0, dtype=kind.lstrip(">")) for name, kind in columns.items()}
    rows = _record_type(tuple(columns.items()))
    if len(data) % rows.itemsize:
        raise ValueError("The database did not send the rows that were asked for.")
    widths = np.frombuffer(data, dtype=">i4").reshape(-1, rows.itemsize // 4)[:, 2::4]
    if not (widths == 8).all():
        raise ValueError("The database sent a null where none may be.")
    table = np.frombuffer(data, dtype=rows)
    return {name: table[name].astype(kind.lstrip(">")) for name, kind in columns.items()}


@functools.cache
def _record_type(columns: tuple[tuple[str, str], ...]) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = [("field_count", ">i4")]
    for name, kind in columns:
        fields += [(f"{name} type", ">i4"), (f"{name} width", ">i4"), (name, kind)]
    return np.dtype(fields)


def fields_from_copy(data: bytes) -> Iterator[list[memoryview]]:
    """Yield the fields of each row of `COPY … TO STDOUT (FORMAT BINARY)`, of any width: for few and large rows.

    Raises ValueError where the data are no such rows, or a field is null.
    """
    if data[: len(SIGNATURE)] != SIGNATURE:
        raise ValueError("The database did not send rows.")
    view, offset = memoryview(data), len(SIGNATURE)
    while data[offset : offset + 2] != TRAILER:
        fields = []
        (count,) = struct.unpack_from(">h", data, offset)
        offset += 2
        for _ in range(count):
            (width,) = struct.unpack_from(">i", data, offset)
            if width < 0:
                raise ValueError("The database sent a null where none may be.")
            fields.append(view[offset + 4 : offset + 4 + width])
            offset += 4 + width
        yield fields


def to_copy(columns: Table) -> io.BytesIO:
    """Return what `COPY … FROM STDIN (FORMAT BINARY)` reads.

    Columns are of shape (n,), int64, float64 or bool, or (n, K) float64 for a float8[]. In that, a place where every
    row has zero is sent as null: an array keeps no room for those.
    """
    rows, kind = len(next(iter(columns.values()))), _written_type(columns)
    sent = io.BytesIO(SIGNATURE)
    sent.seek(len(SIGNATURE) + rows * kind.itemsize)
    sent.write(TRAILER)
    # Filled in where it lies: what is written of twenty thousand accounts is worth no copy.
    table = np.frombuffer(sent.getbuffer(), dtype=kind, count=rows, offset=len(SIGNATURE))
    table.view(f"V{kind.itemsize}")[:] = _empty_row(columns, kind).view(f"V{kind.itemsize}")
    for name, values in columns.items():
        if values.ndim == 1:
            table[name] = values
        else:
            for place in _places(values):
                table[name][f"value {place}"] = values[:, place]
    sent.seek(0)
    return sent


def _places(values: npt.NDArray[np.float64]) -> list[int]:
    places: list[int] = np.flatnonzero(values.any(axis=0)).tolist()
    return places


def _written_type(columns: Table) -> np.dtype[Any]:
    fields: list[tuple[Any, ...]] = [("field_count", ">i2")]
    for name, values in columns.items():
        fields += [(f"{name} width", ">i4"), (name, _field_type(values))]
    return np.dtype(fields)


def _field_type(values: npt.NDArray[Any]) -> Any:
    if values.ndim == 1:
        return {"b": "?", "i": ">i8", "f": ">f8"}[values.dtype.kind]
    places = set(_places(values))
    elements = [
        (f"{what} {place}", kind)
        for place in range(values.shape[1])
        for what, kind in (("width", ">i4"), ("value", ">f8"))
        if what == "width" or place in places
    ]
    return np.dtype([(name, ">i4") for name in ARRAY_HEADER] + elements)


def _empty_row(columns: Table, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return a row in which only the values are missing."""
    row = np.zeros(1, dtype=kind)
    row["field_count"] = len(columns)
    for name, values in columns.items():
        row[f"{name} width"] = kind[name].itemsize
        if values.ndim > 1:
            places = set(_places(values))
            header = (1, int(len(places) < values.shape[1]), FLOAT8_OID, values.shape[1], 1)
            for field, number in zip(ARRAY_HEADER, header, strict=True):
                row[name][field] = number
            for place in range(values.shape[1]):
                row[name][f"width {place}"] = 8 if place in places else -1
    return row
