"""One incident's past, replayed step by step: what the single actions would have made of it, at the time.

Nothing here touches the database; `history.py` reads the incidents and writes what came out.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accounts.errors import Conflict, Invalid
from departments.actions.handoffs import given_back
from departments.actions.past_waits import PastWait
from departments.actions.steps import moment
from departments.clocks import Calendars
from departments.models import Answer, HandOff, Incident, Reason, State, Wait, WaitedFor, WaitEnd

OPEN_FOR_WORK = (State.NEW, State.IN_WORK, State.DISPUTED)


class Verb(StrEnum):
    """What can have been done with an incident; the words of its record."""

    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    HANDED_OFF = "handed_off"
    HAND_OFF_ACCEPTED = "hand_off_accepted"
    RETURNED = "returned"
    WAITED = "waited"
    WAIT_ENDED = "wait_ended"
    RESOLVED = "resolved"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastStep:
    """One thing that was done: keys of people, departments and causes as the verb needs them.

    Without a person, where the past does not tell who did it.
    """

    at: datetime.datetime
    verb: Verb
    person_id: int | None = None
    words: str = ""
    assignee_id: int | None = None
    to_id: int | None = None
    reason: str = ""
    expected: str = ""
    share: float = 1.0
    cause_id: int | None = None
    wait: PastWait | None = None
    end: str = ""


@dataclass(slots=True)
class PastEvent:
    """One line of the record to be written; `hand_off` or `wait` is what it is about, if anything."""

    step: PastStep
    details: dict[str, Any]
    hand_off: HandOff | None = None
    wait: Wait | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What people, departments and causes are called in the record, by key; departments by short name and by name."""

    people: Mapping[int, str]
    departments: Mapping[int, str]
    departments_in_full: Mapping[int, str]
    causes: Mapping[int, str]


