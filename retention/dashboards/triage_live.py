"""What others do while somebody looks at the desk: told beside the rows, which stay where they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.prepared import Prepared
from departments.http import PersonRequest
from departments.models import Department, Incident, IncidentEvent, Person
from departments.words import words_of
from retention.dashboards.triage_access import departments_open_to, require_desk

SHOWN = 20
NOTHING_NEW = 204


@dataclass(frozen=True, slots=True)
class News:
    """One thing that somebody else did."""

    event: IncidentEvent

    @property
    def words(self) -> str:
        """Return it as people say it: Ann Smith: accepted it."""
        who = self.event.person.name if self.event.person else "The system"
        return f"{who}: {words_of(self.event)}"


def newest_event() -> int:
    """Return the key of the last step on record; what comes after it is news."""
    return next(iter(_NEWEST()), 0)


_NEWEST = Prepared(lambda: IncidentEvent.objects.order_by("-pk").values_list("pk", flat=True)[:1])


@require_safe
def show_changes(request: PersonRequest, slug: str) -> HttpResponse:
    """Tell what others did since the desk was read; nothing at all if they did nothing."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    after, told = _step(request.GET.get("after", "")), _step(request.GET.get("told", "0"))
    events = news_after(department, after, request.user)
    # What was told stands there already: told again it would be read out again, and whoever stands on it would fall.
    if not events or events[0].pk == told:
        return HttpResponse(status=NOTHING_NEW)
    context = {
        "department": department,
        "news": [News(event) for event in events],
        "after": after,
        "told": events[0].pk,
        "is_cut": len(events) == SHOWN,
    }
    return render(request, "dashboards/_triage_live.html", context)


def _step(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadRequest("After which step is not said.")
    return int(text)


def news_after(department: Department, after: int, person: Person) -> Sequence[IncidentEvent]:
    """Return what others did with what concerns the department, the last first."""
    concerning = Incident.objects.order_by().concerning(department.pk).values("pk")
    events = IncidentEvent.objects.filter(pk__gt=after, incident__in=concerning).exclude(person=person)
    return list(events.select_related("person", "incident__account").order_by("-pk")[:SHOWN])
