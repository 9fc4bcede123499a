"""The open incidents of a portfolio's accounts, the most urgent first."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Incident
from retention.dashboards.portfolio import Portfolio

ROWS_A_PAGE = 25


@require_safe
def show_portfolio_incidents(request: PersonRequest) -> HttpResponse:
    """List what is open at the accounts that the person looks after, as far as they fit the portfolio's filters."""
    portfolio = Portfolio(request)
    accounts = portfolio.filtered.filter(left_on=None).order_by().values("pk")
    incidents = Incident.objects.visible_to(request.user).open().filter(account__in=accounts, merged_into=None)
    ordered = incidents.select_related("account", "department", "assignee").order_by("due_at", "pk")
    page = Paginator(ordered, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "dashboards/portfolio_incidents.html", {"page": page, "portfolio": portfolio})
