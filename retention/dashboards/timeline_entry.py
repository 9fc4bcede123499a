"""One line of an account's timeline."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """When it was, of which kind, and what to say of it."""

    at: datetime.datetime
    kind: str
    icon: str
    words: str
    detail: str = ""
    url: str = ""
