"""Rows of the triage desk, made ready for the template: one incident each, with what may be done with it."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from departments.models import Answer, Capability, Department, HandOff, Incident, Person, State
from retention.models import Score

# From which severity on the mark says so; below all of them it is slight.
SEVERITIES = ((0.67, "severe"), (0.34, "middling"), (0.0, "slight"))


@dataclass(frozen=True, slots=True)
class Row:
    """One incident on the desk."""

    incident: Incident
    title: str
    origin: str
    severity: str
    account_at_risk: float | None
    deadline: datetime.datetime | None
    is_asked: bool
    hand_off: HandOff | None
    accepts: bool
    returns: bool
    hands_off: bool
    resolves: bool
    withdraws: bool
    reopens: bool


def rows(incidents: Iterable[Incident], department: Department, person: Person) -> list[Row]:
    """Return the rows of one page."""
    answers = person.can(Capability.ANSWER_INCIDENTS) and person.department_id == department.pk
    return [_row(incident, department, (answers and "answers") or "reads") for incident in incidents]


def _row(incident: Incident, department: Department, part: str) -> Row:
    hand_offs = list(incident.hand_offs.all())
    pending = next((one for one in hand_offs if one.answer == Answer.PENDING), None)
    asked = pending if pending is not None and pending.to_department_id == department.pk else None
    answers, held = part == "answers", incident.department_id == department.pk
    under_way = held and incident.state in (State.NEW, State.IN_WORK, State.DISPUTED)
    return Row(
        incident=incident,
        title=f"Handed to you by {asked.from_department}: {incident.title}" if asked else incident.title,
        origin=_asked_words(asked, hand_offs) if asked else _origin(incident, pending),
        severity=severity_word(incident.severity),
        account_at_risk=_account_at_risk(incident),
        deadline=None if incident.state == State.RESOLVED else asked.answer_due_at if asked else incident.due_at,
        is_asked=asked is not None,
        hand_off=pending,
        accepts=answers and (asked is not None or (held and incident.state in (State.NEW, State.DISPUTED))),
        returns=answers and asked is not None,
        hands_off=answers and under_way,
        resolves=answers and under_way,
        withdraws=answers and held and pending is not None,
        reopens=answers and incident.state == State.RESOLVED,
    )


def severity_word(severity: float) -> str:
    """Return the word of a severity between 0 and 1."""
    return next(word for least, word in SEVERITIES if severity >= least)


def _account_at_risk(incident: Incident) -> float | None:
    score: Score | None = getattr(incident.account, "score", None)
    return score.revenue_at_risk if score else None


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
