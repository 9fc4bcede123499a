"""Triage: what a department answers for, in the order in which it deserves attention."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import BadRequest
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from departments.forms import BulkForm
from departments.http import PersonRequest
from departments.models import OPEN_STATES, Capability, Department, Incident, State
from departments.models.person import SEES_EVERYTHING
from departments.prepared import departments_besides
from retention.dashboards import triage_counts
from retention.dashboards import triage_queue as queue
from retention.dashboards.budgets import carried_by
from retention.dashboards.export import Cell, csv_response
from retention.dashboards.paths import read_paths
from retention.dashboards.triage_access import departments_open_to, desk_open_to, require_desk
from retention.dashboards.triage_cards import DESKS, cards
from retention.dashboards.triage_dialogs import dialogs
from retention.dashboards.triage_filters import Chip, TriageFilters
from retention.dashboards.triage_live import newest_event
from retention.dashboards.triage_rows import rows
from retention.dashboards.triage_unheld import ranking
from retention.dashboards.triage_views import views_of

LONGEST_TEXT = 100
EXPORTED = ("Incident", "Account", "State", "Puts at risk", "Due", "With", "Severity", "Type", "Happened", "Cause")


@dataclass(frozen=True, slots=True)
class Held:
    """What a department has open, and what that puts at risk in all."""

    department: Department
    open: int
    unanswered: int
    past_due: int
    money: float


@dataclass(frozen=True, slots=True)
class Tab:
    """A view of the desk, as the page's tabs show it."""

    url: str
    label: str
    count: int | None
    is_current: bool
    is_urgent: bool
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    view: queue.View
    text: str
    cursor: queue.Cursor | None
    moment: datetime.datetime
    filters: TriageFilters
    other: str

    def query(self, view: queue.View) -> str:
        """Return the address of a view that is narrowed as this one."""
        pairs = [*self._others(view), *self.filters.query()]
        return urlencode([*pairs, *([("with", self.other)] if self.other and view == self.view else [])])

    @property
    def is_first_of_a_tab(self) -> bool:
        """Return whether it is the first page of a tab of the desk, narrowed by nothing."""
        return self.view in queue.DESK_OF and not (self.text or self.cursor or self.filters.chosen)

    @property
    def chips(self) -> list[Chip]:
        """Return what was chosen, each with the address without it."""
        return self.filters.chips(self._others(self.view))

    def _others(self, view: queue.View) -> list[tuple[str, str]]:
        return [("tab", view.value), *([("q", self.text)] if self.text else [])]


@require_safe
def show_triage(request: PersonRequest) -> HttpResponse:
    """Show the own department's desk; whoever sees all of them chooses one."""
    require_desk(request)
    if request.user.role in SEES_EVERYTHING:
        moment = timezone.now()
        held, desks = _what_they_hold(moment), DESKS.read(moment)
        departments = [one.department for one in held]
        context = {
            "departments": held,
            "fives": [(one, desks.figures.of[one.pk]) for one in departments if one.pk in desks.figures.of],
            "fives_at": desks.counted_at,
            "paths": read_paths(None, moment),
        }
        return render(request, "dashboards/triage_choice.html", context)
    if request.user.department is None:
        raise Http404
    desk = reverse("triage_department", args=[request.user.department.slug])
    return redirect(f"{desk}?{request.GET.urlencode()}" if request.GET else desk)


@require_safe
def show_department(request: PersonRequest, slug: str) -> HttpResponse:
    """Show one department's desk; its rows alone where htmx asks for them."""
    require_desk(request)
    department = desk_open_to(request.user, slug)
    if department.pk == request.user.department_id:
        request.user.department = department
    asked = _asked(request, department)
    context = _desk(request, department, asked)
    if request.htmx:
        return render(request, "dashboards/_triage_desk.html", context)
    context["paths"] = read_paths(department, asked.moment)
    context["cards"] = cards(department, asked.moment, timezone.localdate(asked.moment))
    if context["answers"]:
        context["dialogs"] = dialogs(department)
    return render(request, "dashboards/triage.html", context)


