"""Being addressed in notes: the list of where, and the names that can be addressed."""

import uuid

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from departments.actions.mentions import see_mentions, who_see
from departments.actions.undoable import of_mention
from departments.http import PersonRequest
from departments.models import Mention
from departments.views.deeds import do
from departments.views.page import visible_incident

SHOWN = 50
OFFERED = 8


@require_safe
def list_mentions(request: PersonRequest) -> HttpResponse:
    """List where the person is addressed, what is new first."""
    mentions = Mention.objects.visible_to(request.user).select_related("note__incident__account", "note__person")
    new = list(mentions.unseen()[:SHOWN])
    return render(
        request,
        "departments/mentions.html",
        {"new": new, "seen": list(mentions.exclude(seen_at=None)[:SHOWN])},
    )


@require_POST
def see_mention(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that one has seen it."""
    mention = get_object_or_404(Mention.objects.visible_to(request.user), public_id=public_id)
    seen = Mention.objects.filter(pk=mention.pk)
    return do(
        request,
        of_mention(mention, request.user)(lambda: see_mentions(mentions=seen, acting_person=request.user)),
        done="Seen: it waits for you no longer.",
        otherwise=reverse("mentions"),
    )


@require_safe
def offer_people(request: PersonRequest, public_id: uuid.UUID) -> JsonResponse:
    """Offer the people who see an incident and whose name, or a part of it, begins as was typed."""
    incident = visible_incident(request, public_id)
    typed = request.GET.get("q", "").replace("\0", "").strip()[:40].casefold()
    people = who_see(incident).exclude(pk=request.user.pk)
    if typed:
        people = people.filter(name__icontains=typed)
    found = [one for one in people[: OFFERED * 5] if any(part.startswith(typed) for part in _beginnings(one.name))]
    offered = [{"name": one.name, "words": str(one.department or one.get_role_display())} for one in found[:OFFERED]]
    return JsonResponse({"people": offered})


def _beginnings(name: str) -> list[str]:
    """Return the name from each of its words on: ana reed, reed."""
    words = name.casefold().split()
    return [" ".join(words[place:]) for place in range(len(words))]
