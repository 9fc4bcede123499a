"""What every request carries: the company's way of writing, the person's clock, and what its answer depends on."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

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


def tell_parts_from_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Say that an address answers with a part of its page where htmx asks.

    Otherwise a browser that goes back shows the part it kept instead of the page, or puts the page into itself.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response

    return respond
