"""Rounding by largest remainders: displayed parts add up to the displayed total."""

from __future__ import annotations

import math
from collections.abc import Sequence


def rounded_parts(values: Sequence[float], total: int) -> list[int]:
    """Round values to whole numbers that sum to `total`; no value moves by one or more where that can be.

    It can be wherever the total is the values' sum rounded up or down. What lies nearest to the next number goes there
    first; equal remainders go in the order given. Without values there is nothing to round, whatever the total.
    """
    if not values:
        return []
    whole = [math.floor(value) for value in values]
    each, missing = divmod(total - sum(whole), len(values))
    by_remainder = sorted(range(len(values)), key=lambda place: whole[place] - values[place])
    fuller = set(by_remainder[:missing])
    return [number + each + (place in fuller) for place, number in enumerate(whole)]
