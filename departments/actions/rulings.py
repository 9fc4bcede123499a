"""Disputes before an executive: asked for by either side, argued by both, ruled on once.

What is ruled stands back to the day it happened: scoring reads who answers now and when the friction happened.
"""

import datetime
import math
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.disputes import as_open, as_withdrawn, end_disputes, open_ruling
from departments.actions.parts import refuse_while_asked
from departments.actions.permissions import require
from departments.actions.shares import write_shares
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import allow_undo, picture
from departments.clocks import deadline
from departments.models import (
    Capability,
    Department,
    Dispute,
    DisputeEnd,
    Incident,
    IncidentEvent,
    Person,
    Regrading,
    Responsibility,
    Ruling,
    RulingState,
    State,
    Statement,
)


def parties(incident: Incident) -> QuerySet[Department]:
    """Return the departments between which the incident lies: who answers, asked or was asked, and who reported it."""
    hand_offs, disputes = incident.hand_offs.order_by(), incident.disputes.order_by()
    # Looked up at the incident: joined to departments, everything that each ever had would be paired with the rest.
    concerned = (
        Q(pk__in=incident.responsibilities.order_by().values("department"))
        | Q(pk__in=hand_offs.values("from_department"))
        | Q(pk__in=hand_offs.values("to_department"))
        | Q(pk__in=disputes.values("department"))
        | Q(pk__in=disputes.values("against"))
        | Q(pk=incident.reporting_department_id)
    )
    return Department.objects.filter(concerned)


