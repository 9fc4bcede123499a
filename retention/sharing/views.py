"""Live links: the page on which they are made and ended, and the scorecard that they show."""

import ipaddress
import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import Conflict
from accounts.segments import segments_on_record
from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Capability
from retention.dashboards.scorecard import read_scorecard, require_scorecard, segment_asked_for
from retention.dashboards.scorecard_sheet import sheet_of
from retention.formatting import in_the_style_of, organisation, zone_named
from retention.models import LiveLink, LiveLinkOpen
from retention.sharing.actions import digest_of, end_live_link, make_live_link
from retention.sharing.forms import LiveLinkForm
from retention.sign_in import Limit, place_of

OPENS, MINUTES = 60, 5
LINKS_SHOWN = 100
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_links(request: PersonRequest) -> HttpResponse:
    """Show who made which links, and make another; its address is shown this once."""
    require_scorecard(request.user)
    segments, address = segments_on_record(), ""
    if request.method == "POST":
        require(request, Capability.SHARE_SCORECARD)
    form = LiveLinkForm(
        request.POST if request.method == "POST" else None,
        segments=segments,
        initial={"segment": segment_asked_for(request.GET, segments)},
    )
    made: list[str] = []
    if form.is_valid() and done(form, lambda: made.append(_made(request, form))):
        address = made[0]
        form = LiveLinkForm(segments=segments)
    links = LiveLink.objects.visible_to(request.user).select_related("made_by", "ended_by")
    context = {
        "links": links.annotate(opened=Count("opens"), last_opened=Max("opens__at"))[:LINKS_SHOWN],
        "form": form,
        "address": address,
        "now": timezone.now(),
        "may_share": request.user.can(Capability.SHARE_SCORECARD),
    }
    return render(request, "sharing/links.html", context, status=status_of(form))


def _made(request: PersonRequest, form: LiveLinkForm) -> str:
    _, token = make_live_link(acting_person=request.user, **form.cleaned_data)
    return settings.SITE_URL.rstrip("/") + reverse("live", args=[token])


@require_POST
def end_link(request: PersonRequest, link: uuid.UUID) -> HttpResponse:
    """End a link."""
    require_scorecard(request.user)
    found = get_object_or_404(LiveLink.objects.visible_to(request.user), public_id=link)
    try:
        end_live_link(link=found, acting_person=request.user)
    except Conflict as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The link for {found.name} is ended: nobody can open it any more.")
    return redirect("live_links")


@login_not_required
@require_safe
def show_live(request: HttpRequest, token: str) -> HttpResponse:
    """Show the scorecard to whoever holds a link that is alive, and note that it was opened."""
    place = place_of(request)
    limit = Limit("live link", place, most=OPENS, minutes=MINUTES)
    if limit.is_reached:
        return _answer(request, "sharing/too_often.html", {"minutes": MINUTES}, status=429)
    limit.count()
    moment = timezone.now()
    alive = LiveLink.objects.alive(moment).select_related("made_by")
    link = alive.filter(digest=digest_of(token)).first()
    if link is None or not link.made_by.can(Capability.SHARE_SCORECARD):
        return _answer(request, "sharing/no_such_link.html", {}, status=404)
    if request.method == "GET":
        LiveLinkOpen.objects.create(link=link, network=network_of(place))
    return _shown(request, link)


def _shown(request: HttpRequest, link: LiveLink) -> HttpResponse:
    company = organisation()
    with in_the_style_of(company), timezone.override(zone_named(company.time_zone)):
        card = read_scorecard(person=link.made_by, segment=link.segment, moment=timezone.now())
        context = {"sheet": sheet_of(card, company), "card": card, "link": link, "company": company}
        return _answer(request, "sharing/live.html", context, status=200)


def _answer(request: HttpRequest, template: str, context: dict[str, object], *, status: int) -> HttpResponse:
    response = render(request, template, context, status=status)
    for name, value in HEADERS.items():
        response[name] = value
    return response


def network_of(place: str) -> str:
    """Return the network of an address, which says enough of where a link is opened; empty for what is none."""
    try:
        address = ipaddress.ip_address(place)
    except ValueError:
        return ""
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))
