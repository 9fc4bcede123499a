"""How incidents stood on a past day: the loads of a reading, with shares, grades and resolutions as they were then.

An incident only knows how it stands now. A department that took it over later, or had it given by a ruling, had no part
in it yet on that day; a duplicate that was merged away later still counted; what was reopened since was resolved.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
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

    def differing(self, facts: Facts) -> "Differing":
        """Return what was otherwise at the moment of a reading."""
        moment = facts.as_of
        columns = {pk: column for column, pk in enumerate(facts.department_ids)}
        rows = {pk: row for row, pk in enumerate(facts.account_ids.tolist())}
        parts = [part for part in self.parts if not part.is_newer_than(moment)]
        shares = self.past.shares(parts, moment)
        both = [(part, share) for part, share in zip(parts, shares, strict=True) if part.account_id in rows]
        return Differing(
            np.array([rows[part.account_id] for part, _ in both], dtype=np.intp),
            np.array([columns[part.department_id] for part, _ in both], dtype=np.intp),
            _Loads.of([self._then(part, share, moment) for part, share in both]),
            _Loads.of(
                [(part.share * part.weight, part.half_life_days, _age(part.resolved_at, moment)) for part, _ in both]
            ),
        )

    def _then(self, part: Part, share: float, moment: datetime.datetime) -> tuple[float, float, float]:
        weight, half_life_days = self.past.grade(part, moment)
        return share * weight, half_life_days, _age(self.past.resolved_at(part, moment), moment)


def _age(resolved_at: datetime.datetime | None, moment: datetime.datetime) -> float:
    """Return the days for which an incident had been resolved by a moment, 0 while it was open."""
    return 0.0 if resolved_at is None else max((moment - resolved_at).total_seconds() / DAY, 0.0)


@dataclass(frozen=True, slots=True)
class _Loads:
    """Undecayed loads of m parts, the half-lives that they decay with, and for how long, in days. (m,) each."""

    undecayed: Floats
    half_life_days: Floats
    age_days: Floats

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, float]]) -> Self:
        return cls(*np.array(rows, dtype=np.float64).reshape(-1, 3).T)

    def left(self, half_life_factor: float) -> Floats:
        return np.asarray(self.undecayed * 0.5 ** (self.age_days / (self.half_life_days * half_life_factor)))


@dataclass(frozen=True, slots=True)
class Differing:
    """The m parts that stood otherwise at the moment of a reading: in which row and column of its loads, how they
    stood then, and how they stand now."""

    row: npt.NDArray[np.intp]
    column: npt.NDArray[np.intp]
    then: _Loads
    now: _Loads

    def corrected(self, loads: Floats, half_life_factor: float = 1.0) -> Floats:
        """Return loads (n, D) of the reading, decayed with half-lives so many times the catalogue's, with every
        incident as it stood then."""
        corrected = loads.copy()
        change = self.then.left(half_life_factor) - self.now.left(half_life_factor)
        np.add.at(corrected, (self.row, self.column), change)
        # What is taken away was added with other rounding.
        return np.maximum(corrected, 0.0)
