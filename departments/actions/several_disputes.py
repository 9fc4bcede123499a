"""Disputing several incidents at once; each is disputed or refused by itself, all are written together."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict
from departments.actions.disputes import (
    as_withdrawn,
    bounced_too_often,
    bounced_words,
    disputed_by,
    not_raised,
)
from departments.actions.disputing import DISPUTED, check_dispute, next_word_by, sides_of, spelled_dispute, verb_of
from departments.actions.handoffs import MOVABLE
from departments.actions.outcome import Outcome
from departments.actions.parts import PART_MOVABLE, own_department
from departments.actions.sets import Planned, Standing, Step, locked, planned, write
from departments.actions.several import in_the_way, require_one_of, require_speaking
from departments.clocks import calendars
from departments.models import Dispute, Incident, IncidentEvent, Person, Ruling, State


@transaction.atomic
def dispute_all(*, incidents: Iterable[Incident], reason: str, words: str, acting_person: Person) -> Outcome:
    """Say of all of them that they are not the own department's: of what it holds, and of its parts in others'."""
    check_dispute(reason, words)
    found, refused = locked(incidents)
    moving, disputed = in_the_way(found), disputed_by([one.incident for one in found])
    sides = sides_of([one.incident for one in found], acting_person.department_id)

    def plan(standing: Standing) -> Step:
        incident, is_of_part = standing.incident, standing.is_part_of(acting_person)
        require_speaking(standing, acting_person)
        require_one_of(incident, *(PART_MOVABLE if is_of_part else MOVABLE))
        if sentence := moving.get(incident.pk):
            raise Conflict(sentence)
        department = own_department(acting_person, incident)
        if department.pk in disputed.get(incident.pk, {}):
            raise Conflict(f"{department} disputes it already.")
        return Step(standing, "", {} if is_of_part else {"state": State.DISPUTED}, {}, words.strip())

    done = planned(found, refused, plan)
    known = calendars()
    raised = Dispute.objects.bulk_create(
        Dispute(
            incident=step.incident,
            department=own_department(acting_person, step.incident),
            against=sides.get(step.incident.pk),
            answer_due_at=next_word_by(step.incident, sides.get(step.incident.pk), known),
            is_of_part=step.standing.is_part_of(acting_person),
            reason=reason,
            words=words.strip(),
            raised_by=acting_person,
        )
        for step in done.steps
    )
    steps = [_step(step, one, acting_person) for step, one in zip(done.steps, raised, strict=True)]
    return write(_ruled_on(replace(done, steps=steps), acting_person), acting_person)


def _step(step: Step, raised: Dispute, acting_person: Person) -> Step:
    details = spelled_dispute(raised, reason=raised.reason, state_before=step.incident.state)
    also = [not_raised(raised, acting_person)]
    return replace(step, verb=verb_of(raised, DISPUTED), details=details, also=also)


def _ruled_on(done: Planned, acting_person: Person) -> Planned:
    """Ask for a ruling on what bounced so often as is allowed; what waits is not ruled on."""
    incidents = [step.incident for step in done.steps if step.incident.state != State.WAITING]
    often = bounced_too_often(incidents)
    waiting = set(Ruling.objects.open().filter(incident__in=often).values_list("incident", flat=True))
    asked = {
        ruling.incident_id: ruling
        for ruling in Ruling.objects.bulk_create(
            Ruling(incident_id=key, words=bounced_words(bounces), asked_at=timezone.now())
            for key, bounces in often.items()
            if key not in waiting
        )
    }
    done.also_on_record.extend(_asked(step, asked) for step in done.steps if step.incident.pk in asked)
    return replace(done, steps=[_unasked(step, asked.get(step.incident.pk), acting_person) for step in done.steps])


def _asked(step: Step, asked: dict[int, Ruling]) -> IncidentEvent:
    ruling = asked[step.incident.pk]
    details = {"ruling": str(ruling.public_id)}
    return IncidentEvent(incident=step.incident, verb="ruling_asked", words=ruling.words, details=details)


def _unasked(step: Step, ruling: Ruling | None, acting_person: Person) -> Step:
    if ruling is None:
        return step
    also: Sequence[dict[str, object]] = [as_withdrawn(ruling, acting_person)]
    return replace(step, also=[*step.also, *also])
