"""Rows of the triage desk, made ready for the template: one incident each, with what may be done with it."""

import datetime
import functools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from django.urls import reverse

from departments.models import (
    Answer,
    Capability,
    CauseCode,
    Department,
    Direction,
    Dispute,
    HandOff,
    Incident,
    Person,
    Responsibility,
    State,
)
from departments.turns import next_word
from retention.dashboards.triage_beside import Beside
from retention.models import Score

# From which severity on the mark says so; below all of them it is slight.
SEVERITIES = ((0.67, "severe"), (0.34, "middling"), (0.0, "slight"))
NO_RECORD = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the reader may do with a row; the actions decide again."""

    accept: bool
    give_back: bool
    hand_off: bool
    dispute: bool
    answer_dispute: bool
    resolve: bool
    withdraw: bool
    reopen: bool
    assign: bool
    take_on: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One incident on the desk: `hand_off` waits for an answer, whoever is asked; `found` is a cause by its whys."""

    incident: Incident
    title: str
    origin: str
    severity: str
    account_at_risk: float | None
    deadline: datetime.datetime | None
    is_asked: bool
    hand_off: HandOff | None
    found: CauseCode | None
    may: Deeds

    @property
    def page(self) -> str:
        """Return the address of the incident's page."""
        return address("incident", self.incident.public_id)

    @property
    def account_page(self) -> str:
        """Return the address of the account's page."""
        return address("account", self.incident.account.public_id)

    @property
    def accept(self) -> str:
        """Return where to answer for it: as its holder, or as the one who is asked."""
        if self.is_asked and self.hand_off is not None:
            return address("hand_off_accept", self.hand_off.public_id)
        return address("incident_accept", self.incident.public_id)

    @property
    def give_back(self) -> str:
        """Return where to decline what others ask."""
        return self._of_hand_off("hand_off_return")

    @property
    def withdraw(self) -> str:
        """Return where to ask no longer."""
        return self._of_hand_off("hand_off_withdraw")

    @property
    def assign(self) -> str:
        """Return where to give it to somebody."""
        return address("incident_assign", self.incident.public_id)

    @property
    def pass_on(self) -> str:
        """Return where to ask another department."""
        return address("incident_hand_off", self.incident.public_id)

    @property
    def dispute(self) -> str:
        """Return where to say that it is not the own department's."""
        return address("incident_dispute", self.incident.public_id)

    @property
    def resolve(self) -> str:
        """Return where to say how it was put right."""
        return address("incident_resolve", self.incident.public_id)

    @property
    def cause(self) -> str:
        """Return the public id of the cause that it had before it was reopened, or that its whys found."""
        named = self.incident.cause or self.found
        return str(named.public_id) if named else ""

    @property
    def reopen(self) -> str:
        """Return where to say that it is not."""
        return address("incident_reopen", self.incident.public_id)

    def _of_hand_off(self, name: str) -> str:
        return address(name, self.hand_off.public_id) if self.hand_off else ""


def address(name: str, public_id: uuid.UUID) -> str:
    """Return the address of a route that names one record; rows ask for hundreds of them."""
    before, after = _around(name)
    return f"{before}{public_id}{after}"


@functools.cache
def _around(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[NO_RECORD]).partition(str(NO_RECORD))
    return before, after


def rows(incidents: Iterable[Incident], department: Department, person: Person) -> list[Row]:
    """Return the rows of one page."""
    shown = list(incidents)
    beside = Beside.of(shown)
    return [_row(incident, _Between.of(incident, department, beside), department, person) for incident in shown]


@dataclass(frozen=True, slots=True)
class _Between:
    """What departments have open between them about one incident, as one of them reads it."""

    hand_offs: Sequence[HandOff]
    pending: HandOff | None
    asked: HandOff | None
    disputes: Sequence[Dispute]
    part: Responsibility | None
    is_before_an_executive: bool
    found: CauseCode | None

    @classmethod
    def of(cls, incident: Incident, department: Department, beside: Beside) -> Self:
        """Take it from what stands beside the incidents of the page."""
        hand_offs = beside.hand_offs.get(incident.pk, ())
        pending = next((one for one in hand_offs if one.answer == Answer.PENDING), None)
        parts = () if incident.department_id == department.pk else beside.parts.get(incident.pk, ())
        return cls(
            hand_offs=hand_offs,
            pending=pending,
            asked=pending if pending is not None and pending.to_department_id == department.pk else None,
            disputes=beside.disputes.get(incident.pk, ()),
            part=next((part for part in parts if part.department_id == department.pk), None),
            is_before_an_executive=incident.pk in beside.ruled,
            found=beside.causes.get(incident.pk),
        )


