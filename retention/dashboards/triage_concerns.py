"""What lies on a desk though another department holds it: parts, and what was disputed between them.

Departments are given by id, so that what is asked of them can be put together once for all.
"""

import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from departments.models import Answer, Dispute, HandOff, Incident, Responsibility, State


def parts_on_desk(department: int, tab: str) -> QuerySet[Incident]:
    """Return the incidents of which the department has a part that stands so, though the incident itself may not.

    A part that was not accepted needs an answer; one about which another department is asked waits; one that is neither
    nor disputed is in work.
    """
    disputed = Exists(Dispute.objects.open().filter(incident=OuterRef("incident"), department=department))
    asking = Exists(HandOff.objects.pending().filter(incident=OuterRef("incident"), from_department=department))
    asked = Exists(HandOff.objects.pending().filter(incident=OuterRef("incident"), to_department=department))
    stands = {
        State.NEW: Q(is_provisional=True) & ~asking & ~asked,
        State.IN_WORK: Q(is_provisional=False) & ~asking & ~asked,
        State.WAITING: Q(asking),
    }
    parts = _parts(department).filter(~disputed, stands[State(tab)])
    return Incident.objects.order_by().filter(pk__in=parts.values("incident"))


def _parts(department: int) -> QuerySet[Responsibility]:
    under_way = Responsibility.objects.order_by().filter(
        department=department, share__gt=0, share__lt=1, resolved_at=None, incident__merged_into=None
    )
    return under_way.exclude(incident__department=department)


def disputed_between(department: int) -> QuerySet[Incident]:
    """Return what the department disputes, or another one with it."""
    between = Dispute.objects.open().between(department).order_by().values("incident")
    return Incident.objects.order_by().filter(pk__in=between)


def handed_back_by(department: int) -> QuerySet[Incident]:
    """Return what the department handed back and nobody has accepted since."""
    back = HandOff.objects.order_by().filter(incident=OuterRef("pk"), to_department=department, answer=Answer.RETURNED)
    disputed = Incident.objects.order_by().filter(state=State.DISPUTED, merged_into=None)
    return disputed.filter(Exists(back)).exclude(department=department)


def answered_by_holder(department: int, since: datetime.datetime) -> QuerySet[Incident]:
    """Return what happened since, that the department holds and answers for."""
    gave_all = Responsibility.objects.order_by().filter(department=department, share__lt=1, share=0)
    held = Incident.objects.order_by().filter(department=department, merged_into=None, happened_at__gte=since)
    return held.exclude(pk__in=gave_all.values("incident"))


def answered_besides(department: int, since: datetime.datetime) -> QuerySet[Incident]:
    """Return what happened since, of which the department answers for a part while another holds it."""
    parts = Responsibility.objects.order_by().filter(
        department=department, share__gt=0, share__lt=1, happened_at__gte=since
    )
    besides = Incident.objects.order_by().filter(pk__in=parts.values("incident"), merged_into=None)
    return besides.exclude(department=department)
