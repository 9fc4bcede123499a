"""The steps of ISO 10002:2018 (handling of complaints), read off what was recorded of an incident."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from departments.cure.reading import Cure
from departments.models import CustomerStep, CustomerStepKind, Incident, IncidentEvent, Person, State

TAKEN_ON = ("accepted", "hand_off_accepted")
ASSESSING = ("regraded", "accepted", "hand_off_accepted")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: when and by whom, or not yet; `words` say what it was read off."""

    key: str
    name: str
    at: datetime.datetime | None = None
    who: Person | None = None
    words: str = ""


def steps(
    incident: Incident, events: Sequence[IncidentEvent], told: Sequence[CustomerStep], cure: Cure | None
) -> list[Step]:
    """Return the six steps in order; `events` in order of time, `told` without what was taken back."""
    standing = list(_standing(events))
    return [
        _acknowledged(standing, told),
        _assessed(standing),
        _investigated(incident, standing, cure),
        _answered(told),
        _closed(incident, standing),
        _asked(told),
    ]


def _standing(events: Sequence[IncidentEvent]) -> Iterator[IncidentEvent]:
    """Leave out each step that was taken back, which the record keeps too."""
    kept: list[IncidentEvent] = []
    for event in events:
        undone = event.details.get("undone") if event.verb == "undone" else None
        if undone is None:
            kept.append(event)
            continue
        last = next((one for one in reversed(kept) if one.verb == undone), None)
        if last is not None:
            kept.remove(last)
    yield from kept


def _first(events: Sequence[IncidentEvent], *verbs: str) -> IncidentEvent | None:
    return next((event for event in events if event.verb in verbs), None)


def _told(told: Sequence[CustomerStep], kind: str) -> CustomerStep | None:
    return next((step for step in told if step.kind == kind), None)


def _acknowledged(events: Sequence[IncidentEvent], told: Sequence[CustomerStep]) -> Step:
    step, key, name = _told(told, CustomerStepKind.ACKNOWLEDGED), "acknowledged", "Acknowledged"
    if step is not None:
        return Step(key, name, step.happened_at, step.person, step.words or "the customer was told that we have it")
    if event := _first(events, *TAKEN_ON):
        return Step(
            key,
            name,
            event.at,
            event.person,
            "a department answered for it; whether the customer was told is not recorded",
        )
    return Step(key, name)


def _assessed(events: Sequence[IncidentEvent]) -> Step:
    event = _first(events, *ASSESSING)
    if event is None:
        return Step("assessed", "Assessed")
    words = "graded anew" if event.verb == "regraded" else "taken on with its grade"
    return Step("assessed", "Assessed", event.at, event.person, words)


def _investigated(incident: Incident, events: Sequence[IncidentEvent], cure: Cure | None) -> Step:
    key, name = "investigated", "Investigated"
    if cure is not None and cure.root_cause is not None:
        row = cure.root_causes[0]
        return Step(key, name, row.recorded_at, row.person, "why it happened is recorded")
    event = _first(events[::-1], "resolved") if incident.cause is not None else None
    if event is not None:
        return Step(key, name, event.at, event.person, f"cause named: {incident.cause}")
    return Step(key, name)


def _answered(told: Sequence[CustomerStep]) -> Step:
    step = _told(told, CustomerStepKind.ANSWERED)
    if step is None:
        return Step("answered", "Answered")
    return Step("answered", "Answered", step.happened_at, step.person, step.words or "the customer was told")


def _closed(incident: Incident, events: Sequence[IncidentEvent]) -> Step:
    if incident.state != State.RESOLVED:
        return Step("closed", "Closed")
    event = _first(events[::-1], "resolved", "merged")
    return Step("closed", "Closed", incident.resolved_at, event.person if event else None, incident.resolution)


def _asked(told: Sequence[CustomerStep]) -> Step:
    key, name = "asked", "Satisfaction asked"
    asked = [step for step in told if step.kind == CustomerStepKind.ASKED]
    if not asked:
        return Step(key, name)
    last = next((step for step in reversed(asked) if step.score is not None), asked[-1])
    answer = "no answer recorded" if last.score is None else f"{last.score} of 10"
    return Step(key, name, last.happened_at, last.person, f"{answer}{': ' if last.words else ''}{last.words}")
