"""Telling owners of corrective actions: once some days before the day, once when it has passed."""

import datetime

from departments.models import ActionReminder, CorrectiveAction

NOTICE = datetime.timedelta(days=3)


def remind_owners(today: datetime.date) -> int:
    """Note whoever has to be told of an action that is due soon or past due; return of how many.

    What was told of already is not told again; another day is another deadline.
    """
    planned = CorrectiveAction.objects.standing().filter(done_at=None, due_on__lte=today + NOTICE)
    due = planned.filter(owner__is_active=True).values_list("pk", "owner_id", "due_on")
    known = set(
        ActionReminder.objects.filter(action__in=planned.order_by().values("pk")).values_list(
            "action_id", "person_id", "due_on", "kind"
        )
    )
    told = [(pk, owner, day, "late" if day < today else "soon") for pk, owner, day in due]
    fresh = [one for one in told if one not in known]
    ActionReminder.objects.bulk_create(
        [ActionReminder(action_id=pk, person_id=owner, due_on=day, kind=kind) for pk, owner, day, kind in fresh],
        ignore_conflicts=True,
    )
    return len(fresh)
