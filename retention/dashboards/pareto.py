"""Pareto by money: which types of friction, or which causes, put most at risk, and what they cost directly."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.cure.costs import CostSum, cost_sum
from departments.http import PersonRequest
from departments.models import Department, Incident, Person, Responsibility
from retention.dashboards.rates import WINDOW_DAYS
from retention.dashboards.scorecard import require_scorecard
from retention.dashboards.triage_access import departments_open_to, require_desk

SHOWN = 50
WITHOUT = "none"
BY = {"type": "By type of friction", "cause": "By cause"}
# By what rows are told apart, named, and placed.
FIELDS = {
    "type": ("friction_type__slug", "friction_type__name", "friction_type__department__name"),
    "cause": ("incident__cause__public_id", "incident__cause__name", "incident__cause__department__name"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One type or cause: its money at risk, its length against the largest, and the share of all up to it."""

    key: str
    label: str
    money: float
    incidents: int
    length: float
    share: float
    cumulative: float


@dataclass(frozen=True, slots=True)
class Pareto:
    """The rows in order, and the sums of all that they are made of."""

    by: str
    rows: Sequence[Row]
    money: float
    incidents: int
    costs: CostSum


@require_safe
def show_department(request: PersonRequest, slug: str) -> HttpResponse:
    """Show the Pareto of one department."""
    require_desk(request)
    return _page(request, get_object_or_404(departments_open_to(request.user), slug=slug))


@require_safe
def show_company(request: PersonRequest) -> HttpResponse:
    """Show the Pareto of the whole company."""
    require_scorecard(request.user)
    return _page(request, None)


def _page(request: PersonRequest, department: Department | None) -> HttpResponse:
    by = request.GET.get("by", "type")
    by = by if by in BY else "type"
    since = timezone.now() - datetime.timedelta(days=WINDOW_DAYS)
    found = pareto(department, by, since)
    wanted = request.GET.get("of", "")
    chosen = next((row for row in found.rows if row.key == wanted), None)
    if wanted and chosen is None:
        raise Http404
    context = {
        "department": department,
        "pareto": found,
        "choices": BY,
        "chosen": chosen,
        "incidents": _incidents(request.user, department, by, chosen.key, since) if chosen else [],
        "most": SHOWN,
        "days": WINDOW_DAYS,
    }
    return render(request, "dashboards/pareto.html", context)


def _parts(department: Department | None, since: datetime.datetime) -> QuerySet[Responsibility]:
    parts = Responsibility.objects.order_by().filter(share__gt=0, happened_at__gte=since, incident__merged_into=None)
    return parts if department is None else parts.filter(department=department)


def pareto(department: Department | None, by: str, since: datetime.datetime) -> Pareto:
    """Return the types or causes (`by`) of what happened since, by what the department's part puts at risk.

    None for all departments. What puts nothing at risk is left out; incidents without a named cause are one row.
    """
    parts = _parts(department, since)
    money = Sum(F("share") * F("incident__money_at_risk"))
    counted = parts.values_list(*FIELDS[by]).annotate(money=money, count=Count("incident", distinct=True))
    found = sorted(counted.filter(money__gt=0), key=lambda row: (-row[3], str(row[1])))
    whole = sum(row[3] for row in found)
    sums = list(accumulate(row[3] for row in found))
    rows = [
        Row(
            key=str(key) if key else WITHOUT,
            label=_label(name, place, department),
            money=at_risk,
            incidents=count,
            length=at_risk / found[0][3],
            share=at_risk / whole,
            cumulative=sums[position] / whole,
        )
        for position, (key, name, place, at_risk, count) in enumerate(found)
    ]
    keys = parts.values("incident")
    costs = cost_sum(Incident.objects.filter(pk__in=keys))
    return Pareto(by, rows, whole, sum(row.incidents for row in rows), costs)


def _label(name: str | None, place: str | None, department: Department | None) -> str:
    if name is None:
        return "Cause not named yet"
    return name if department is not None else f"{name} · {place}"


def _incidents(
    person: Person, department: Department | None, by: str, key: str, since: datetime.datetime
) -> list[Incident]:
    """Return those with most at risk of what one row is made of, as far as the person may see them."""
    named = {FIELDS[by][0]: key}
    wanted = Q(incident__cause=None) if by == "cause" and key == WITHOUT else Q(**named)
    parts = _parts(department, since).filter(wanted)
    seen = Incident.objects.visible_to(person).filter(pk__in=parts.values("incident"))
    return list(seen.select_related("account", "department").order_by("-money_at_risk", "-pk")[:SHOWN])
