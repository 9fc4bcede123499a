"""Where a person lands after signing in."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from retention.navigation import home_of


@require_safe
def show_home(request: PersonRequest) -> HttpResponse:
    """Send each role to its own dashboard."""
    return redirect(home_of(request.user))
