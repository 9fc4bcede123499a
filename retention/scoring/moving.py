"""From the database to movement: what was known of accounts at two moments, and what became of their incidents.

Facts are read as recorded by each moment. Who answered for an incident then, and whether it was resolved then, is read
from the record of hand-offs and reopenings, since the incident itself only knows how it stands now.
"""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import QuerySet

from accounts.prepared import PlannedAnew, among, given
from departments.models import Answer, Direction, HandOff, IncidentEvent, PastPart
from retention.scoring.engine import Floats, Inputs, ScoringModel
from retention.scoring.features import DAY, Facts, Scope, build_inputs, read_facts
from retention.scoring.movement import Cause, Movement, Parts, Passage, split_between_models

PARTS_SQL: Final = """
    SELECT part.account_id, part.incident_id, incident.public_id, part.department_id, kind.name,
           part.share, part.severity * kind.weight, kind.half_life_days,
           date_part('epoch', greatest(part.happened_at, part.recorded_at)), part.resolved_at
    FROM departments_responsibility AS part
    JOIN departments_incident AS incident ON incident.id = part.incident_id
    JOIN departments_frictiontype AS kind ON kind.id = part.friction_type_id
    WHERE part.account_id = ANY(%(accounts)s) AND part.happened_at <= %(until)s AND part.recorded_at <= %(until)s
    ORDER BY part.id
"""

STOOD_SQL: Final = """
    SELECT past.incident_id, past.until, past.department_id, past.share,
           past.severity * kind.weight, kind.half_life_days
    FROM departments_pastpart AS past
    JOIN departments_frictiontype AS kind ON kind.id = past.friction_type_id
    WHERE past.account_id = ANY(%(accounts)s) AND past.until > %(since)s
    ORDER BY past.incident_id, past.until
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One department's part in one incident, as it stands now."""

    account_id: int
    incident_id: int
    incident: uuid.UUID
    department_id: int
    kind: str
    share: float
    weight: float
    half_life_days: float
    known_from: float
    resolved_at: datetime.datetime | None

    def is_newer_than(self, moment: datetime.datetime) -> bool:
        """Return whether the incident was not on record at the moment."""
        return self.known_from > moment.timestamp()


@dataclass(frozen=True, slots=True)
class Stood:
    """How an incident stood until a moment: each department's share, and what the incident weighed."""

    until: datetime.datetime
    shares: Mapping[int, float]
    weight: float
    half_life_days: float


def _hand_offs() -> QuerySet[HandOff]:
    accepted = HandOff.objects.order_by("answered_at", "pk").filter(answer=Answer.ACCEPTED)
    moved = accepted.filter(answered_at__gt=given("since"), incident__account=among("accounts"))
    told = accepted.filter(incident__in=moved.order_by().values("incident"))
    return told.exclude(incident__in=PastPart.objects.order_by().values("incident"))


def _reopenings() -> QuerySet[IncidentEvent, tuple[int, datetime.datetime, str]]:
    reopened = IncidentEvent.objects.filter(verb="reopened", at__gt=given("since"), incident__account=among("accounts"))
    return reopened.values_list("incident", "at", "details__resolved_at")


_HAND_OFFS, _REOPENINGS = PlannedAnew(_hand_offs), PlannedAnew(_reopenings)


