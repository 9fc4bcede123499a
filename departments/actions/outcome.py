"""What became of a deed over several incidents, and how that is told."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from accounts.errors import ActionError, Conflict, NotAllowed
from departments.models import Incident, IncidentEvent, Person
from departments.words import words_of

MOST_AT_ONCE = 500
NAMED = 3
# Steps that say by themselves what was done to it; of all others one reads who acted last.
PARTICIPLES = {
    "accepted": "accepted",
    "hand_off_accepted": "taken over",
    "assigned": "assigned",
    "handed_off": "handed off",
    "returned": "returned",
    "disputed": "disputed",
    "dispute_taken": "taken over",
    "resolved": "resolved",
    "merged": "merged",
    "reopened": "reopened",
    "ruled": "ruled on",
    "regraded": "graded anew",
}


class Overtaken(Conflict):
    """Somebody was first: the last step on record says who."""

    def __init__(self, sentence: str = "Somebody was first.") -> None:
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One incident that was left as it is, and why; `last` is the last step on record where somebody was first."""

    incident: Incident
    error: ActionError
    last: IncidentEvent | None = None

    @property
    def reason(self) -> str:
        """Return why it was refused, as a sentence."""
        return f"{self.error} {spelled(self.last)}" if isinstance(self.error, Overtaken) else str(self.error)

    @property
    def sentence(self) -> str:
        """Return which incident, and why it was refused."""
        return f"{self.incident} at {self.incident.account}: {self.reason}"

    def because(self, reader: Person) -> str:
        """Return why it was refused in the fewest words, so that equal reasons are told once."""
        if not isinstance(self.error, Overtaken):
            return str(self.error).rstrip(".")
        if self.last is None:
            return self.incident.get_state_display().lower()
        who = "you" if self.last.person_id == reader.pk else _who(self.last)
        done = PARTICIPLES.get(self.last.verb)
        return f"already {done} by {who}" if done else f"{self.incident.get_state_display().lower()}, last by {who}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each, and by what the whole deed can be taken back."""

    done: Sequence[Incident]
    refused: Sequence[Refusal]
    undo: uuid.UUID | None

    @property
    def is_forbidden(self) -> bool:
        """Return whether nothing was done, for want of permission alone."""
        return not self.done and all(isinstance(refusal.error, NotAllowed) for refusal in self.refused)


def told(outcome: Outcome, words: str, reader: Person) -> str:
    """Say how many were done, how many were not and why: 481 accepted, 19 not: 12 already accepted by Ana Reed, …"""
    done = f"{len(outcome.done)} {words}" if outcome.done else f"None {words}"
    return f"{done}, {len(outcome.refused)} not: {left(outcome.refused, reader)}." if outcome.refused else f"{done}."


def left(refused: Sequence[Refusal], reader: Person) -> str:
    """Say why so many were left as they are: equal reasons once, the most frequent first, and a few by name."""
    reasons: dict[str, list[Refusal]] = {}
    for refusal in refused:
        reasons.setdefault(refusal.because(reader), []).append(refusal)
    ordered = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    return "; ".join(f"{len(those)} {words} ({_named(those)})" for words, those in ordered)


def _named(refused: Sequence[Refusal]) -> str:
    names = [f"“{one.incident}” at {one.incident.account}" for one in refused[:NAMED]]
    return ", ".join(names) + (f" and {len(refused) - NAMED} more" if len(refused) > NAMED else "")


def said_last(refused: Iterable[Refusal]) -> list[Refusal]:
    """Add the last step on record to each refusal that somebody else's step explains; one statement."""
    refusals = list(refused)
    overtaken = [one.incident.pk for one in refusals if isinstance(one.error, Overtaken)]
    if not overtaken:
        return refusals
    events = IncidentEvent.objects.filter(incident__in=overtaken).select_related("person")
    last = {event.incident_id: event for event in events.order_by("incident_id", "-at", "-pk").distinct("incident_id")}
    return [replace(one, last=last.get(one.incident.pk)) for one in refusals]


def as_error(refusal: Refusal) -> ActionError:
    """Return what is raised for a refusal where the deed was to be done with one incident alone."""
    return Conflict(refusal.reason) if isinstance(refusal.error, Overtaken) else refusal.error


def spelled(event: IncidentEvent | None) -> str:
    """Say who did what last: Ann Smith: accepted it, 03 May 14:03 UTC."""
    if event is None:
        return "Look again before you go on."
    return f"{_who(event)}: {words_of(event)}, {event.at:%d %b %H:%M} UTC."


def _who(event: IncidentEvent) -> str:
    return event.person.name if event.person else "the system"
