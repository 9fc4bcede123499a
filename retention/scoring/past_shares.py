"""How incidents stood on a past day: the loads of a reading, with shares, grades and resolutions as they were then.

An incident only knows how it stands now. A department that took it over later, or had it given by a ruling, had no part
in it yet on that day; a duplicate that was merged away later still counted; what was reopened since was resolved.
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
    """The parts of all incidents that stood otherwise at some time since a moment."""

    past: Past
    parts: tuple[Part, ...]

    @classmethod
    def read(cls, account_ids: Sequence[int], since: datetime.datetime) -> Self:
        """Read what stood otherwise since a moment; nothing is read of the many incidents that never did."""
        past = Past.of(account_ids, since)
        with connection.cursor() as cursor:
            cursor.execute(PARTS_SQL, {"incidents": list(past.incidents)})
            return cls(past, tuple(Part(*row) for row in cursor.fetchall()))

    def loads(self, facts: Facts, loads: Floats, half_life_factor: float) -> Floats:
        """Return loads (n, D) of a reading with every incident as it stood then."""
        parts = [part for part in self.parts if not part.is_newer_than(facts.as_of)]
        shares = self.past.shares(parts, facts.as_of)
        columns = {pk: column for column, pk in enumerate(facts.department_ids)}
        rows = {pk: row for row, pk in enumerate(facts.account_ids.tolist())}
        corrected = loads.copy()
        for part, share in zip(parts, shares, strict=True):
            if part.account_id in rows:
                change = self._then(part, share, facts.as_of, half_life_factor) - _now(
                    part, facts.as_of, half_life_factor
                )
                corrected[rows[part.account_id], columns[part.department_id]] += change
        # What is taken away was added with other rounding.
        return np.maximum(corrected, 0.0)

    def _then(self, part: Part, share: float, moment: datetime.datetime, half_life_factor: float) -> float:
        weight, half_life_days = self.past.grade(part, moment)
        resolved_at = self.past.resolved_at(part, moment)
        return share * weight * _decay(resolved_at, moment, half_life_days * half_life_factor)


def _now(part: Part, moment: datetime.datetime, half_life_factor: float) -> float:
    """Return what the part of an incident as it stands now weighed in the reading."""
    return part.share * part.weight * _decay(part.resolved_at, moment, part.half_life_days * half_life_factor)


def _decay(resolved_at: datetime.datetime | None, moment: datetime.datetime, half_life_days: float) -> float:
    if resolved_at is None or resolved_at > moment:
        return 1.0
    return float(0.5 ** ((moment - resolved_at).total_seconds() / DAY / half_life_days))
