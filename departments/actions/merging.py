"""Duplicates: one incident is kept, the others point to it and weigh nothing."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.errors import ActionError, Conflict, Invalid
from departments.actions.bulk import Outcome
from departments.actions.permissions import require_answering
from departments.actions.steps import last_step, locked_incident, record_step, require_state, swap
from departments.actions.undo import Refusal, allow_undo, picture, undo_of
from departments.models import Incident, Person, Responsibility, State

MERGEABLE = (State.NEW, State.IN_WORK, State.DISPUTED)


@transaction.atomic
def merge(*, incident: Incident, into: Incident, acting_person: Person) -> Incident:
    """Say that the incident is the same as another at the account; the other is kept and alone counts.

    The duplicate is resolved, points to the one kept, and nobody answers for a share of it any more: no ledger counts
    the same friction twice. Its record, notes and path stay.
    """
    require_answering(acting_person, incident.department)
    duplicate, kept = _locked(incident, into)
    _check_pair(duplicate, kept)
    before = picture(duplicate)
    state_before = duplicate.state
    now = timezone.now()
    swap(
        duplicate,
        state=State.RESOLVED,
        merged_into=kept,
        resolution=f"The same as “{kept}”.",
        resolved_at=max(now, duplicate.happened_at),
    )
    Responsibility.objects.filter(incident=duplicate).update(share=0.0)
    details = {"into": str(kept.public_id), "state_before": state_before}
    record_step(incident=duplicate, verb="merged", words="", acting_person=acting_person, details=details)
    # Not a change of the one kept, but part of its record.
    took_in = {"duplicate": str(duplicate.public_id)}
    record_step(incident=kept, verb="took_in", words=duplicate.title, acting_person=acting_person, details=took_in)
    allow_undo(before, duplicate, "merged", acting_person)
    return duplicate


def _locked(incident: Incident, into: Incident) -> tuple[Incident, Incident]:
    """Lock both, always in the same order: two people may merge a pair into each other at once."""
    if incident.pk == into.pk:
        raise Invalid("into", "An incident is not its own duplicate.")
    found = {key: locked_incident(key) for key in sorted([incident.pk, into.pk])}
    duplicate = found[incident.pk]
    if duplicate.version != incident.version:
        raise Conflict(f"Somebody was first. {last_step(duplicate)}")
    return duplicate, found[into.pk]


def _check_pair(duplicate: Incident, kept: Incident) -> None:
    require_state(duplicate, *MERGEABLE)
    if duplicate.account_id != kept.account_id:
        raise Invalid("into", f"It happened at {duplicate.account}, the other at {kept.account}.")
    if duplicate.department_id != kept.department_id:
        raise Invalid("into", f"The one to be kept is with {kept.department}: hand this one off as a duplicate.")
    if not kept.is_open:
        raise Conflict(f"The one to be kept is not open: {kept.get_state_display().lower()}.")
    if duplicate.merged.exists():
        raise Conflict("Others were merged into this one: keep it, and merge the other into it.")


def merge_all(*, incidents: Sequence[Incident], into: Incident, acting_person: Person) -> Outcome:
    """Merge each of the incidents into the one kept, which may be among them; each is done or refused by itself."""
    done, refused = [], []
    for incident in incidents:
        if incident.pk == into.pk:
            continue
        try:
            done.append(merge(incident=incident, into=into, acting_person=acting_person))
        except ActionError as error:
            refused.append(Refusal(incident, error))
    return Outcome(done, refused, undo_of(done, acting_person))
