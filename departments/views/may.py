"""What a person may do with an incident as it stands; the actions decide again."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from departments.actions.dispute_answers import may_answer
from departments.actions.grading import may_contest
from departments.forms import DisputeAnswerForm
from departments.models import (
    Answer,
    Capability,
    Dispute,
    HandOff,
    Incident,
    Person,
    Regrading,
    Responsibility,
    Ruling,
    State,
    Wait,
)
from departments.turns import next_word

UNDER_WAY = (State.NEW, State.IN_WORK, State.DISPUTED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an incident has beside it."""

    path: Sequence[HandOff]
    regradings: Sequence[Regrading]
    rulings: Sequence[Ruling]
    open_wait: Wait | None
    disputes: Sequence[Dispute]
    parts: Sequence[Responsibility]

    @property
    def pending(self) -> HandOff | None:
        """Return the question that nobody has answered."""
        return next((step for step in self.path if step.answer == Answer.PENDING), None)

    @property
    def is_before_an_executive(self) -> bool:
        """Return whether an executive is asked who answers for it."""
        return any(ruling.is_open for ruling in self.rulings)

    def open_disputes(self) -> list[Dispute]:
        """Return what is disputed now."""
        return [dispute for dispute in self.disputes if dispute.is_open]

    def part_of(self, person: Person, incident: Incident) -> Responsibility | None:
        """Return the part of the person's department in what another one holds."""
        own = person.department_id
        if own is None or own == incident.department_id:
            return None
        return next((part for part in self.parts if part.department_id == own), None)

    def sides(self, incident: Incident) -> set[int | None]:
        """Return the departments that can ask for a ruling."""
        disputes = self.open_disputes()
        return {
            incident.department_id,
            *(step.to_department_id for step in self.path),
            *(dispute.department_id for dispute in disputes),
            *(dispute.against_id for dispute in disputes),
        }


@dataclass(frozen=True, slots=True)
class May:
    """What this person may do with this incident now."""

    accept: bool
    assign: bool
    hand_off: bool
    dispute: bool
    resolve: bool
    reopen: bool
    answer_hand_off: bool
    withdraw: bool
    note: bool
    regrade: bool
    contest: bool
    ask_for_ruling: bool
    wait: bool
    end_wait: bool


@dataclass(frozen=True, slots=True)
class ShownDispute:
    """A dispute, who has the next word where it is open and by when, and what the person may say."""

    dispute: Dispute
    next_word: str
    due_at: datetime.datetime | None
    may_withdraw: bool
    form: DisputeAnswerForm | None


def may(person: Person, incident: Incident, standing: Standing) -> May:
    """Return what the person may do with the incident as it stands."""
    pending, open_wait = standing.pending, standing.open_wait
    is_head = person.can(Capability.ANSWER_INCIDENTS)
    works = person.can(Capability.WORK_ON_INCIDENTS)
    reports = person.can(Capability.REPORT_FRICTION)
    holds = person.department_id == incident.department_id
    answers = holds and is_head
    under_way = incident.state in UNDER_WAY
    part = standing.part_of(person, incident) if is_head and incident.is_open else None
    moves = ((answers and under_way) or part is not None) and pending is None and not standing.rulings
    disputes = [one for one in standing.open_disputes() if one.department_id == person.department_id]
    accepts_part = part is not None and (part.is_provisional or bool(disputes))
    contested = any(one.is_contested_now for one in standing.regradings)
    return May(
        accept=accepts_part or (answers and incident.state in (State.NEW, State.DISPUTED)),
        assign=holds and works and incident.is_open,
        hand_off=moves,
        dispute=moves and not disputes,
        resolve=answers and under_way,
        reopen=incident.state == State.RESOLVED and incident.merged_into is None and reports,
        answer_hand_off=is_head and pending is not None and pending.to_department_id == person.department_id,
        withdraw=is_head and pending is not None and pending.from_department_id == person.department_id,
        note=reports,
        regrade=answers and incident.is_open and not contested,
        contest=bool(standing.regradings)
        and standing.regradings[-1].may_be_contested
        and may_contest(incident, person),
        ask_for_ruling=is_head
        and _may_be_ruled_on(incident, standing)
        and person.department_id in standing.sides(incident),
        wait=holds and works and incident.state == State.IN_WORK,
        end_wait=open_wait is not None
        and works
        and person.department_id in (incident.department_id, open_wait.department_id),
    )


def _may_be_ruled_on(incident: Incident, standing: Standing) -> bool:
    if incident.state == State.WAITING or standing.pending is not None or standing.is_before_an_executive:
        return False
    return incident.state == State.DISPUTED or bool(standing.open_disputes())


def disputes_shown(person: Person, incident: Incident, standing: Standing) -> dict[str, object]:
    """Return what a page about the incident shows of its disputes."""
    shown = [_shown(one, person, incident, standing) for one in standing.disputes]
    return {
        "disputes": shown,
        "next_word": next(
            (one.next_word for one in shown if one.dispute.is_open), _next_word(incident, None, standing)
        ),
        "is_disputed": incident.state == State.DISPUTED or bool(standing.open_disputes()),
    }


def _shown(dispute: Dispute, person: Person, incident: Incident, standing: Standing) -> ShownDispute:
    dispute.incident = incident
    if not dispute.is_open:
        return ShownDispute(dispute, "", None, may_withdraw=False, form=None)
    asked = standing.pending is not None
    own = person.can(Capability.ANSWER_INCIDENTS) and person.department_id == dispute.department_id
    # With an executive, or with another department that is just asked, it is not the other side's to answer.
    answers = not asked and dispute.upheld_at is None and may_answer(dispute, person)
    takes = dispute.against is not None
    return ShownDispute(
        dispute,
        _next_word(incident, dispute, standing),
        None if asked or standing.is_before_an_executive else dispute.answer_due_at,
        may_withdraw=own and not asked,
        form=DisputeAnswerForm(takes=takes, auto_id="dispute_answer_%s") if answers else None,
    )


def _next_word(incident: Incident, dispute: Dispute | None, standing: Standing) -> str:
    asked, ruled = standing.pending, standing.is_before_an_executive
    return next_word(incident, dispute, asked, is_before_an_executive=ruled)