@dataclass(frozen=True, slots=True)
class Past:
    """What became of incidents since a moment: other shares or grades, and times that ended by a reopening.

    `stood` is in order of time. `hand_offs` tell of incidents whose shares moved before that was kept.
    """

    stood: Mapping[int, Sequence[Stood]]
    hand_offs: Mapping[int, Sequence[HandOff]]
    reopenings: Mapping[int, Sequence[tuple[datetime.datetime, datetime.datetime]]]

    @classmethod
    def of(cls, account_ids: Sequence[int], since: datetime.datetime) -> Self:
        stood = _stood(account_ids, since)
        hand_offs: dict[int, list[HandOff]] = defaultdict(list)
        for one in _HAND_OFFS(accounts=list(account_ids), since=since):
            hand_offs[one.incident_id].append(one)
        reopenings: dict[int, list[tuple[datetime.datetime, datetime.datetime]]] = defaultdict(list)
        for incident, at, resolved_at in _REOPENINGS(accounts=list(account_ids), since=since):
            reopenings[incident].append((datetime.datetime.fromisoformat(resolved_at), at))
        return cls(stood, hand_offs, reopenings)

    @property
    def incidents(self) -> set[int]:
        """Return the incidents that stood otherwise at some time."""
        return {*self.stood, *self.hand_offs, *self.reopenings}

    def shares_of(self, incident: int, moment: datetime.datetime) -> Mapping[int, float] | None:
        """Return who answered for which share at the moment, by department key; None where it stands so still."""
        then = self._stood(incident, moment)
        return then.shares if then else None

    def grade(self, part: Part, moment: datetime.datetime) -> tuple[float, float]:
        """Return severity × weight and the half-life, in days, of a part's incident as they stood at the moment."""
        then = self._stood(part.incident_id, moment)
        return (then.weight, then.half_life_days) if then else (part.weight, part.half_life_days)

    def _stood(self, incident: int, moment: datetime.datetime) -> Stood | None:
        return next((one for one in self.stood.get(incident, ()) if one.until > moment), None)

    def resolved_at(self, part: Part, moment: datetime.datetime) -> datetime.datetime | None:
        """Return when the incident had been resolved, as it stood at the moment; None if it was open."""
        for resolved_at, reopened_at in self.reopenings.get(part.incident_id, ()):
            if resolved_at <= moment < reopened_at:
                return resolved_at
        return part.resolved_at if part.resolved_at and part.resolved_at <= moment else None

    def shares(self, parts: Sequence[Part], moment: datetime.datetime) -> list[float]:
        """Return the share of each part as it stood at the moment: all parts of each incident are to be given."""
        now: dict[int, dict[int, float]] = defaultdict(dict)
        for part in parts:
            now[part.incident_id][part.department_id] = part.share
        then = {incident: self._replayed(incident, shares, moment) for incident, shares in now.items()}
        return [then[part.incident_id].get(part.department_id, 0.0) for part in parts]

    def _replayed(self, incident: int, now: Mapping[int, float], moment: datetime.datetime) -> Mapping[int, float]:
        if then := self._stood(incident, moment):
            return then.shares
        hand_offs = self.hand_offs.get(incident, ())
        if not hand_offs or _answered(hand_offs[-1]) <= moment:
            return now
        sides = [_sides(hand_off) for hand_off in hand_offs]
        movers = {one for pair in sides for one in pair}
        shares = {department: share for department, share in now.items() if department not in movers}
        # What the others never held, whoever gave first had at the beginning.
        shares[sides[0][0]] = 1.0 - sum(shares.values())
        for hand_off, (giver, taker) in zip(hand_offs, sides, strict=True):
            if _answered(hand_off) <= moment:
                moved = shares.get(giver, 0.0) * hand_off.share
                shares[giver] = shares.get(giver, 0.0) - moved
                shares[taker] = shares.get(taker, 0.0) + moved
        return shares


def _sides(hand_off: HandOff) -> tuple[int, int]:
    """Return who gave and who took: whoever asks may have offered to take."""
    asked = (hand_off.from_department_id, hand_off.to_department_id)
    return asked if hand_off.direction == Direction.GIVE else asked[::-1]


def _stood(account_ids: Sequence[int], since: datetime.datetime) -> dict[int, list[Stood]]:
    with connection.cursor() as cursor:
        cursor.execute(STOOD_SQL, {"accounts": list(account_ids), "since": since})
        rows = cursor.fetchall()
    found: dict[int, list[Stood]] = defaultdict(list)
    for (incident, until), group in groupby(rows, itemgetter(0, 1)):
        parts = list(group)
        shares = {department: share for _, _, department, share, _, _ in parts}
        found[incident].append(Stood(until, shares, *parts[0][4:]))
    return found


def _answered(hand_off: HandOff) -> datetime.datetime:
    assert hand_off.answered_at is not None  # noqa: S101 - accepted ones are
    return hand_off.answered_at


@dataclass(frozen=True, slots=True)
class Moved:
    """The movement of n accounts between two moments, with the parts of incidents that it was split over.

    `records` and `causes` have one entry per part of `parts`; `departments` are the slugs that the parts count by.
    """

    account_ids: npt.NDArray[np.int64]
    departments: tuple[str, ...]
    movement: Movement
    parts: Parts
    records: Sequence[Part]
    causes: Sequence[Cause]


def read_movement(
    account_ids: Sequence[int],
    moments: tuple[datetime.datetime, datetime.datetime],
    models: tuple[ScoringModel, ScoringModel],
    facts: Facts | None = None,
) -> Moved:
    """Split why the risks of accounts moved from the first moment and model to the second: a fixed number of queries.

    Accounts that were no customers at one of the moments are left out. `facts` are those of the later moment, where
    they have been read already for just these accounts and the later model.
    """
    reading = _Reading(account_ids, moments)
    if facts is not None:
        reading.take(facts, models[1])
    passages = [reading.passage(model) for model in (models[:1] if models[0] is models[1] else models)]
    parts, records, causes = _parts(reading, moments)
    movement = split_between_models(passages[0], passages[-1], parts)
    return Moved(reading.known, reading.facts(0, models[0]).departments, movement, parts, records, causes)


