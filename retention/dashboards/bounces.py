"""What bounced between two departments: handed back by whoever was asked, or disputed by whoever had it."""

import datetime
from typing import Final

from django.db.models import Q, QuerySet

from departments.models import Answer, Department, Dispute, HandOff, Incident
from departments.models.dispute import DisputeQuerySet
from departments.models.handoff import HandOffQuerySet

# As `bounced` has it. Whoever disputes what no department attributed to it has no other side here.
BOUNCES: Final = """
    SELECT from_department_id AS one, to_department_id AS other, incident_id, answered_at AS at
    FROM departments_handoff WHERE answer = 'returned'
    UNION ALL
    SELECT department_id, against_id, incident_id, raised_at FROM departments_dispute
    WHERE "end" NOT IN ('withdrawn', 'taken_back')
"""


def bounced(
    department: Department | None, since: datetime.datetime | None = None, one: str = "", other: str = ""
) -> QuerySet[Incident]:
    """Return what bounced between the department, or any, and others; each incident once.

    `one` and `other` narrow it to what bounced between those two, by slug; `other` alone to that department.
    """
    returned = HandOff.objects.order_by().filter(answer=Answer.RETURNED)
    disputed = Dispute.objects.order_by().bounces()
    if since is not None:
        returned, disputed = returned.filter(answered_at__gte=since), disputed.filter(raised_at__gte=since)
    for slug in (one, other):
        if slug:
            returned, disputed = _with_side(returned, disputed, slug)
    if department is not None:
        returned, disputed = _with_side(returned, disputed, department.slug)
    return Incident.objects.filter(pk__in=returned.values("incident").union(disputed.values("incident")))


def _with_side(
    returned: HandOffQuerySet, disputed: DisputeQuerySet, slug: str
) -> tuple[HandOffQuerySet, DisputeQuerySet]:
    return (
        returned.filter(Q(from_department__slug=slug) | Q(to_department__slug=slug)),
        disputed.filter(Q(department__slug=slug) | Q(against__slug=slug)),
    )


def returned_to(department: Department) -> QuerySet[Incident]:
    """Return what others handed back to the department, or dispute that it attributed to them."""
    back = HandOff.objects.order_by().filter(answer=Answer.RETURNED, from_department=department)
    disputed = Dispute.objects.order_by().bounces().filter(against=department)
    return Incident.objects.filter(pk__in=back.values("incident").union(disputed.values("incident")))
