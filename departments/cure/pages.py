"""The page of one problem: what its incidents have in common, whom they touch, and how it is cured."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import Account
from departments.cure.context import cure_context
from departments.cure.costs import CostSum, cost_sum
from departments.cure.words import OF_PROBLEMS
from departments.forms import WordsForm
from departments.http import PersonRequest
from departments.models import OPEN_STATES, Capability, Incident, Person, Problem

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a problem has to do with: incidents, accounts, money at risk now, revenue lost since."""

    incidents: int
    open: int
    accounts: int
    at_risk: float
    lost_accounts: int
    lost: Decimal
    costs: CostSum


def stakes_of(problem: Problem) -> Stakes:
    """Return the figures over all of the problem's incidents.

    At risk is what its open incidents put at risk; lost is the annual revenue of accounts that ended the relation after
    one of its incidents had happened there.
    """
    incidents = Incident.objects.filter(problem=problem, merged_into=None).order_by()
    is_open = Q(state__in=OPEN_STATES)
    told = incidents.aggregate(
        all=Count("pk"),
        open=Count("pk", filter=is_open),
        accounts=Count("account", distinct=True),
        at_risk=Sum("money_at_risk", filter=is_open),
    )
    left = incidents.filter(account__left_on__isnull=False, account__left_on__gte=F("happened_at__date"))
    lost = Account.objects.filter(pk__in=left.values("account")).aggregate(count=Count("pk"), sum=Sum("annual_revenue"))
    return Stakes(
        incidents=told["all"],
        open=told["open"],
        accounts=told["accounts"],
        at_risk=told["at_risk"] or 0.0,
        lost_accounts=lost["count"],
        lost=lost["sum"] or Decimal(0),
        costs=cost_sum(incidents),
    )


def show_problem_page(request: PersonRequest, problem: Problem, status: int = 200, **bound: Form) -> HttpResponse:
    """Render the page; `bound` are forms that were sent and need correction, by name."""
    return render(request, "departments/problem.html", _context(request.user, problem) | bound, status=status)


def _context(person: Person, problem: Problem) -> dict[str, Any]:
    seen = Incident.objects.visible_to(person).filter(problem=problem)
    shown = seen.select_related("account", "department", "friction_type").order_by("-money_at_risk", "-pk")
    stakes = stakes_of(problem)
    heads = person.can(Capability.ANSWER_INCIDENTS)
    count = seen.count()
    return {
        **cure_context(person, problem),
        "problem": problem,
        "incidents": list(shown[:SHOWN]),
        "more": max(0, count - SHOWN),
        "hidden": max(0, stakes.incidents - count),
        "stakes": stakes,
        "history": [
            (event, OF_PROBLEMS.get(event.verb, event.verb.replace("_", " ")))
            for event in problem.events.select_related("person").order_by("-at", "-pk")
        ],
        "may_unlink": heads,
        "may_close": heads and person.department_id == problem.department_id and problem.is_open,
        "may_reopen": heads and not problem.is_open,
        "words_form": WordsForm(auto_id="close_%s"),
    }
