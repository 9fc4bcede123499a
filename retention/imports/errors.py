"""What can be wrong with a mapping, with a file as a whole, and with one line of it."""

from typing import NamedTuple


class MappingError(Exception):
    """A mapping that cannot be used; the message names the file, the table and the key."""

    def __init__(self, name: str, table: str, key: str, problem: str) -> None:
        place = " ".join(part for part in (f"[{table}]" if table else "", key) if part)
        super().__init__(f"{name}: {place}: {problem}" if place else f"{name}: {problem}")


class UnreadableFile(Exception):  # noqa: N818 - named for what it is, as a person reads it
    """A file that cannot be read at all, or not to its end; the message names it and says why."""


class BadValue(ValueError):  # noqa: N818 - not a failure of the program
    """A value that its column's type cannot read; the message is the reason as a person reads it."""


class Refusal(NamedTuple):
    """One line, or one record made from lines, that was not taken."""

    file: str
    line: int
    field: str
    value: str
    reason: str
