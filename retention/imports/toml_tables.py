"""One table of a TOML file, asked key by key; what is wrong is told by file, table and key."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retention.imports.errors import MappingError


@dataclass(frozen=True)
class TomlTable:
    """A table with the name it is spoken of by; the top level has an empty one."""

    file: str
    name: str
    content: dict[str, Any]

    def wrong(self, key: str, problem: str) -> MappingError:
        """The error to raise for a key of this table."""
        return MappingError(self.file, self.name, key, problem)

    def only_knows(self, known: Collection[str]) -> None:
        """Refuse keys that are not known: a misspelt key would be passed over in silence."""
        for key in self.content:
            if key not in known:
                raise self.wrong(key, f"is not known here (known: {', '.join(sorted(known))})")

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text, which must be there and not be empty unless there is a default."""
        value = self.content.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.wrong(key, "must be a text" if key in self.content else "is missing")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text that may be absent."""
        return self.text(key) if key in self.content else None

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts; a single text stands for a list of one."""
        value = self.content.get(key, list(default))
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise self.wrong(key, "must be a text or a list of texts")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """True or false; false where absent."""
        value = self.content.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def whole_number(self, key: str) -> int:
        """A number of 0 or more; 0 where absent."""
        value = self.content.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(key, "must be a whole number, 0 or more")
        return value

    def timezone(self, default: ZoneInfo) -> ZoneInfo:
        """The time zone under the key `timezone`."""
        name = self.optional_text("timezone")
        try:
            return ZoneInfo(name) if name else default
        except (ZoneInfoNotFoundError, ValueError):
            raise self.wrong("timezone", f"there is no time zone {name!r}") from None

    def table(self, key: str) -> "TomlTable":
        """The table under a key; an empty one where absent."""
        content = self.content.get(key, {})
        if not isinstance(content, dict):
            raise self.wrong(key, "must be a table")
        return TomlTable(self.file, f"{self.name}.{key}" if self.name else key, content)

    def tables(self, key: str) -> list["TomlTable"]:
        """The tables headed [[key]], spoken of by their number."""
        tables = self.content.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.wrong(key, f"must be tables, each headed [[{key}]]")
        return [TomlTable(self.file, f"{key} {number}", table) for number, table in enumerate(tables, start=1)]
