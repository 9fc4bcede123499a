"""What a figure about hand-offs is made of, latest first, one page after the other.

A figure of everything on record may be of nearly all incidents there are: these are not counted again for the number of
a last page. How many there are says the figure, and each page goes on where the last one ended.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from departments.models import Department, Incident, Person

PAGE = 50


@dataclass(frozen=True, slots=True)
class Figure:
    """How many incidents there are, and of when that is; None for now."""

    count: int
    counted_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page; `following` is after which incident the next one begins, if there is one."""

    figure: Figure
    incidents: Sequence[Incident]
    is_further: bool
    following: str | None


def listing(request: HttpRequest, person: Person, figure: Figure, parts: Sequence[QuerySet[Incident]]) -> Listing:
    """Return the page that the address asks for (`after`), of all parts together; an incident may be in several."""
    visible = Incident.objects.visible_to(person)
    after = _last_of_the_page_before(request, visible)
    # Nothing is looked for where the figure says that nothing is there: it would be looked for among all incidents.
    keys = _latest(parts, after) if figure.count else []
    shown = visible.filter(pk__in=keys[:PAGE]).select_related("account", "department")
    incidents = list(shown.order_by("-happened_at", "-pk"))
    has_more = len(keys) > PAGE and bool(incidents)
    return Listing(figure, incidents, after is not None, str(incidents[-1].public_id) if has_more else None)


def _last_of_the_page_before(request: HttpRequest, visible: QuerySet[Incident]) -> Incident | None:
    wanted = request.GET.get("after", "")
    if not wanted:
        return None
    try:
        return get_object_or_404(visible, public_id=uuid.UUID(wanted))
    except ValueError as error:
        raise BadRequest("This address of a further page is not complete; start again at the first.") from error


def by_department(incidents: QuerySet[Incident], department: Department | None) -> list[QuerySet[Incident]]:
    """Return the incidents that the department holds; of all departments, so that each is found by its own index."""
    departments = Department.objects.order_by().values_list("pk", flat=True) if department is None else [department.pk]
    return [incidents.filter(department=key) for key in departments]


def _latest(parts: Sequence[QuerySet[Incident]], after: Incident | None) -> list[int]:
    """Return the keys of one page and of one more."""
    first, *others = (
        (part if after is None else part.filter(_before(after)))
        .order_by("-happened_at", "-pk")
        .values_list("happened_at", "pk")[: PAGE + 1]
        for part in parts
    )
    found = first.union(*others).order_by("-happened_at", "-pk") if others else first
    return [pk for _, pk in found[: PAGE + 1]]


def _before(incident: Incident) -> Q:
    same_moment = Q(happened_at=incident.happened_at, pk__lt=incident.pk)
    # Said first of the moment alone: an index is entered there.
    return Q(happened_at__lte=incident.happened_at) & (Q(happened_at__lt=incident.happened_at) | same_moment)
