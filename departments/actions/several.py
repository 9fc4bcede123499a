"""What one person does with several incidents at once; each is done or refused by itself, all are written together."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from departments.actions.disputes import as_open, why_unmovable
from departments.actions.handoffs import HANDED_OFF, MOVABLE, check_proposal, given_back, moved, spelled_hand_off
from departments.actions.incidents import ANSWERABLE, WORKABLE, check_assignee
from departments.actions.outcome import Outcome, Overtaken
from departments.actions.permissions import require, require_answering, require_member_of
from departments.actions.sets import Standing, Step, locked, planned, write
from departments.actions.shares import write_all_shares
from departments.clocks import calendars
from departments.models import (
    Answer,
    Capability,
    CauseCode,
    Department,
    HandOff,
    Incident,
    Person,
    Responsibility,
    Ruling,
    RulingState,
    State,
)


@transaction.atomic
def accept_all(*, incidents: Iterable[Incident], acting_person: Person) -> Outcome:
    """Answer for all of them: as their holder, or as the department that is asked to take them."""
    found, refused = locked(incidents)
    asked = _asked_of(found, acting_person)
    rulings = _unruled(found)
    takes = _Taking(asked, acting_person)

    def plan(standing: Standing) -> Step:
        if standing.incident.pk in asked:
            return takes.plan(standing)
        return _accepted(standing, rulings.get(standing.incident.pk), acting_person)

    done = planned(found, refused, plan)
    took = [step.incident for step in done.steps if step.answered is None]
    _settle(took, acting_person)
    takes.answer([step for step in done.steps if step.answered is not None])
    outcome = write(done, acting_person)
    takes.move_shares([step for step in done.steps if step.answered is not None])
    return outcome


def _asked_of(found: Iterable[Standing], acting_person: Person) -> dict[int, HandOff]:
    asked = HandOff.objects.pending().filter(
        incident__in=[one.incident.pk for one in found], to_department=acting_person.department_id
    )
    related = ("from_department", "to_department")
    return {
        proposal.incident_id: proposal for proposal in asked.select_related(*related).select_for_update(of=["self"])
    }


def _unruled(found: Iterable[Standing]) -> dict[int, Ruling]:
    """Return the open questions who answers, which end once the holder accepts."""
    waiting = Ruling.objects.open().filter(incident__in=[one.incident.pk for one in found], regrading=None)
    return {ruling.incident_id: ruling for ruling in waiting}


def require_one_of(incident: Incident, *states: str) -> None:
    """Refuse what the state of the incident does not allow; who did what last is read for all at once."""
    if incident.state not in states:
        raise Overtaken(f"This cannot be done now: {incident.get_state_display().lower()}.")


def _accepted(standing: Standing, ruling: Ruling | None, acting_person: Person) -> Step:
    incident = standing.incident
    require_answering(acting_person, incident.department)
    require_one_of(incident, *ANSWERABLE)
    changes = {
        "state": State.IN_WORK,
        "answered_at": incident.answered_at or timezone.now(),
        "due_at": incident.resolve_due_at,
    }
    also = [as_open(ruling)] if ruling else []
    return Step(standing, "accepted", changes, {"state_before": incident.state}, also=also)


def _settle(incidents: Iterable[Incident], acting_person: Person) -> None:
    """What the holder accepts is provisional no longer, and nobody need rule on who answers."""
    keys = [incident.pk for incident in incidents]
    parts = Responsibility.objects.filter(incident__in=keys, department=acting_person.department_id)
    parts.filter(is_provisional=True).update(is_provisional=False)
    Ruling.objects.open().filter(incident__in=keys, regrading=None).update(
        state=RulingState.SETTLED, decided_at=timezone.now(), decided_by=acting_person
    )


class _Taking:
    """Answers what other departments ask the own one to take."""

    def __init__(self, asked: Mapping[int, HandOff], acting_person: Person) -> None:
        self.asked = asked
        self.acting_person = acting_person
        self.calendars = calendars() if asked else None
        self.shares: dict[int, dict[int, float]] = {}

    def plan(self, standing: Standing) -> Step:
        incident, hand_off = standing.incident, self.asked[standing.incident.pk]
        require_answering(self.acting_person, hand_off.to_department)
        require_one_of(incident, State.WAITING)
        shares, kept, taken = moved(hand_off, standing.shares)
        self.shares[incident.pk] = shares
        holder = hand_off.taker if taken > kept else hand_off.giver
        due_at = self._due_at(incident, hand_off, holder)
        changes = {
            "state": State.IN_WORK,
            "department_id": holder.pk,
            "assignee_id": incident.assignee_id if holder == hand_off.giver else None,
            "answered_at": timezone.now(),
            "resolve_due_at": due_at,
            "due_at": due_at,
        }
        details = spelled_hand_off(hand_off, holder=holder.slug, kept=kept, taken=taken)
        return Step(standing, "hand_off_accepted", changes, details, answered=hand_off)

    def _due_at(self, incident: Incident, hand_off: HandOff, holder: Department) -> datetime.datetime:
        if self.calendars is None or hand_off.to_department_id == holder.pk == hand_off.giver.pk:
            return incident.resolve_due_at
        calendar = self.calendars.of(holder.pk)
        if holder == hand_off.taker:
            return calendar.deadline(hand_off.proposed_at, incident.hours_to_resolve)
        return given_back(incident.resolve_due_at, hand_off, calendar, timezone.now())

    def answer(self, steps: Iterable[Step]) -> None:
        keys = [step.answered.pk for step in steps if step.answered]
        HandOff.objects.filter(pk__in=keys).update(
            answer=Answer.ACCEPTED, answer_words="", answered_at=timezone.now(), answered_by=self.acting_person
        )

    def move_shares(self, steps: Iterable[Step]) -> None:
        write_all_shares({step.incident: self.shares[step.incident.pk] for step in steps})


@transaction.atomic
def assign_all(*, incidents: Iterable[Incident], assignee: Person | None, acting_person: Person) -> Outcome:
    """Give all of them to one person of the department that holds them; None takes them from whoever had them."""
    found, refused = locked(incidents)

    def plan(standing: Standing) -> Step:
        incident = standing.incident
        require(acting_person, Capability.WORK_ON_INCIDENTS)
        require_member_of(acting_person, incident.department)
        if incident.state == State.RESOLVED:
            require_one_of(incident, *WORKABLE)
        check_assignee(incident, assignee, acting_person)
        had = incident.assignee.name if incident.assignee else None
        details = {"from": had, "to": assignee.name if assignee else None}
        return Step(standing, "assigned", {"assignee_id": assignee.pk if assignee else None}, details)

    return write(planned(found, refused, plan), acting_person)


@transaction.atomic
def resolve_all(
    *, incidents: Iterable[Incident], resolution: str, cause: CauseCode | None, acting_person: Person
) -> Outcome:
    """Say how all of them were put right, and why they happened."""
    found, refused = locked(incidents)
    words, now = resolution.strip(), timezone.now()

    def plan(standing: Standing) -> Step:
        incident = standing.incident
        require_answering(acting_person, incident.department)
        require_one_of(incident, *WORKABLE)
        if not words:
            raise Invalid("resolution", "Say how it was put right.")
        if cause is not None and cause.department_id != incident.department_id:
            raise Invalid("cause", f"“{cause}” is a cause of another department.")
        changes = {
            "state": State.RESOLVED,
            "resolution": words,
            "cause_id": cause.pk if cause else None,
            "answered_at": incident.answered_at or now,
            "resolved_at": max(now, incident.happened_at),
        }
        details = {"state_before": incident.state, "cause": cause.name if cause else None}
        return Step(standing, "resolved", changes, details, words)

    done = planned(found, refused, plan)
    parts = Responsibility.objects.filter(incident__in=[step.incident.pk for step in done.steps], is_provisional=True)
    parts.filter(department=acting_person.department_id).update(is_provisional=False)
    return write(done, acting_person)


@transaction.atomic
def hand_off_all(
    *,
    incidents: Iterable[Incident],
    to: Department,
    reason: str,
    words: str,
    expected: str,
    share: float,
    acting_person: Person,
) -> Outcome:
    """Ask one department to answer for all of them: for `share` of what the acting department answers for."""
    found, refused = locked(incidents)
    ruled = why_unmovable([one.incident for one in found])
    calendar, now = calendars().of(to.pk), timezone.now()

    def plan(standing: Standing) -> Step:
        incident = standing.incident
        require_answering(acting_person, incident.department)
        require_one_of(incident, *MOVABLE)
        check_proposal(incident, to, reason, words, share)
        if sentence := ruled.get(incident.pk):
            raise Conflict(sentence)
        asked_until = calendar.deadline(now, incident.hours_to_answer)
        return Step(standing, HANDED_OFF, {"state": State.WAITING, "due_at": asked_until}, {}, words.strip())

    done = planned(found, refused, plan)
    proposals = HandOff.objects.bulk_create(
        HandOff(
            incident=step.incident,
            from_department=step.incident.department,
            to_department=to,
            share=share,
            reason=reason,
            words=words.strip(),
            expected=expected.strip(),
            proposed_by=acting_person,
            answer_due_at=step.changes["due_at"],
        )
        for step in done.steps
    )
    return write(replace(done, steps=list(map(_proposed, done.steps, proposals))), acting_person)


def _proposed(step: Step, proposal: HandOff) -> Step:
    details = spelled_hand_off(proposal, state_before=step.incident.state, reason=proposal.reason)
    return replace(step, details=details, opened=proposal)
