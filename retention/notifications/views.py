"""The bell and its page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from retention.notifications.inbox import inbox, waiting_count


@require_safe
def show_inbox(request: PersonRequest) -> HttpResponse:
    """Show what waits for the person."""
    return render(request, "notifications/inbox.html", {"items": inbox(request.user)})


@require_safe
def show_bell(request: PersonRequest) -> HttpResponse:
    """Return the bell's badge, fetched after the page itself so that no page waits for it."""
    return render(request, "notifications/_bell.html", {"count": waiting_count(request.user)})
