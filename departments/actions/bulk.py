"""The same deed for several incidents; each is its own, so that one refusal does not stop the rest."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.errors import ActionError, NotAllowed
from departments.actions.undo import Refusal, undo_of
from departments.models import Incident, Person

MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each, and by what the whole deed can be taken back."""

    done: Sequence[Incident]
    refused: Sequence[Refusal]
    undo: uuid.UUID | None

    @property
    def is_forbidden(self) -> bool:
        """Return whether nothing was done, for want of permission alone."""
        return not self.done and all(isinstance(refusal.error, NotAllowed) for refusal in self.refused)


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
