"""What was packed comes back as it was, to the last bit, in as few bytes as it needs."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from retention.scoring.packing import HEADER, end_of, pack, unpack

NAN = float("nan")
RANDOM = np.random.default_rng(7)

COLUMNS = {
    "nothing": (np.zeros(0), 0),
    "one value": (np.full(100, NAN), 8),
    "one whole number": (np.full(100, -7, dtype=np.int32), 8),
    "accounts of rows": (np.repeat(np.arange(50, dtype=np.int32), 4), 104),
    "accounts of rows, some without": (np.repeat(np.arange(1, 100, 2, dtype=np.int32), 6), 200),
    "few whole numbers": (RANDOM.integers(1000, 1200, 100), 104),
    "days": (RANDOM.integers(20_000, 21_000, 100).astype(np.int32), 200),
    "ids": (RANDOM.integers(5_000_000, 6_000_000, 100), 400),
    "wide ids": (RANDOM.integers(0, 2**60, 100), 800),
    "days as floats": (np.append(RANDOM.integers(20_000, 21_000, 99) + 0.0, NAN), 400),
    "money": (RANDOM.integers(1_000_001, 99_999_999, 100) / 100, 400),
    "money of a great company": (RANDOM.integers(10**12, 10**13, 100) / 100, 800),
    "numbers": (RANDOM.random(100), 800),
    "zeros with and without sign": (np.array([0.0, -0.0, 1.5, NAN, np.inf, -np.inf, 1e300, 5e-324]), 64),
    "descending": (np.arange(100, 0, -1, dtype=np.int32), 104),
    "below zero": (np.array([-3, -2, -2, 5], dtype=np.int64), 8),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_to_the_last_bit(name: str) -> None:
    values, width = COLUMNS[name]
    before = b"12345678"
    packed = before + pack(values)
    read = unpack(packed, len(before), len(values), values.dtype.str)
    assert read.dtype == values.dtype
    assert read.tobytes() == values.tobytes()
    assert end_of(packed, len(before)) == len(packed)
    assert len(packed) - len(before) - HEADER.size == width


@pytest.mark.parametrize("seed", range(40))
def test_whatever_column_comes_back_to_the_last_bit(seed: int) -> None:
    values = random_column(np.random.default_rng(seed))
    assert unpack(pack(values), 0, len(values), values.dtype.str).tobytes() == values.tobytes()


def random_column(random: np.random.Generator) -> npt.NDArray[Any]:
    count, least = int(random.integers(1, 60)), int(random.integers(-(2**40), 2**40))
    whole = least + random.integers(0, int(2 ** random.integers(1, 50)), count)
    kind = random.integers(4)
    if kind == 0:
        return whole
    if kind == 1:
        return np.sort(random.integers(0, count, count)).astype(np.int32)
    values: npt.NDArray[np.float64] = whole / (100.0 if kind == 2 else 7.0)
    values[random.random(count) < 0.2] = random.choice([NAN, 0.0, -0.0, np.inf])
    return values
