"""A deed with several incidents, one after the other; what is done by the hundred is in `several.py`."""

from collections.abc import Callable, Iterable

from django.db import transaction

from accounts.errors import ActionError
from departments.actions.outcome import MOST_AT_ONCE, Outcome, Refusal
from departments.actions.undo import undo_of
from departments.models import Incident, Person

__all__ = ["MOST_AT_ONCE", "Outcome", "for_each"]


def for_each(*, incidents: Iterable[Incident], deed: Callable[[Incident], object], acting_person: Person) -> Outcome:
    """Do the deed with each incident, and say for which it was refused and why."""
    done, refused = [], []
    for incident in incidents:
        try:
            with transaction.atomic():
                deed(incident)
        except ActionError as error:
            refused.append(Refusal(incident, error))
        else:
            done.append(incident)
    return Outcome(done, refused, undo_of(done, acting_person))
