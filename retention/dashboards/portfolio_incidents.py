"""The open incidents of a portfolio's accounts, the most urgent first."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account
from departments.http import PersonRequest
from departments.models import Capability, Incident

ROWS_A_PAGE = 25


@require_safe
def show_portfolio_incidents(request: PersonRequest) -> HttpResponse:
    """List what is open at the accounts that the person looks after."""
    if not request.user.can(Capability.SEE_PORTFOLIO):
        raise PermissionDenied("Portfolios are for those who look after accounts, and for executives.")
    accounts = Account.objects.open_book_to(request.user).staying().order_by().values("pk")
    incidents = Incident.objects.visible_to(request.user).open().filter(account__in=accounts)
    ordered = incidents.select_related("account", "department", "assignee").order_by("due_at", "pk")
    page = Paginator(ordered, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "dashboards/portfolio_incidents.html", {"page": page})