def _row(incident: Incident, between: _Between, department: Department, person: Person) -> Row:
    asked = between.asked
    due_at = asked.answer_due_at if asked else incident.due_at
    return Row(
        incident=incident,
        title=_title(incident, between),
        origin=_words(incident, between),
        severity=severity_word(incident.severity),
        account_at_risk=_account_at_risk(incident),
        deadline=due_at if incident.is_open else None,
        is_asked=asked is not None,
        hand_off=between.pending,
        found=between.found,
        may=_deeds(incident, between, person if person.department_id == department.pk else None),
    )


def _title(incident: Incident, between: _Between) -> str:
    if between.asked is not None:
        return f"{_asked_title(between.asked)}: {incident.title}"
    return f"Your part, {between.part.share:.0%}: {incident.title}" if between.part else incident.title


def _words(incident: Incident, between: _Between) -> str:
    if between.asked is not None:
        return _asked_words(between.asked, between.hand_offs)
    if between.disputes or incident.state == State.DISPUTED:
        return _disputed_words(incident, between)
    if between.part is not None and between.pending is None:
        return f"{incident.department} holds it"
    return _origin(incident, between.pending)


def _disputed_words(incident: Incident, between: _Between) -> str:
    dispute = next(iter(between.disputes), None)
    next_one = next_word(incident, dispute, between.pending, is_before_an_executive=between.is_before_an_executive)
    whose = f"disputed by {dispute.department}, with {dispute.other_side}" if dispute else "handed back"
    return f"{whose}; {next_one} has the next word"


def _deeds(incident: Incident, between: _Between, person: Person | None) -> Deeds:
    """`person` is None for those who only look at another department's desk."""
    works = person is not None and person.can(Capability.WORK_ON_INCIDENTS)
    answers = person is not None and person.can(Capability.ANSWER_INCIDENTS)
    own, reader = (person.department_id, person.pk) if person is not None else (None, None)
    held = person is not None and incident.department_id == own
    asked, pending = between.asked, between.pending
    under_way = held and incident.state in (State.NEW, State.IN_WORK, State.DISPUTED)
    has_part = between.part is not None and incident.is_open and pending is None
    disputes = any(one.department_id == own for one in between.disputes)
    part_to_accept = has_part and (disputes or bool(between.part and between.part.is_provisional))
    to_accept = held and incident.state in (State.NEW, State.DISPUTED)
    to_answer = any(one.against_id == own and one.upheld_at is None for one in between.disputes)
    return Deeds(
        accept=answers and (asked is not None or to_accept or part_to_accept),
        give_back=answers and asked is not None,
        hand_off=answers and (under_way or has_part),
        dispute=answers and (under_way or has_part) and pending is None and not disputes,
        answer_dispute=answers and to_answer and pending is None,
        resolve=answers and under_way,
        withdraw=answers and pending is not None and pending.from_department_id == own,
        reopen=answers and incident.state == State.RESOLVED,
        assign=answers and held and incident.is_open,
        take_on=works and not answers and held and incident.is_open and incident.assignee_id != reader,
    )


def severity_word(severity: float) -> str:
    """Return the word of a severity between 0 and 1."""
    return next(word for least, word in SEVERITIES if severity >= least)


def _account_at_risk(incident: Incident) -> float | None:
    score: Score | None = getattr(incident.account, "score", None)
    return score.revenue_at_risk if score else None


def _asked_title(asked: HandOff) -> str:
    if asked.direction == Direction.TAKE:
        return f"{asked.from_department} offers to take {asked.share:.0%}"
    return f"Handed to you by {asked.from_department}"


def _asked_words(asked: HandOff, hand_offs: Iterable[HandOff]) -> str:
    pair = {asked.from_department_id, asked.to_department_id}
    times = sum({one.from_department_id, one.to_department_id} == pair for one in hand_offs)
    return f"{asked.get_reason_display()}{f', {_ordinal(times)} time between these two' if times > 1 else ''}"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"


def _origin(incident: Incident, pending: HandOff | None) -> str:
    if pending is not None:
        return f"waiting for {pending.to_department}: {pending.get_reason_display().lower()}"
    if incident.cause is not None:
        return f"cause: {incident.cause}"
    if incident.rule is not None:
        return f"detector: {incident.rule}"
    if incident.reporter is not None:
        return f"{incident.reporter}, {incident.reporter.get_role_display().lower()}"
    return f"from {incident.source}"
