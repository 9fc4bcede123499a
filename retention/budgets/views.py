"""The page on which budgets are set."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Capability, Department
from retention.budgets.actions import set_budget
from retention.budgets.forms import BudgetsForm
from retention.dashboards.budgets import budget_states
from retention.dashboards.periods import DAY, Quarter
from retention.models import Budget


@require_http_methods(["GET", "HEAD", "POST"])
def show_budgets(request: PersonRequest) -> HttpResponse:
    """Show the departments' budgets of this quarter or the next, and take others."""
    require(request, Capability.SET_BUDGETS)
    current = Quarter.of(timezone.localdate())
    offered = {one.start.isoformat(): one for one in (current, Quarter.of(current.end + DAY))}
    quarter = offered.get(request.GET.get("quarter", current.start.isoformat()))
    if quarter is None:
        messages.error(request, f"Budgets are set for {' and '.join(map(str, offered.values()))}.")
        return redirect("budgets")
    form = _form(request, quarter)
    if form.is_valid() and done(form, lambda: _set_all(request, form, quarter)):
        changes = len(list(form.changed()))
        words = ngettext("%d budget is set for %s.", "%d budgets are set for %s.", changes) % (changes, quarter)
        messages.success(request, words if changes else "Nothing was changed.")
        return HttpResponseRedirect(f"{reverse('budgets')}?quarter={quarter.start}")
    states = budget_states(form.departments, segment="", today=timezone.localdate())
    rows = [(department, states[department.pk].used, form[department.slug]) for department in form.departments]
    context = {"form": form, "rows": rows, "quarter": quarter, "offered": offered.values()}
    return render(request, "budgets/budgets.html", context, status=status_of(form))


def _form(request: PersonRequest, quarter: Quarter) -> BudgetsForm:
    departments = list(Department.objects.filter(is_active=True))
    amounts = dict(Budget.objects.filter(quarter_start=quarter.start).values_list("department", "amount"))
    sent = request.POST if request.method == "POST" else None
    return BudgetsForm(sent, departments=departments, amounts=amounts)


@transaction.atomic
def _set_all(request: PersonRequest, form: BudgetsForm, quarter: Quarter) -> None:
    # In the order of their keys, as everybody locks them.
    for department, amount in sorted(form.changed(), key=lambda change: change[0].pk):
        set_budget(department=department, quarter_start=quarter.start, amount=amount, acting_person=request.user)
