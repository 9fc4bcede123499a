"""Who answered for an incident on a past day: the loads of a reading, with shares as they stood then.

An incident only knows who answers for it now. A department that took it over later had no part in it yet on that day.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from django.db import connection

from retention.scoring.engine import Floats
from retention.scoring.features import DAY, Facts
from retention.scoring.moving import Part, Past

PARTS_SQL: Final = """
    SELECT part.account_id, part.incident_id, incident.public_id, part.department_id, kind.name,
           part.share, part.severity * kind.weight, kind.half_life_days,
           date_part('epoch', greatest(part.happened_at, part.recorded_at)), part.resolved_at
    FROM departments_responsibility AS part
    JOIN departments_incident AS incident ON incident.id = part.incident_id
    JOIN departments_frictiontype AS kind ON kind.id = part.friction_type_id
    WHERE part.incident_id = ANY(%(incidents)s)
    ORDER BY part.id
"""


@dataclass(frozen=True, slots=True)
class PastShares:
    """The parts of all incidents that were handed on since some moment."""

    past: Past
    parts: tuple[Part, ...]

    @classmethod
    def read(cls, account_ids: Sequence[int], since: datetime.datetime) -> Self:
        """Read what was handed on since a moment; nothing is read of the many incidents that never were."""
        past = Past.of(account_ids, since)
        with connection.cursor() as cursor:
            cursor.execute(PARTS_SQL, {"incidents": list(past.hand_offs)})
            return cls(past, tuple(Part(*row) for row in cursor.fetchall()))

    def loads(self, facts: Facts, loads: Floats, half_life_factor: float) -> Floats:
        """Return loads (n, D) of a reading with every share as it stood then."""
        parts = [part for part in self.parts if not part.is_newer_than(facts.as_of)]
        moved = np.array(self.past.shares(parts, facts.as_of)) - np.array([part.share for part in parts])
        columns = {pk: column for column, pk in enumerate(facts.department_ids)}
        rows = {pk: row for row, pk in enumerate(facts.account_ids.tolist())}
        corrected = loads.copy()
        for place in np.flatnonzero(np.abs(moved) > 1e-9).tolist():
            part = parts[place]
            if part.account_id in rows:
                left = part.weight * _decay(part, facts.as_of, half_life_factor)
                corrected[rows[part.account_id], columns[part.department_id]] += moved[place] * left
        # What is taken away was added with other rounding.
        return np.maximum(corrected, 0.0)


def _decay(part: Part, moment: datetime.datetime, half_life_factor: float) -> float:
    if part.resolved_at is None or part.resolved_at > moment:
        return 1.0
    days = (moment - part.resolved_at).total_seconds() / DAY
    return float(0.5 ** (days / (part.half_life_days * half_life_factor)))
