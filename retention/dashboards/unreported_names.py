"""Which signals nobody reported, by name: the newest of each department and kind, kept with what counts them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from accounts.models import Account, Signal
from departments.models import Person, Role

# A list that nobody reads to its end need not be whole.
MOST_NAMED = 1_000
# So many signals at a time are asked for whether a department sees their accounts.
LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Named:
    """Signals by key, newest first: of all accounts, and of those that the department sees.

    What is read of them is asked again of `visible_to`; these are only where to look.
    """

    of_all: Sequence[int]
    of_its_own: Sequence[int]

    def open_to(self, person: Person) -> Sequence[int]:
        """Return where to look for a person."""
        return self.of_all if person.visible_account_ids() is None else self.of_its_own


Names = Mapping[int, Mapping[str, Named]]


def names_of(missing: Mapping[int, Mapping[str, Sequence[int]]]) -> Names:
    """Return the names kept of all that is missing, newest first: by department's key, and kind."""
    return {
        department: {said: _named(signals, department) for said, signals in kinds.items()}
        for department, kinds in missing.items()
    }


def _named(signals: Sequence[int], department: int) -> Named:
    return Named(signals[:MOST_NAMED], list(islice(_seen_by(department, signals), MOST_NAMED)))


def _seen_by(department: int, signals: Sequence[int]) -> Iterator[int]:
    anybody = Person(role=Role.DEPARTMENT_HEAD, department_id=department)
    seen = Signal.objects.order_by().filter(account__in=Account.objects.order_by().visible_to(anybody))
    for first in range(0, len(signals), LOOKED_AT):
        some = signals[first : first + LOOKED_AT]
        known = set(seen.filter(pk__in=some).values_list("pk", flat=True))
        yield from (signal for signal in some if signal in known)