class _Reading:
    """The facts of accounts at two moments, read once for models that look back equally far."""

    def __init__(self, account_ids: Sequence[int], moments: tuple[datetime.datetime, datetime.datetime]) -> None:
        self.account_ids, self.moments = list(account_ids), moments
        self._read: dict[tuple[int, float], Facts] = {}
        self.known: npt.NDArray[np.int64] = np.array([], dtype=np.int64)

    def facts(self, place: int, model: ScoringModel) -> Facts:
        key = (place, model.window_days)
        if key not in self._read:
            scope = Scope.of_ids(self.account_ids)
            self._read[key] = read_facts(scope, self.moments[place], model.window_days)
        return self._read[key]

    def take(self, facts: Facts, model: ScoringModel) -> None:
        """Take facts of the later moment that were read for a model."""
        if facts.as_of == self.moments[1]:
            self._read[1, model.window_days] = facts

    def passage(self, model: ScoringModel) -> Passage:
        before, after = self.facts(0, model), self.facts(1, model)
        self.known = np.intersect1d(before.account_ids, after.account_ids)
        return Passage(self._inputs(before, model), self._inputs(after, model), model.weights)

    def _inputs(self, facts: Facts, model: ScoringModel) -> Inputs:
        places = np.searchsorted(facts.account_ids, self.known)
        inputs = build_inputs(facts, model)
        return replace(
            inputs,
            rhythm_before=inputs.rhythm_before[places],
            contract=inputs.contract[places],
            loads=inputs.loads[places],
            exposure=inputs.exposure[places],
            care={key: values[places] for key, values in inputs.care.items()},
            rhythm_since=inputs.rhythm_since[places],
        )

    @property
    def department_ids(self) -> tuple[int, ...]:
        return next(iter(self._read.values())).department_ids


def _parts(
    reading: _Reading, moments: tuple[datetime.datetime, datetime.datetime]
) -> tuple[Parts, list[Part], list[Cause]]:
    known = reading.known.tolist()
    records = _records(known, moments[1])
    past = Past.of(known, moments[0])
    resolved = [[past.resolved_at(part, moment) for part in records] for moment in moments]
    grades = [[past.grade(part, moment) for part in records] for moment in moments]
    units = [_units(records, *then) for then in zip(grades, resolved, moments, strict=True)]
    shares = [np.array(past.shares(records, moment), dtype=np.float64) for moment in moments]
    is_new = np.array([part.is_newer_than(moments[0]) for part in records], dtype=np.bool_)
    parts = Parts(
        np.searchsorted(reading.known, [part.account_id for part in records]).astype(np.intp),
        np.searchsorted(reading.department_ids, [part.department_id for part in records]).astype(np.intp),
        # What is new came with the share that it has: nothing was taken from anybody.
        np.where(is_new, shares[1], shares[0]),
        shares[1],
        units[0],
        units[1],
    )
    changed = [one != other for one, other in zip(*grades, strict=True)]
    causes = [
        Cause.REGRADED if is_regraded and not part.is_newer_than(moments[0]) else _cause(part, moments[0], *ends)
        for part, is_regraded, *ends in zip(records, changed, *resolved, strict=True)
    ]
    return parts, records, causes


def _records(account_ids: Sequence[int], until: datetime.datetime) -> list[Part]:
    parameters: dict[str, Any] = {"accounts": list(account_ids), "until": until}
    with connection.cursor() as cursor:
        cursor.execute(PARTS_SQL, parameters)
        return [Part(*row) for row in cursor.fetchall()]


def _units(
    records: Sequence[Part],
    grades: Iterable[tuple[float, float]],
    resolved: Iterable[datetime.datetime | None],
    moment: datetime.datetime,
) -> Floats:
    """Return severity x weight x decay of each part at a moment; 0 for what was not on record. Shape (m,)."""
    now = moment.timestamp()
    return np.array(
        [
            0.0
            if part.known_from > now
            else weight
            if end is None
            else weight * 0.5 ** ((now - end.timestamp()) / DAY / half_life_days)
            for part, (weight, half_life_days), end in zip(records, grades, resolved, strict=True)
        ],
        dtype=np.float64,
    )


def _cause(
    part: Part, since: datetime.datetime, before: datetime.datetime | None, after: datetime.datetime | None
) -> Cause:
    if part.is_newer_than(since):
        return Cause.NEW
    if before is not None:
        return Cause.DECAYED if after is not None else Cause.REOPENED
    return Cause.RESOLVED