@transaction.atomic
def ask_for_ruling(*, incident: Incident, words: str, acting_person: Person) -> Ruling:
    """Put a disputed incident before an executive."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    _require_party(incident, acting_person)
    _require_dispute(incident)
    if not words.strip():
        raise Invalid("words", "Say what is in dispute.")
    if Ruling.objects.open().filter(incident=incident).exists():
        raise Conflict("It waits for a ruling already.")
    before = picture(incident)
    swap(incident)
    ruling = open_ruling(incident, words.strip(), acting_person)
    allow_undo(before, incident, "ruling_asked", acting_person, also=[as_withdrawn(ruling, acting_person)])
    return ruling


def _require_dispute(incident: Incident) -> None:
    """Refuse what nobody disputes, and what others are just asked to take."""
    refuse_while_asked(incident)
    if incident.state == State.WAITING or not Dispute.objects.open().filter(incident=incident).exists():
        require_state(incident, State.DISPUTED)


def _require_party(incident: Incident, acting_person: Person) -> None:
    if acting_person.department not in parties(incident):
        raise NotAllowed("Only the departments between which it lies can do this.")


@transaction.atomic
def state_case(*, ruling: Ruling, words: str, acting_person: Person) -> Statement:
    """Say what the own side has to say, as long as nothing is ruled."""
    require(acting_person, Capability.REPORT_FRICTION)
    if acting_person.department_id is not None:
        require(acting_person, Capability.ANSWER_INCIDENTS)
        _require_party(ruling.incident, acting_person)
    if not words.strip():
        raise Invalid("words", "A statement needs words.")
    locked_incident(ruling.incident_id)
    if not Ruling.objects.select_for_update().get(pk=ruling.pk).is_open:
        raise Conflict(f"Nothing waits for a ruling any more: {ruling.get_state_display().lower()}.")
    statement = Statement.objects.create(
        ruling=ruling, department_id=acting_person.department_id, person=acting_person, words=words.strip()
    )
    statement.refresh_from_db()
    details = {"ruling": str(ruling.public_id), "statement": str(statement.public_id)}
    record_step(
        incident=ruling.incident, verb="case_stated", words=words.strip(), acting_person=acting_person, details=details
    )
    return statement


def take_back_statements(keys: Sequence[int], now: datetime.datetime, acting_person: Person) -> None:
    """Mark what a side has just said as taken back; it stays on record.

    Raises Conflict where it was ruled, or anybody else has acted on the incident since.
    """
    for statement in Statement.objects.filter(pk__in=keys).select_related("ruling__incident"):
        ruling = statement.ruling
        _require_nobody_since(statement, locked_incident(ruling.incident_id))
        if not Ruling.objects.select_for_update().get(pk=ruling.pk).is_open:
            raise Conflict(f"What you said stays: {ruling.get_state_display().lower()}.")
        Statement.objects.filter(pk=statement.pk).update(taken_back_at=now)
        record_step(
            incident=ruling.incident,
            verb="statement_taken_back",
            words="",
            acting_person=acting_person,
            details={"ruling": str(ruling.public_id), "statement": str(statement.public_id)},
        )


def _require_nobody_since(statement: Statement, incident: Incident) -> None:
    """Refuse where others went on from what was said; what the system does by its clocks is no answer to it."""
    events = IncidentEvent.objects.filter(incident=incident)
    said = events.filter(verb="case_stated", details__statement=str(statement.public_id))
    others = events.filter(pk__gt=said.values("pk"), person__isnull=False).exclude(person=statement.person)
    if others.exists():
        raise Conflict(f"Somebody has acted on it since, so what you said stays. {last_step(incident)}")


@transaction.atomic
def rule(
    *,
    ruling: Ruling,
    shares: Mapping[Department, float],
    words: str,
    regrading_stands: bool | None,
    acting_person: Person,
) -> Ruling:
    """Decide who answers for which share, and whether a contested grade stands; the first ruling stands.

    Whoever answers for most then holds the incident, unless it is resolved already. `regrading_stands` is for
    contested grades alone.
    """
    require(acting_person, Capability.RULE)
    _check_ruling(ruling, shares, words, regrading_stands=regrading_stands)
    concerned = locked_incident(ruling.incident_id)
    require_state(concerned, State.NEW, State.IN_WORK, State.DISPUTED, State.RESOLVED)
    if concerned.merged_into_id is not None:
        raise Conflict("It was merged into another incident: nobody answers for it any more.")
    refuse_while_asked(concerned)
    _decide(ruling, shares, words.strip(), acting_person)
    before = picture(concerned)
    graded = _grade(ruling, regrading_stands=regrading_stands)
    write_shares(concerned, {department.pk: share for department, share in shares.items()})
    swap(concerned, **_moved(concerned, shares), **graded)
    spelled = {department.slug: share for department, share in shares.items()}
    details = {"ruling": str(ruling.public_id), "shares": spelled, "regrading_stands": regrading_stands}
    details |= {"state": concerned.state, "holder": concerned.department.slug}
    record_step(incident=concerned, verb="ruled", words=words.strip(), acting_person=acting_person, details=details)
    also = [as_open(ruling), *([_undecided(ruling.regrading)] if ruling.regrading else [])]
    also += end_disputes(Dispute.objects.filter(incident=concerned), DisputeEnd.RULED, acting_person)
    allow_undo(before, concerned, "ruled", acting_person, also=also)
    return ruling


def _check_ruling(
    ruling: Ruling, shares: Mapping[Department, float], words: str, *, regrading_stands: bool | None
) -> None:
    if not words.strip():
        raise Invalid("words", "Say why you rule so.")
    if any(not (math.isfinite(share) and 0 <= share <= 1) for share in shares.values()):
        raise Invalid("shares", "Shares lie between 0 and 1.")
    if not math.isclose(math.fsum(shares.values()), 1, abs_tol=1e-9):
        raise Invalid("shares", "Shares sum to 1: somebody answers for all of it.")
    if ruling.regrading_id is not None and regrading_stands is None:
        raise Invalid("regrading_stands", "Say whether the changed grade stands.")
    if ruling.regrading_id is None and regrading_stands is not None:
        raise Invalid("regrading_stands", "Nobody contests the grade of this incident.")


def _decide(ruling: Ruling, shares: Mapping[Department, float], words: str, acting_person: Person) -> None:
    undecided = Ruling.objects.open().filter(pk=ruling.pk)
    if not undecided.update(
        state=RulingState.RULED,
        decided_at=timezone.now(),
        decided_by=acting_person,
        decision=words,
        shares={department.slug: share for department, share in shares.items()},
    ):
        raise Conflict("Nothing waits for a ruling any more: somebody was first.")
    ruling.refresh_from_db()


def _grade(ruling: Ruling, *, regrading_stands: bool | None) -> dict[str, object]:
    """Return the columns of the grade that was ruled; while it was contested, the one before stood."""
    if ruling.regrading is None:
        return {}
    Regrading.objects.filter(pk=ruling.regrading.pk).update(stands=regrading_stands)
    if not regrading_stands:
        return {}
    return {"severity": ruling.regrading.severity_after, "friction_type_id": ruling.regrading.type_after_id}


def _undecided(regrading: Regrading) -> dict[str, object]:
    return {"model": "regrading", "pk": regrading.pk, "columns": {"stands": None}}


def _moved(incident: Incident, shares: Mapping[Department, float]) -> dict[str, object]:
    """Return the columns by which the incident comes to whoever answers for most of it."""
    if incident.state == State.RESOLVED:
        return {}
    now = timezone.now()
    largest = max(shares.values())
    holders = [department for department, share in shares.items() if share == largest]
    stays = incident.department in holders
    holder = incident.department if stays else holders[0]
    hours = incident.hours_to_resolve
    due_at = incident.resolve_due_at if stays else deadline(start=now, hours=hours, department=holder)
    return {
        "state": State.IN_WORK,
        "department": holder,
        "assignee": incident.assignee if stays else None,
        "answered_at": now,
        "resolve_due_at": due_at,
        "due_at": due_at,
    }


def answered_for(incident: Incident) -> dict[Department, float]:
    """Return who answers for the incident now, and for which share."""
    parts = Responsibility.objects.filter(incident=incident).select_related("department")
    return {part.department: part.share for part in parts}
