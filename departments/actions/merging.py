"""Duplicates: one incident is kept, the others point to it and weigh nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid
from departments.actions.disputes import as_disputed, disputed_by, end_disputes
from departments.actions.outcome import Outcome, Overtaken, as_error
from departments.actions.parts import whom_asked
from departments.actions.permissions import require_answering
from departments.actions.sets import Standing, Step, locked, planned, write
from departments.models import Dispute, DisputeEnd, Incident, IncidentEvent, Person, Responsibility, State

MERGEABLE = (State.NEW, State.IN_WORK, State.DISPUTED)


def merge(*, incident: Incident, into: Incident, acting_person: Person) -> Incident:
    """Say that the incident is the same as another at the account; the other is kept and alone counts.

    The duplicate is resolved, points to the one kept, and nobody answers for a share of it any more: no ledger counts
    the same friction twice. Its record, notes and path stay.
    """
    if incident.pk == into.pk:
        raise Invalid("into", "An incident is not its own duplicate.")
    outcome = merge_all(incidents=[incident], into=into, acting_person=acting_person)
    for refusal in outcome.refused:
        raise as_error(refusal)
    incident.refresh_from_db()
    return incident


@transaction.atomic
def merge_all(*, incidents: Iterable[Incident], into: Incident, acting_person: Person) -> Outcome:
    """Merge each of the incidents into the one kept, which may be among them; each is done or refused by itself."""
    duplicates = [incident for incident in incidents if incident.pk != into.pk]
    # The one kept is locked with the others: two people may merge a pair into each other at once.
    found, refused = locked([*duplicates, into])
    now = {one.pk: one for one in [*(one.incident for one in found), *(one.incident for one in refused)]}
    if (kept := now.get(into.pk)) is None:
        raise Conflict("The one to be kept is not on record any more.")
    between = _Between.of([one.incident for one in found])
    keepers = {one.merged_into_id for one in Incident.objects.only("merged_into").filter(merged_into__in=duplicates)}
    done = planned(
        [one for one in found if one.incident.pk != kept.pk],
        [one for one in refused if one.incident.pk != kept.pk],
        lambda one: _merged(one, kept, keepers, between, acting_person),
    )
    # Not a change of the one kept, but part of its record.
    done.also_on_record.extend(_taken_in(step.incident, kept, acting_person) for step in done.steps)
    outcome = write(done, acting_person)
    merged = [step.incident.pk for step in done.steps]
    Responsibility.objects.filter(incident__in=merged).update(share=0.0)
    end_disputes(Dispute.objects.filter(incident__in=merged), DisputeEnd.CLOSED, acting_person)
    return outcome


@dataclass(frozen=True, slots=True)
class _Between:
    """What departments have open between them: who is asked, in a sentence, and what is disputed, by incident."""

    asked: Mapping[int, str]
    disputed: Mapping[int, Mapping[int, int]]

    @classmethod
    def of(cls, incidents: Sequence[Incident]) -> Self:
        """Read it for all of them."""
        return cls(whom_asked(incidents), disputed_by(incidents))


def _merged(
    standing: Standing, kept: Incident, keepers: Collection[int | None], between: _Between, acting_person: Person
) -> Step:
    duplicate = standing.incident
    require_answering(acting_person, duplicate.department)
    _check_pair(duplicate, kept, keepers)
    if sentence := between.asked.get(duplicate.pk):
        raise Conflict(sentence)
    changes = {
        "state": State.RESOLVED,
        "merged_into_id": kept.pk,
        "resolution": f"The same as “{kept}”.",
        "resolved_at": max(timezone.now(), duplicate.happened_at),
    }
    details = {"into": str(kept.public_id), "state_before": duplicate.state}
    also = [as_disputed(key) for key in between.disputed.get(duplicate.pk, {}).values()]
    return Step(standing, "merged", changes, details, also=also)


def _taken_in(duplicate: Incident, kept: Incident, acting_person: Person) -> IncidentEvent:
    details = {"duplicate": str(duplicate.public_id)}
    return IncidentEvent(incident=kept, person=acting_person, verb="took_in", words=duplicate.title, details=details)


def _check_pair(duplicate: Incident, kept: Incident, keepers: Collection[int | None]) -> None:
    if duplicate.state not in MERGEABLE:
        raise Overtaken(f"This cannot be done now: {duplicate.get_state_display().lower()}.")
    if duplicate.account_id != kept.account_id:
        raise Invalid("into", f"It happened at {duplicate.account}, the other at {kept.account}.")
    if duplicate.department_id != kept.department_id:
        raise Invalid("into", f"The one to be kept is with {kept.department}: hand this one off as a duplicate.")
    if not kept.is_open:
        raise Conflict(f"The one to be kept is not open: {kept.get_state_display().lower()}.")
    if duplicate.pk in keepers:
        raise Conflict("Others were merged into this one: keep it, and merge the other into it.")
