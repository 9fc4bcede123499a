"""Statements that the database plans once for each connection: to plan one takes longer than to find a few rows by it.

Whatever is asked for a whole range of accounts is planned anew each time, since there the plan is what matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts import by_name


@dataclass(frozen=True, eq=False)
class Planned:
    """A statement and the types of its parameters, by the names that its words give them: `%(ids)s`."""

    words: str
    kinds: Mapping[str, str]

    def execute(self, cursor: CursorWrapper, parameters: Mapping[str, Any], *, ahead: str = "") -> None:
        """Ask with these parameters, after the statements `ahead`, all in one message; the rows are this one's.

        The plan does not look at the parameters: it is for few rows, which are found by index, whichever they are.
        """
        name = self.known_as or by_name.another_name()
        given = f" ({', '.join(f'%({kind})s' for kind in self.kinds)})" if self.kinds else ""
        words = f"SET LOCAL plan_cache_mode = force_generic_plan; EXECUTE {name}{given}"
        words = f"{ahead}; {words}" if ahead else words
        cursor.execute(words if self.known_as else f"{self._preparing(name)}; {words}", parameters)
        by_name.remember(connection.connection, self, name)

    @property
    def known_as(self) -> str | None:
        """Return the name by which this connection knows it, None before it is first asked."""
        return by_name.known_as(connection.connection, self)

    def _preparing(self, name: str) -> str:
        numbered = {kind: f"${number}" for number, kind in enumerate(self.kinds, start=1)}
        statement = (self.words % numbered).replace("%", "%%")
        kinds = f" ({', '.join(self.kinds.values())})" if self.kinds else ""
        return f"PREPARE {name}{kinds} AS {statement}"
