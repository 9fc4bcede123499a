"""What every request carries: the company's way of writing, and the person's clock."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from retention.formatting import in_the_style_of, organisation, zone_named


def write_for_the_reader(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer in the company's currency and locale and in the person's time zone."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        company = organisation()
        with in_the_style_of(company), timezone.override(zone_named(request.user.time_zone, company.time_zone)):
            return get_response(request)

    return respond
