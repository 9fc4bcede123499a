"""One thing that waits for a person."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """How many of it wait, in which words, and where to answer."""

    count: int
    words: str
    url: str
    is_urgent: bool
