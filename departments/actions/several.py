"""What one person does with several incidents at once; each is done or refused by itself, all are written together."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from departments.actions.disputes import (
    as_disputed,
    as_open,
    disputed_by,
    end_disputes,
    holders_question,
    why_unmovable,
)
from departments.actions.handoffs import (
    ACCEPTED,
    HANDED_OFF,
    MOVABLE,
    check_proposal,
    given_back,
    moved,
    spelled_hand_off,
    verb_of,
)
from departments.actions.incidents import ANSWERABLE, WORKABLE, check_assignee
from departments.actions.outcome import Outcome, Overtaken
from departments.actions.parts import PART_MOVABLE, own_department, whom_asked
from departments.actions.permissions import require, require_answering, require_member_of
from departments.actions.sets import Standing, Step, locked, planned, write
from departments.actions.shares import write_all_shares
from departments.clocks import calendars
from departments.cure.found import found_causes
from departments.models import (
    Answer,
    Capability,
    CauseCode,
    Department,
    Dispute,
    DisputeEnd,
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
    """Answer for all of them: as their holder, as the department that is asked to take them, or for the own parts."""
    found, refused = locked(incidents)
    asked = _asked_of(found, acting_person)
    rulings = _unruled(found)
    disputed = disputed_by([one.incident for one in found])
    ruled = why_unmovable(one.incident for one in found if one.is_part_of(acting_person))
    takes = _Taking(asked, disputed, acting_person)

    def plan(standing: Standing) -> Step:
        if standing.incident.pk in asked:
            return takes.plan(standing)
        own = disputed.get(standing.incident.pk, {}).get(acting_person.department_id or 0)
        if standing.is_part_of(acting_person):
            return _part_accepted(standing, own, ruled.get(standing.incident.pk), acting_person)
        return _accepted(standing, rulings.get(standing.incident.pk), own, acting_person)

    done = planned(found, refused, plan)
    _settle([step for step in done.steps if step.answered is None], acting_person)
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
    return {ruling.incident_id: ruling for ruling in holders_question(one.incident for one in found)}


def require_one_of(incident: Incident, *states: str) -> None:
    """Refuse what the state of the incident does not allow; who did what last is read for all at once."""
    if incident.state not in states:
        raise Overtaken(f"This cannot be done now: {incident.get_state_display().lower()}.")


def _accepted(standing: Standing, ruling: Ruling | None, disputed: int | None, acting_person: Person) -> Step:
    incident = standing.incident
    require_answering(acting_person, incident.department)
    require_one_of(incident, *ANSWERABLE)
    changes = {
        "state": State.IN_WORK,
        "answered_at": incident.answered_at or timezone.now(),
        "due_at": incident.resolve_due_at,
    }
    also = [*([as_open(ruling)] if ruling else []), *([as_disputed(disputed)] if disputed else [])]
    return Step(standing, "accepted", changes, {"state_before": incident.state}, also=also)


def _part_accepted(standing: Standing, disputed: int | None, ruled: str | None, acting_person: Person) -> Step:
    require(acting_person, Capability.ANSWER_INCIDENTS)
    if ruled:
        raise Conflict(ruled)
    if not standing.incident.is_open or not (disputed or standing.is_provisional_for(acting_person)):
        raise Conflict("Your part needs no answer: it is accepted.")
    return Step(standing, "part_accepted", {}, {}, also=[as_disputed(disputed)] if disputed else [])


def _settle(steps: Iterable[Step], acting_person: Person) -> None:
    """What is accepted is no longer provisional or disputed; where its holder accepts, nobody need rule on it."""
    incidents = {step.incident.pk: step for step in steps}
    parts = Responsibility.objects.filter(incident__in=incidents, department=acting_person.department_id)
    parts.filter(is_provisional=True).update(is_provisional=False)
    held = [step.incident for step in incidents.values() if step.verb == "accepted"]
    settled = list(holders_question(held).values_list("pk", flat=True))
    Ruling.objects.filter(pk__in=settled).update(
        state=RulingState.SETTLED, decided_at=timezone.now(), decided_by=acting_person
    )
    own = Dispute.objects.filter(incident__in=incidents, department=acting_person.department_id)
    end_disputes(own, DisputeEnd.ACCEPTED, acting_person)


class _Taking:
    """Answers what other departments ask the own one to take."""

    def __init__(
        self, asked: Mapping[int, HandOff], disputed: Mapping[int, Mapping[int, int]], acting_person: Person
    ) -> None:
        self.asked = asked
        self.disputed = disputed
        self.acting_person = acting_person
        self.calendars = calendars() if asked else None
        self.shares: dict[int, dict[int, float]] = {}

    def plan(self, standing: Standing) -> Step:
        incident, hand_off = standing.incident, self.asked[standing.incident.pk]
        require_answering(self.acting_person, hand_off.to_department)
        if not hand_off.is_of_part:
            require_one_of(incident, State.WAITING)
        shares, kept, taken = moved(hand_off, standing.shares)
        self.shares[incident.pk] = shares
        details: dict[str, object] = {"kept": kept, "taken": taken}
        changes: dict[str, object] = {}
        if not hand_off.is_of_part:
            holder = hand_off.taker if taken > kept else hand_off.giver
            changes = self._held_by(holder, incident, hand_off)
            details["holder"] = holder.slug
        also = [as_disputed(key) for key in self._settles(hand_off)]
        spelled = spelled_hand_off(hand_off, **details)
        return Step(standing, verb_of(hand_off, ACCEPTED), changes, spelled, answered=hand_off, also=also)

    def _held_by(self, holder: Department, incident: Incident, hand_off: HandOff) -> dict[str, object]:
        due_at = self._due_at(incident, hand_off, holder)
        return {
            "state": State.IN_WORK,
            "department_id": holder.pk,
            "assignee_id": incident.assignee_id if holder == hand_off.giver else None,
            "answered_at": timezone.now(),
            "resolve_due_at": due_at,
            "due_at": due_at,
        }

    def _settles(self, hand_off: HandOff) -> list[int]:
        """Return the disputes of giver and taker, which end with it."""
        disputed = self.disputed.get(hand_off.incident_id, {})
        return [disputed[side.pk] for side in (hand_off.giver, hand_off.taker) if side.pk in disputed]

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

        answered = {step.answered for step in steps if step.answered}
        for end, side in ((DisputeEnd.HANDED_ON, "giver"), (DisputeEnd.ACCEPTED, "taker")):
            own = {one.incident_id: getattr(one, side).pk for one in answered}
            settled = [self.disputed.get(incident, {}).get(department) for incident, department in own.items()]
            end_disputes(Dispute.objects.filter(pk__in=filter(None, settled)), end, self.acting_person)

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
    """Say how all of them were put right, and why they happened; without a cause, the one its whys found."""
    found, refused = locked(incidents)
    disputed = disputed_by([one.incident for one in found])
    words, now = resolution.strip(), timezone.now()
    by_whys = found_causes([one.incident for one in found]) if cause is None else {}

    def plan(standing: Standing) -> Step:
        incident = standing.incident
        require_answering(acting_person, incident.department)
        require_one_of(incident, *WORKABLE)
        named = cause or by_whys.get(incident.pk)
        if not words:
            raise Invalid("resolution", "Say how it was put right.")
        if cause is not None and cause.department_id != incident.department_id:
            raise Invalid("cause", f"“{cause}” is a cause of another department.")
        changes = {
            "state": State.RESOLVED,
            "resolution": words,
            "cause_id": named.pk if named else None,
            "answered_at": incident.answered_at or now,
            "resolved_at": max(now, incident.happened_at),
        }
        details = {"state_before": incident.state, "cause": named.name if named else None}
        own = disputed.get(incident.pk, {}).get(incident.department_id)
        return Step(standing, "resolved", changes, details, words, also=[as_disputed(own)] if own else [])

    done = planned(found, refused, plan)
    own = {"incident__in": [step.incident.pk for step in done.steps], "department": acting_person.department_id}
    Responsibility.objects.filter(**own, is_provisional=True).update(is_provisional=False)
    end_disputes(Dispute.objects.filter(**own), DisputeEnd.CLOSED, acting_person)
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
    standing_in_the_way = in_the_way(found)
    calendar, now = calendars().of(to.pk), timezone.now()

    def plan(standing: Standing) -> Step:
        incident, is_of_part = standing.incident, standing.is_part_of(acting_person)
        require_speaking(standing, acting_person)
        require_one_of(incident, *(PART_MOVABLE if is_of_part else MOVABLE))
        check_proposal(own_department(acting_person, incident), to, reason, words, share)
        if sentence := standing_in_the_way.get(incident.pk):
            raise Conflict(sentence)
        asked_until = calendar.deadline(now, incident.hours_to_answer)
        proposal = HandOff(
            incident=incident,
            from_department=own_department(acting_person, incident),
            to_department=to,
            share=share,
            is_of_part=is_of_part,
            reason=reason,
            words=words.strip(),
            expected=expected.strip(),
            proposed_by=acting_person,
            answer_due_at=asked_until,
        )
        changes = {} if is_of_part else {"state": State.WAITING, "due_at": asked_until}
        return Step(standing, verb_of(proposal, HANDED_OFF), changes, {}, words.strip(), opened=proposal)

    done = planned(found, refused, plan)
    HandOff.objects.bulk_create(step.opened for step in done.steps if step.opened)
    return write(replace(done, steps=list(map(_proposed, done.steps))), acting_person)


def require_speaking(standing: Standing, acting_person: Person) -> None:
    """Refuse whoever answers neither for the incident nor for a part of it."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    if not standing.is_part_of(acting_person):
        require_member_of(acting_person, standing.incident.department)


def in_the_way(found: Iterable[Standing]) -> dict[int, str]:
    """Return, by incident, why it cannot be moved: somebody is asked about it, or rules or has ruled on it."""
    incidents = [one.incident for one in found]
    return {**whom_asked(incidents), **why_unmovable(incidents)}


def _proposed(step: Step) -> Step:
    if (proposal := step.opened) is None:
        return step
    details = spelled_hand_off(proposal, state_before=step.incident.state, reason=proposal.reason)
    return replace(step, details=details)