@require_safe
def export_department(request: PersonRequest, slug: str) -> StreamingHttpResponse:
    """Give the rows of a tab as filtered, in the order of the desk."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    asked = _asked(request, department)
    incidents = _in_order(department, asked)
    return csv_response(f"{department.slug}-{asked.view}", EXPORTED, _exported(incidents))


@require_safe
def show_ticked(request: PersonRequest, slug: str) -> HttpResponse:
    """Tick all that a tab lists as filtered, up to as many as one deed takes."""
    require_desk(request)
    department = get_object_or_404(departments_open_to(request.user), slug=slug)
    parts = _parts(department, _asked(request, department))
    context = {"ids": queue.first_ids(parts, BulkForm.most_at_once), "whole": queue.count(parts)}
    return render(request, "dashboards/_triage_ticked.html", context)


def _asked(request: PersonRequest, department: Department) -> Asked:
    # PostgreSQL knows no text that holds a zero byte.
    wanted, text, after = (request.GET.get(name, "").replace("\0", "") for name in ("tab", "q", "after"))
    view = queue.View(wanted) if wanted in queue.View.values else queue.View.NEW
    try:
        cursor = queue.Cursor.decoded(after) if after else None
    except queue.CursorError as error:
        raise BadRequest(str(error)) from error
    moment = cursor.moment if cursor else timezone.now()
    filters = TriageFilters(request.GET, department=department)
    return Asked(
        view, text.strip()[:LONGEST_TEXT], cursor, moment, filters, request.GET.get("with", "").replace("\0", "")[:40]
    )


def _in_order(department: Department, asked: Asked) -> QuerySet[Incident]:
    """Return the rows of the tab as filtered, in the order of the desk."""
    whole = queue.ordered(department, asked.view, asked.text, asked.moment, asked.other)
    return asked.filters.narrow(whole, asked.moment)


def _page(department: Department, asked: Asked) -> queue.Page:
    if asked.is_first_of_a_tab:
        return queue.first_page(department, asked.view, asked.moment)
    return queue.page(_parts(department, asked), asked.cursor, asked.moment)


def _parts(department: Department, asked: Asked) -> list[QuerySet[Incident]]:
    """Return the rows of the tab as filtered in parts, each in the order of the desk."""
    parts = queue.branches(department, asked.view, asked.text, asked.moment, asked.other)
    return [asked.filters.narrow(part, asked.moment) for part in parts]


def _desk(request: PersonRequest, department: Department, asked: Asked) -> dict[str, object]:
    person = request.user
    page = _page(department, asked)
    counts = triage_counts.counts(department, asked.moment)
    answers = person.can(Capability.ANSWER_INCIDENTS) and person.department_id == department.pk
    return {
        "department": department,
        "asked": asked,
        "counts": counts,
        "carried": carried_by(department, timezone.localdate(asked.moment)),
        "may_choose": person.role in SEES_EVERYTHING,
        "tabs": _tabs(department, asked, counts),
        "rows": rows(page.incidents, department, person),
        "following": page.following,
        "place": request.get_full_path(),
        "answers": answers,
        "works": person.can(Capability.WORK_ON_INCIDENTS) and person.department_id == department.pk,
        "export_url": f"{reverse('triage_export', args=[department.slug])}?{asked.query(asked.view)}",
        "view_query": asked.query(asked.view),
        "views": list(views_of(person)),
        "after": newest_event(),
        "unheld": ranking(department, asked.moment) if asked.view == queue.View.UNHELD else None,
    }


def _tabs(department: Department, asked: Asked, counts: dict[str, int]) -> list[Tab]:
    desk = reverse("triage_department", args=[department.slug])
    # What a figure is made of appears as a tab while it is looked at.
    views = queue.TABS if asked.view in queue.TABS else (*queue.TABS, asked.view)
    return [
        Tab(
            url=f"{desk}?{asked.query(view)}",
            label=str(view.label),
            count=counts.get(view.value),
            is_current=view == asked.view,
            is_urgent=view == queue.View.NEW and counts[view.value] > 0,
            is_cut=view == queue.View.RESOLVED and counts[view.value] == triage_counts.MOST_COUNTED,
        )
        for view in views
    ]


def _what_they_hold(moment: datetime.datetime) -> list[Held]:
    """Return the departments, those with most at stake first.

    What is open is counted before it is told of whom: a join to departments would be to all incidents there are.
    """
    held = Incident.objects.order_by().filter(state__in=OPEN_STATES, merged_into=None).values("department")
    counted = held.annotate(
        open=Count("pk"),
        unanswered=Count("pk", filter=Q(state=State.NEW)),
        past_due=Count("pk", filter=Q(due_at__lt=moment)),
        money=Sum("money_at_risk"),
    )
    of = {row[0]: row[1:] for row in counted.values_list("department", "open", "unanswered", "past_due", "money")}
    departments = [Held(one, *of.get(one.pk, (0, 0, 0, 0.0))) for one in departments_besides(None)]
    return sorted(departments, key=lambda one: -one.money)


def _exported(incidents: QuerySet[Incident]) -> Iterator[list[Cell]]:
    shown = incidents.select_related("account", "friction_type", "assignee", "cause")
    for incident in shown.iterator(chunk_size=500):
        yield [
            incident.title,
            incident.account.name,
            incident.get_state_display(),
            None if incident.current_money is None else round(incident.current_money, 2),
            timezone.localtime(incident.due_at),
            incident.assignee.name if incident.assignee else None,
            incident.severity,
            incident.friction_type.name,
            timezone.localtime(incident.happened_at),
            incident.cause.name if incident.cause else None,
        ]
