"""The three clocks of an incident: the customer's, the department's, and what each was waited for.

The rule: every moment from the day we knew of it to the day it was put right is charged to one department. From being
asked until it answers, the time is the asked department's; otherwise it is the department's that holds the incident.
The customer's clock runs from when it happened and never starts again.
"""

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from departments.clocks import Calendars
from departments.models import Department, HandOff, Incident, IncidentEvent

ENDS = ("resolved", "merged", "signal_withdrawn")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time charged to one department: from when to when (None: still), why, and its own working hours."""

    department: Department
    since: datetime.datetime
    until: datetime.datetime | None
    why: str
    hours: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """The customer's hours by the wall, the stretches in order, and each department's working hours in sum."""

    customer_hours: float
    stretches: Sequence[Stretch]
    totals: Sequence[tuple[Department, float]]


def clocks_of(
    incident: Incident,
    events: Iterable[IncidentEvent],
    hand_offs: Iterable[HandOff],
    departments: Mapping[str, Department],
    calendars: Calendars,
    now: datetime.datetime,
) -> Clocks:
    """Return how long the customer has waited and for whom; `events` in order of time, departments by slug."""
    turns = list(_turns(incident, events, hand_offs, departments))
    stretches = []
    for turn, following in itertools.zip_longest(turns, turns[1:]):
        since, department, why = turn
        if department is None:
            continue
        until = following[0] if following else incident.resolved_at
        hours = calendars.of(department.pk).working_hours_between(since, until or now)
        stretches.append(Stretch(department, since, until, why, hours))
    totals: dict[Department, float] = {}
    for stretch in stretches:
        totals[stretch.department] = totals.get(stretch.department, 0.0) + stretch.hours
    waited = (incident.resolved_at or now) - incident.happened_at
    return Clocks(waited / datetime.timedelta(hours=1), stretches, sorted(totals.items(), key=lambda part: -part[1]))


Turn = tuple[datetime.datetime, Department | None, str]


def _turns(
    incident: Incident,
    events: Iterable[IncidentEvent],
    hand_offs: Iterable[HandOff],
    departments: Mapping[str, Department],
) -> Iterator[Turn]:
    """Yield whose time begins when, and why; nobody's once it is put right."""
    asked = {str(one.public_id): one for one in hand_offs}
    holder = departments.get(_first_holder(asked.values(), incident))
    why = "has not answered yet"
    for event in events:
        holder = departments.get(str(event.details.get("holder", "")), holder)
        question = asked.get(str(event.details.get("hand_off") or event.details.get("asked_again") or ""))
        if event.verb in ("reported", "detected", "restored"):
            yield event.at, holder, why
        elif event.verb in ("handed_off", "offered") and question is not None:
            yield event.at, question.to_department, f"was asked: {question.get_reason_display().lower()}"
        elif event.verb == "undone" and event.details.get("asked_again") and question is not None:
            yield event.at, question.to_department, "was asked"
        elif event.verb in ("returned", "withdrawn", "undone"):
            yield event.at, holder, "holds it"
        elif event.verb in ("accepted", "hand_off_accepted", "ruled", "reopened"):
            yield event.at, holder, "works on it"
        elif event.verb in ENDS:
            yield event.at, None, ""


def _first_holder(hand_offs: Iterable[HandOff], incident: Incident) -> str:
    """Return who held it before anybody else was asked."""
    first = min(hand_offs, key=lambda one: one.proposed_at, default=None)
    return first.from_department.slug if first else incident.department.slug
