"""Pareto by money: which types of friction, or which causes, put most at risk, and what they cost directly."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.cure.costs import CostSum, cost_sum
from departments.http import PersonRequest
from departments.models import CauseCode, Department, FrictionType, Incident, Person
from retention.dashboards.money_by import Sum, money_by, money_of_all_by
from retention.dashboards.rates import WINDOW_DAYS
from retention.dashboards.scorecard import require_scorecard
from retention.dashboards.triage_access import departments_open_to, require_desk
from retention.dashboards.triage_concerns import answered_besides, answered_by_holder

SHOWN = 50
WITHOUT = "none"
BY = {"type": "By type of friction", "cause": "By cause"}


@dataclass(frozen=True, slots=True)
class Row:
    """One type or cause: its money at risk, its length against the largest, and the share of all up to it."""

    key: str
    named: FrictionType | CauseCode | None
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
        "incidents": _incidents(request.user, department, by, chosen, since) if chosen else [],
        "most": SHOWN,
        "days": WINDOW_DAYS,
    }
    return render(request, "dashboards/pareto.html", context)


def pareto(department: Department | None, by: str, since: datetime.datetime) -> Pareto:
    """Return the types or causes (`by`) of what happened since, by what the department's part puts at risk.

    None for all departments. What puts nothing at risk is left out; incidents without a named cause are one row.
    """
    found = money_of_all_by(by, since) if department is None else money_by(by, [department], since)[department.pk]
    whole = sum(one.money for one in found)
    sums = list(accumulate(one.money for one in found))
    rows = [
        Row(
            key=_key(one),
            named=one.named,
            label=_label(one, department),
            money=one.money,
            incidents=one.incidents,
            length=one.money / found[0].money,
            share=one.money / whole,
            cumulative=sums[position] / whole,
        )
        for position, one in enumerate(found)
    ]
    costs = cost_sum(_answered_for(department, since))
    return Pareto(by, rows, whole, sum(row.incidents for row in rows), costs)


def _key(one: Sum) -> str:
    if one.named is None:
        return WITHOUT
    return one.named.slug if isinstance(one.named, FrictionType) else str(one.named.public_id)


def _label(one: Sum, department: Department | None) -> str:
    if one.named is None:
        return "Cause not named yet"
    return one.named.name if department is not None else f"{one.named.name} · {one.named.department.name}"


def _answered_for(department: Department | None, since: datetime.datetime) -> QuerySet[Incident]:
    """Return what happened since that the department has a part in; that anybody has, for all."""
    if department is None:
        return _everything(since)
    besides = answered_besides(department.pk, since)
    happened = Incident.objects.order_by().filter(happened_at__gte=since, merged_into=None)
    return happened.filter(Q(department=department) | Q(pk__in=besides.values("pk")))


def _everything(since: datetime.datetime) -> QuerySet[Incident]:
    everybody = list(Department.objects.order_by().values_list("pk", flat=True))
    return Incident.objects.order_by().filter(department__in=everybody, happened_at__gte=since, merged_into=None)


def _incidents(
    person: Person, department: Department | None, by: str, chosen: Row, since: datetime.datetime
) -> list[Incident]:
    """Return those with most at risk of what one row is made of, as far as the person may see them."""
    wanted = {"friction_type": chosen.named} if by == "type" else {"cause": chosen.named}
    both = (
        [_everything(since)]
        if department is None
        else [answered_by_holder(department.pk, since), answered_besides(department.pk, since)]
    )
    dearest = {
        pk
        for part in both
        for pk in part.filter(**wanted).order_by("-money_at_risk", "-pk").values_list("pk", flat=True)[:SHOWN]
    }
    shown = Incident.objects.visible_to(person).filter(pk__in=dearest).select_related("account", "department")
    return list(shown.order_by("-money_at_risk", "-pk")[:SHOWN])
