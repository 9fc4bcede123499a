"""Columns in as few bytes as hold each of their values exactly, to the last bit.

What scoring keeps is read and copied several times on its way, so that half the bytes are half the time. Each column is
tried in narrower forms, the narrowest first, and takes the first one that gives back what was put in: one value for
all, how often each whole number follows, whole numbers above the least of them, hundredths (money), halves of the
precision, and as it is. Nothing here knows what a column means.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
# What a column begins with: its form, its least value (or the number of runs), and the bytes that follow, whole words.
HEADER: Final = struct.Struct("<qqq")
WORD: Final = 8


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a column: what is stored, of a kind, and a whole number beside it; None where it cannot.

    `read` takes what was stored, that number, the column's length and its kind.
    """

    write: Callable[[Column], tuple[int, Column] | None]
    read: Callable[[Column, int, int, np.dtype[Any]], Column]
    stored: str


def _constant(values: Column) -> tuple[int, Column] | None:
    return 0, values[:1].view("<u8" if values.itemsize == WORD else "<u4").astype("<u8")


def _read_constant(stored: Column, least: int, count: int, kind: np.dtype[Any]) -> Column:
    unsigned = stored.astype("<u8" if kind.itemsize == WORD else "<u4")
    return np.full(count, unsigned.view(kind)[0])


def _runs(values: Column) -> tuple[int, Column] | None:
    if values.dtype.kind != "i" or values[0] < 0 or values[-1] >= len(values) or (np.diff(values) < 0).any():
        return None
    counts = np.bincount(values)
    return (len(counts), counts.astype("<u2")) if len(counts) < len(values) // 2 else None


def _read_runs(stored: Column, least: int, count: int, kind: np.dtype[Any]) -> Column:
    return np.repeat(np.arange(least, dtype=kind), stored[:least])


def _above(stored: str, scale: float) -> Callable[[Column], tuple[int, Column] | None]:
    most = float(np.iinfo(stored).max)

    def write(values: Column) -> tuple[int, Column] | None:
        whole = np.rint(values * scale) if values.dtype.kind == "f" else values
        least, highest = float(whole.min()), float(whole.max())
        if not (highest - least <= most and abs(least) < 2**53 and abs(highest) < 2**53):
            return None
        return int(least), (whole - whole.dtype.type(least)).astype(stored)

    return write


def _read_above(scale: float) -> Callable[[Column, int, int, np.dtype[Any]], Column]:
    def read(stored: Column, least: int, count: int, kind: np.dtype[Any]) -> Column:
        values = stored[:count].astype(kind)
        values += kind.type(least)
        if scale != 1.0:
            values /= scale
        return values

    return read


def _half(values: Column) -> tuple[int, Column] | None:
    with np.errstate(over="ignore"):
        return (0, values.astype("<f4")) if values.dtype.kind == "f" else None


def _read_as_is(stored: Column, least: int, count: int, kind: np.dtype[Any]) -> Column:
    return stored[:count].astype(kind, copy=False)


# By their numbers in what is stored: a form never changes its place.
FORMS: Final = (
    Form(_constant, _read_constant, "<u8"),
    Form(_runs, _read_runs, "<u2"),
    Form(_above("<u1", 1.0), _read_above(1.0), "<u1"),
    Form(_above("<u2", 1.0), _read_above(1.0), "<u2"),
    Form(_above("<u4", 1.0), _read_above(1.0), "<u4"),
    Form(_half, _read_as_is, "<f4"),
    Form(_above("<u4", 100.0), _read_above(100.0), "<u4"),
)
AS_IS: Final = len(FORMS)


def pack(values: Column) -> bytes:
    """Return a column of floats or whole numbers of four or eight bytes, (n,), as `unpack` reads it, in whole words."""
    for number, form in enumerate(FORMS if len(values) else ()):
        written = form.write(values)
        if written is not None and _gives_back(form, *written, values):
            return _column(number, *written)
    return _column(AS_IS, 0, values)


def unpack(data: bytes | memoryview, offset: int, count: int, kind: str) -> Column:
    """Return the column of so many values of a kind that begins at an offset."""
    number, least, width = _header(data, offset)
    read, written_as = (FORMS[number].read, FORMS[number].stored) if number < AS_IS else (_read_as_is, kind)
    size = np.dtype(written_as).itemsize
    stored = np.frombuffer(data, dtype=written_as, count=width // size, offset=offset + HEADER.size)
    return read(stored, least, count, np.dtype(kind))


def end_of(data: bytes | memoryview, offset: int) -> int:
    """Return where the column that begins at an offset ends."""
    return offset + HEADER.size + _header(data, offset)[2]


def _header(data: bytes | memoryview, offset: int) -> tuple[int, int, int]:
    number, least, width = HEADER.unpack_from(data, offset)
    return number, least, width


def _gives_back(form: Form, least: int, stored: Column, values: Column) -> bool:
    read = form.read(stored, least, len(values), values.dtype)
    return read.tobytes() == values.tobytes()


def _column(number: int, least: int, stored: Column) -> bytes:
    data = stored.tobytes()
    data += bytes(-len(data) % WORD)
    return HEADER.pack(number, least, len(data)) + data