@dataclass(slots=True)
class Replay:
    """An incident on its way through its past; `shares` are by department key, `asked` is what waits for an answer.

    `wait` is the one that lasts. `hand_offs` and `waits` are the new ones; `settled` and `ended` are those that were
    there before, once they are answered or over.
    """

    incident: Incident
    calendars: Calendars
    names: Names
    shares: dict[int, float]
    asked: HandOff | None = None
    wait: Wait | None = None
    settled: HandOff | None = None
    ended: Wait | None = None
    accepted_at: datetime.datetime | None = None
    moved_at: datetime.datetime | None = None
    moves: list[tuple[datetime.datetime, dict[int, float]]] = field(default_factory=list)
    hand_offs: list[HandOff] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    events: list[PastEvent] = field(default_factory=list)

    def take(self, step: PastStep) -> None:
        """Do one step; raises Conflict where the incident's state does not allow it, Invalid for a wrong value."""
        deeds = {
            Verb.ACCEPTED: self._accept,
            Verb.ASSIGNED: self._assign,
            Verb.HANDED_OFF: self._hand_off,
            Verb.HAND_OFF_ACCEPTED: self._accept_hand_off,
            Verb.RETURNED: self._return,
            Verb.WAITED: self._wait,
            Verb.WAIT_ENDED: self._end_wait,
            Verb.RESOLVED: self._resolve,
            Verb.REOPENED: self._reopen,
        }
        deeds[step.verb](step)
        self.incident.version += 1

    def _require(self, step: PastStep, *states: str) -> str:
        """Return the state before the step, if it is one of these."""
        before = self.incident.state
        if before not in states:
            raise Conflict(
                f"{self.incident.external_id} cannot be {step.verb.replace('_', ' ')} on {step.at:%d %b %Y}: "
                f"{self.incident.get_state_display().lower()}."
            )
        return before

    def _record(self, step: PastStep, hand_off: HandOff | None = None, **details: Any) -> None:
        self.events.append(PastEvent(step, details, hand_off))

    def _answer(self, step: PastStep) -> None:
        self.incident.answered_at = self.incident.answered_at or step.at
        self.accepted_at = self.accepted_at or step.at

    def _accept(self, step: PastStep) -> None:
        before = self._require(step, State.NEW, State.DISPUTED)
        self._answer(step)
        self.incident.state = State.IN_WORK
        self.incident.due_at = self.incident.resolve_due_at
        self._record(step, state_before=before)

    def _assign(self, step: PastStep) -> None:
        self._require(step, *OPEN_FOR_WORK, State.WAITING)
        before = self.incident.assignee_id
        self.incident.assignee_id = step.assignee_id
        names = self.names.people
        details = {
            "from": names[before] if before else None,
            "to": names[step.assignee_id] if step.assignee_id else None,
        }
        self.events.append(PastEvent(step, details))

    def _hand_off(self, step: PastStep) -> None:
        before = self._require(step, *OPEN_FOR_WORK)
        if step.to_id is None or step.to_id == self.incident.department_id:
            raise Invalid("to", f"{self.incident.external_id} was handed off to nobody else.")
        if step.reason not in Reason.values:
            raise Invalid("reason", f"A reason is one of {', '.join(Reason.values)}.")
        until = self.calendars.of(step.to_id).deadline(step.at, self.incident.hours_to_answer)
        hand_off = HandOff(
            incident=self.incident,
            from_department_id=self.incident.department_id,
            to_department_id=step.to_id,
            share=step.share,
            reason=step.reason,
            words=step.words,
            expected=step.expected,
            proposed_at=step.at,
            proposed_by_id=step.person_id,
            answer_due_at=until,
        )
        self.hand_offs.append(hand_off)
        self.asked = hand_off
        # As the database counts it, which then finds nothing left to write.
        self.incident.moves += 1
        self.incident.state, self.incident.due_at = State.WAITING, until
        self._record(step, hand_off, state_before=before, reason=step.reason)

    def _settle(self, step: PastStep, answer: Answer) -> HandOff:
        self._require(step, State.WAITING)
        hand_off, self.asked = self.asked, None
        if hand_off is None:
            raise Conflict(f"{self.incident.external_id} waits for no answer on {step.at:%d %b %Y}.")
        if hand_off.pk is not None:
            self.settled = hand_off
        hand_off.answer, hand_off.answer_words = answer, step.words
        hand_off.answered_at, hand_off.answered_by_id = step.at, step.person_id
        return hand_off

    def _accept_hand_off(self, step: PastStep) -> None:
        hand_off = self._settle(step, Answer.ACCEPTED)
        giver, taker = hand_off.from_department_id, hand_off.to_department_id
        held = self.shares.get(giver, 0.0)
        kept = held * (1.0 - hand_off.share)
        taken = self.shares.get(taker, 0.0) + held - kept
        self.moves.append((step.at, dict(self.shares)))
        self.shares |= {giver: kept, taker: taken}
        self.moved_at = step.at
        incident = self.incident
        if taken > kept:
            incident.department_id, incident.assignee_id = taker, None
            hours = incident.hours_to_resolve
            incident.resolve_due_at = self.calendars.of(taker).deadline(hand_off.proposed_at, hours)
        else:
            self._give_back(hand_off, step)
        incident.state, incident.answered_at, incident.due_at = State.IN_WORK, step.at, incident.resolve_due_at
        self.accepted_at = step.at
        holder = self.names.departments[incident.department_id]
        self._record(step, hand_off, holder=holder, kept=kept, taken=taken)

    def _return(self, step: PastStep) -> None:
        hand_off = self._settle(step, Answer.RETURNED)
        hours = self.incident.hours_to_answer
        due_at = self.calendars.of(self.incident.department_id).deadline(step.at, hours)
        self.incident.state, self.incident.answer_due_at, self.incident.due_at = State.DISPUTED, due_at, due_at
        self.incident.moves += 1
        self._give_back(hand_off, step)
        self._record(step, hand_off)

    def _give_back(self, hand_off: HandOff, step: PastStep) -> None:
        calendar = self.calendars.of(self.incident.department_id)
        self.incident.resolve_due_at = given_back(self.incident.resolve_due_at, hand_off, calendar, step.at)

    def _wait(self, step: PastStep) -> None:
        self._require(step, State.IN_WORK)
        if step.wait is None:
            raise Invalid("wait", f"{self.incident.external_id} waited for nobody.")
        incident = self.incident
        begun = step.wait.begun(incident, step.at, step.person_id, self.calendars.of(incident.department_id))
        self.wait = begun
        self.waits.append(begun)
        incident.state = State.WAITING
        # What is past due stays so: waiting excuses what is still to come.
        incident.due_at = begun.expires_at if begun.hours_left > 0 else incident.resolve_due_at
        details = {"for": self._whom(begun), "reason": begun.reason, "until": begun.expected_on.isoformat()}
        self.events.append(PastEvent(step, {**details, "hours_left": begun.hours_left}, wait=begun))

    def _whom(self, wait: Wait) -> str:
        if wait.department_id is not None:
            return self.names.departments_in_full[wait.department_id]
        return "the customer" if wait.waited_for == WaitedFor.CUSTOMER else wait.name

    def _end_wait(self, step: PastStep) -> None:
        self._require(step, State.WAITING)
        over, self.wait = self.wait, None
        if over is None:
            raise Conflict(f"{self.incident.external_id} waits for nobody on {step.at:%d %b %Y}.")
        if step.end not in WaitEnd.values:
            raise Invalid("end", f"A wait ends as one of {', '.join(WaitEnd.values)}.")
        if over.pk is not None:
            self.ended = over
        over.ended_at, over.ended_by_id, over.end, over.end_words = step.at, step.person_id, step.end, step.words
        incident = self.incident
        if over.hours_left > 0:
            calendar = self.calendars.of(over.waiting_department_id)
            incident.resolve_due_at = calendar.deadline(step.at, over.hours_left)
        incident.state, incident.due_at = State.IN_WORK, incident.resolve_due_at
        self.events.append(PastEvent(step, {"end": step.end, "state": State.IN_WORK.value}, wait=over))

    def _resolve(self, step: PastStep) -> None:
        before = self._require(step, *OPEN_FOR_WORK)
        self._answer(step)
        self.incident.state, self.incident.resolution, self.incident.cause_id = (
            State.RESOLVED,
            step.words,
            step.cause_id,
        )
        self.incident.resolved_at = max(step.at, self.incident.happened_at)
        cause = self.names.causes[step.cause_id] if step.cause_id else None
        self._record(step, state_before=before, cause=cause)

    def _reopen(self, step: PastStep) -> None:
        self._require(step, State.RESOLVED)
        incident = self.incident
        if incident.merged_into_id is not None:
            raise Conflict(f"{incident.external_id} was merged into another incident: reopen that one.")
        was = incident.resolved_at or step.at
        resolution = incident.resolution
        calendar = self.calendars.of(incident.department_id)
        incident.resolve_due_at = calendar.deadline(step.at, incident.hours_to_resolve)
        incident.state, incident.due_at, incident.reopened = (
            State.IN_WORK,
            incident.resolve_due_at,
            incident.reopened + 1,
        )
        incident.resolved_at, incident.resolution, incident.cause_id = None, "", None
        self._record(step, resolution=resolution, resolved_at=moment(was))
