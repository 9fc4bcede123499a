"""Which incidents of others a department may have to do with: looked up, where to ask each of them would read them all.

Whether one of them does concern the department remains for `visible_to` to say.
"""

from typing import Any, Final

from django.db.models import QuerySet

from departments.models import HandOff, Incident, Responsibility, Wait

# Beyond it some are soon come across, and to look all of them up would take longer.
MOST: Final = 20_000


def reach_beyond(department: int, other: int) -> list[int] | None:
    """Return the keys of all that may concern a department though another holds or answers for it; both by key.

    None where there are more than `MOST`.
    """
    first, *others = (branch.distinct()[: MOST + 1] for branch in _branches(department, other))
    found = list(first.union(*others)[: MOST + 1])
    return [key for (key,) in found] if len(found) <= MOST else None


def _branches(department: int, other: int) -> list[QuerySet[Any, tuple[int]]]:
    """Return all by which an incident concerns it: a part below the whole, since another holds or answers for it, too.

    Only who holds it without answering for any of it leaves a department the whole; they keep a row with no share.
    """
    parts = Responsibility.objects.order_by().filter(share__lt=1)
    held_only = parts.filter(department=other, share=0, incident__department=other)
    of_incidents = (
        parts.filter(department=department),
        held_only,
        HandOff.objects.order_by().filter(to_department=department),
        Wait.objects.order_by().filter(department=department),
    )
    reported = Incident.objects.order_by().filter(reporting_department=department)
    return [*(branch.values_list("incident_id") for branch in of_incidents), reported.values_list("pk")]
