"""One case of another system's log → the steps that people here would have taken, each at its own time.

The rules, which docs/importing.md tells:

- A change of group asks the new group to take the case. Its acceptance is the next event of the case that finds it
  there and at work, or that it is resolved, or passed on again.
- A group that gives a case back to the one it came from, before any sign of its work, returned it.
- A state that waits begins a wait of whoever holds the case then; what finds the case at work again ends it, and so
  does what passes it on, resolves it, or waits for somebody else.
- Whoever is named once a case is resolved is taken to have resolved it.
- Work after a resolution reopens the case.

Nothing here touches the database.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from departments.actions.past_waits import PastWait
from departments.actions.replay import PastStep, Verb
from departments.models import State, WaitEnd, WaitReason
from retention.imports.log_rules import LogRules, Meaning

# Either is a sign of work.
AT_WORK = (Meaning.IN_WORK, Meaning.WAITING)
# Of these, that they answered; of all others, that it arrived or was done.
ANSWERED_BY_WORDS = (WaitReason.ANSWER, WaitReason.DECISION)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One event; `department_id` is None where it leaves the case where it lies, `digest` tells it from others.

    `wait` is for whom, and why, where its meaning is that somebody is waited for.
    """

    place: int
    at: dt.datetime
    meaning: Meaning
    department_id: int | None
    digest: bytes
    person_id: int | None = None
    words: str = ""
    resolution: str = ""
    met: bool | None = None
    wait: PastWait | None = None


@dataclass(slots=True)
class Desk:
    """Where a case lies: its state, who holds it, who is asked to take it, and whom it waits for, if anybody."""

    state: str
    holder: int
    asked: int | None = None
    wait: PastWait | None = None

    @property
    def department_id(self) -> int:
        """Return whose desk the log would call it: whoever was asked last."""
        return self.holder if self.asked is None else self.asked


def with_resolvers(events: Sequence[LogEvent], start: str) -> Iterator[LogEvent]:
    """Yield the events, with whoever is named last while a case stays resolved named from its resolution on.

    `start` is the state before them. Of a case that was resolved before, nobody can be named any more.
    """
    for is_resolved, run in groupby(events, key=lambda event: event.meaning == Meaning.RESOLVED):
        together = list(run)
        if is_resolved and not (start == State.RESOLVED and together[0] is events[0]):
            named = [event.department_id for event in together if event.department_id is not None]
            last = named[-1] if named else None
            together = [replace(event, department_id=last) for event in together]
        yield from together


def steps_of(desk: Desk, events: Sequence[LogEvent], rules: LogRules) -> list[PastStep]:
    """Return the steps that the events tell, and leave the desk as they do; events in order of time."""
    reading = _Reading(desk, rules)
    return [step for event in with_resolvers(events, desk.state) for step in reading.take(event)]


class _Reading:
    """A case on its way through its events."""

    def __init__(self, desk: Desk, rules: LogRules) -> None:
        self._desk = desk
        self._rules = rules

    def take(self, event: LogEvent) -> Iterator[PastStep]:
        """Yield the steps of one event."""
        desk = self._desk
        if desk.state == State.RESOLVED:
            if event.meaning not in AT_WORK:
                return
            desk.state = State.IN_WORK
            yield _step(event, Verb.REOPENED, words=event.words)
        moved = event.department_id is not None and event.department_id != desk.department_id
        if moved:
            yield from self._move(event)
        if event.meaning == Meaning.RESOLVED:
            yield from self._resolve(event)
        elif event.meaning in AT_WORK and not moved:
            # Whoever sends it on does not accept it for the others: their first event does.
            yield from self._accept(event)
            yield from self._wait(event)

    def _wait(self, event: LogEvent) -> Iterator[PastStep]:
        desk, wait = self._desk, event.wait
        if wait is not None and wait.department_id == desk.holder:
            # Nobody waits for themselves: they work on it.
            wait = None
        if wait == desk.wait:
            return
        yield from self._end_wait(event)
        if wait is not None:
            desk.wait, desk.state = wait, State.WAITING
            yield replace(_step(event, Verb.WAITED), wait=wait)

    def _end_wait(self, event: LogEvent) -> Iterator[PastStep]:
        """End the wait that lasts: what it was for came if work goes on, and is needed no longer otherwise."""
        desk, wait = self._desk, self._desk.wait
        if wait is None:
            return
        end = WaitEnd.NOT_NEEDED
        if event.meaning == Meaning.IN_WORK:
            end = WaitEnd.ANSWERED if wait.reason in ANSWERED_BY_WORDS else WaitEnd.ARRIVED
        desk.wait, desk.state = None, State.IN_WORK
        yield replace(_step(event, Verb.WAIT_ENDED), end=end)

    def _move(self, event: LogEvent) -> Iterator[PastStep]:
        desk = self._desk
        yield from self._end_wait(event)
        if desk.asked is not None and event.department_id == desk.holder:
            desk.asked, desk.state = None, State.DISPUTED
            yield _step(event, Verb.RETURNED, words=event.words or self._rules.words)
            return
        if desk.asked is not None:
            yield from self._accept(event)
        desk.asked, desk.state = event.department_id, State.WAITING
        yield _step(
            event,
            Verb.HANDED_OFF,
            words=event.words or self._rules.words,
            to_id=event.department_id,
            reason=self._rules.reason,
        )

    def _accept(self, event: LogEvent) -> Iterator[PastStep]:
        desk = self._desk
        if desk.asked is not None:
            desk.holder, desk.asked, desk.state = desk.asked, None, State.IN_WORK
            yield _step(event, Verb.HAND_OFF_ACCEPTED)
        elif desk.state in (State.NEW, State.DISPUTED):
            desk.state = State.IN_WORK
            yield _step(event, Verb.ACCEPTED)

    def _resolve(self, event: LogEvent) -> Iterator[PastStep]:
        if self._desk.asked is not None:
            yield from self._accept(event)
        yield from self._end_wait(event)
        self._desk.state = State.RESOLVED
        yield _step(event, Verb.RESOLVED, words=event.resolution)


def _step(event: LogEvent, verb: Verb, *, words: str = "", to_id: int | None = None, reason: str = "") -> PastStep:
    return PastStep(at=event.at, verb=verb, person_id=event.person_id, words=words, to_id=to_id, reason=reason)
