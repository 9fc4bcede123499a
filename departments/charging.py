"""The three clocks of an incident: the customer's, the department's, and what each was waited for.

The rule: every moment from the day we knew of it to the day it was put right is charged to one side. From being asked
until it answers, the time is the asked department's; while a wait lasts, it is theirs who are waited for; otherwise it
is the department's that holds the incident. Waiting for the customer or a supplier is charged to no department.
The customer's clock runs from when it happened and never starts again. A dispute charges nobody else: until the other
side takes it, the time is the department's that disputes it.
"""

import dataclasses
import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from departments.clocks import Calendars
from departments.models import Department, HandOff, Incident, IncidentEvent, Wait, WaitEnd

ENDS = ("resolved", "merged", "signal_withdrawn")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time charged to one side: from when to when (None: still), why, and its working hours.

    `department` is None where nobody of ours is waited for: `whom` says who is, and the hours are those of the
    department that waits.
    """

    department: Department | None
    whom: str
    since: datetime.datetime
    until: datetime.datetime | None
    why: str
    hours: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """The customer's hours by the wall, the stretches in order, and the working hours in sum, by whom they are of."""

    customer_hours: float
    stretches: Sequence[Stretch]
    totals: Sequence[tuple[Department, float]]
    elsewhere: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A time that belongs to one department, or to whoever it waits for."""

    since: datetime.datetime
    until: datetime.datetime
    department: Department
    why: str
    wait: Wait | None = None


def clocks_of(
    incident: Incident,
    events: Iterable[IncidentEvent],
    hand_offs: Iterable[HandOff],
    departments: Mapping[str, Department],
    calendars: Calendars,
    now: datetime.datetime,
    waits: Sequence[Wait] = (),
) -> Clocks:
    """Return how long the customer has waited and for whom; `events` in order of time, departments by slug."""
    end = incident.resolved_at or now
    turns = list(_turns(incident, events, hand_offs, departments))
    pieces = [
        piece
        for turn, following in itertools.zip_longest(turns, turns[1:])
        if turn[1] is not None
        for piece in cut(Piece(turn[0], following[0] if following else end, turn[1], turn[2]), waits, end)
    ]
    last = pieces[-1] if pieces and incident.resolved_at is None else None
    stretches = [_stretch(piece, calendars, is_last=piece is last) for piece in pieces]
    totals: dict[Department, float] = {}
    elsewhere: dict[str, float] = {}
    for stretch in stretches:
        if stretch.department is not None:
            totals[stretch.department] = totals.get(stretch.department, 0.0) + stretch.hours
        else:
            elsewhere[stretch.whom] = elsewhere.get(stretch.whom, 0.0) + stretch.hours
    waited = end - incident.happened_at
    return Clocks(waited / datetime.timedelta(hours=1), stretches, _longest_first(totals), _longest_first(elsewhere))


def cut(piece: Piece, waits: Iterable[Wait], end: datetime.datetime) -> Iterator[Piece]:
    """Yield the piece with the waits cut out of it, and these as pieces of their own; `end` is that of open ones."""
    since = piece.since
    for wait in waits:
        begins, ends = max(wait.started_at, since), min(wait.ended_at or end, piece.until)
        if wait.end == WaitEnd.TAKEN_BACK or begins >= ends:
            continue
        if since < begins:
            yield dataclasses.replace(piece, since=since, until=begins)
        yield Piece(begins, ends, piece.department, f"is waited for: {wait.get_reason_display().lower()}", wait)
        since = ends
    if since < piece.until or since == piece.since:
        yield dataclasses.replace(piece, since=since)


def _stretch(piece: Piece, calendars: Calendars, *, is_last: bool) -> Stretch:
    charged = piece.wait.department if piece.wait else piece.department
    clock = charged or piece.department
    hours = calendars.of(clock.pk).working_hours_between(piece.since, piece.until)
    whom = piece.wait.whom if piece.wait else piece.department.name
    return Stretch(charged, whom, piece.since, None if is_last else piece.until, piece.why, hours)


_Whom = TypeVar("_Whom")


def _longest_first(hours: Mapping[_Whom, float]) -> list[tuple[_Whom, float]]:
    return sorted(hours.items(), key=lambda part: -part[1])


Turn = tuple[datetime.datetime, Department | None, str]


def _turns(
    incident: Incident,
    events: Iterable[IncidentEvent],
    hand_offs: Iterable[HandOff],
    departments: Mapping[str, Department],
) -> Iterator[Turn]:
    """Yield whose time begins when, and why; nobody's once it is put right."""
    # What is asked about a part charges nobody with the time: its holder goes on.
    asked = {str(one.public_id): one for one in hand_offs if not one.is_of_part}
    steps = list(events)
    holder = _first_holder(steps, departments) or departments.get(_first_giver(asked.values(), incident))
    why = "has not answered yet"
    for event in steps:
        if event.verb.startswith("part_"):
            continue
        holder = departments.get(str(event.details.get("holder", "")), holder)
        question = asked.get(str(event.details.get("hand_off") or event.details.get("asked_again") or ""))
        if event.verb in ("reported", "detected", "restored"):
            yield event.at, holder, why
        elif event.verb in ("handed_off", "offered") and question is not None:
            yield event.at, question.to_department, f"was asked: {question.get_reason_display().lower()}"
        elif event.verb == "undone" and event.details.get("asked_again") and question is not None:
            yield event.at, question.to_department, "was asked"
        elif event.verb == "disputed":
            yield event.at, holder, "disputes it"
        elif event.verb in ("returned", "withdrawn", "dispute_withdrawn", "undone"):
            yield event.at, holder, "holds it"
        elif event.verb in ("accepted", "hand_off_accepted", "dispute_taken", "ruled", "reopened"):
            yield event.at, holder, "works on it"
        elif event.verb in ENDS:
            yield event.at, None, ""


def _first_holder(events: Sequence[IncidentEvent], departments: Mapping[str, Department]) -> Department | None:
    """Return who was asked first of all, as far as the record says so."""
    key = events[0].details.get("department_id") if events else None
    return next((department for department in departments.values() if department.pk == key), None)


def _first_giver(hand_offs: Iterable[HandOff], incident: Incident) -> str:
    """Return who held it before anybody else was asked."""
    first = min(hand_offs, key=lambda one: one.proposed_at, default=None)
    return first.from_department.slug if first else incident.department.slug
