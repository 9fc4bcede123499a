"""What a department carries, account by account: its points in each ledger × that account's annual revenue."""

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, F, FloatField, QuerySet, Sum, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Department, Person
from retention.dashboards.ledgers import friction_places
from retention.dashboards.scorecard import segment_asked_for
from retention.dashboards.triage_access import desk_open_to, require_desk
from retention.dashboards.triage_carried_kept import CARRIED, Carried, key_of
from retention.dashboards.what_if import segments_seen_by
from retention.models import ModelVersion, Score

PAGE = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What a department carries as a page tells it, and the page; as of `counted_at`, None for now."""

    page: Page[Score]
    whole: float
    counted_at: datetime.datetime | None


@require_safe
def show_carried(request: PersonRequest, slug: str) -> HttpResponse:
    """List the accounts of which a department carries some revenue at risk, the most first, and their sum."""
    require_desk(request)
    department = desk_open_to(request.user, slug)
    segments = segments_seen_by(request.user)
    segment = segment_asked_for(request.GET, segments)
    context = {
        "department": department,
        "carried": read_carried(department, request.user, segment, request.GET.get("page")),
        "segments": segments,
        "segment": segment,
    }
    return render(request, "dashboards/triage_carried.html", context)


def read_carried(department: Department, person: Person, segment: str, number: str | None) -> Reading:
    """Return a page of it, counted as it is kept ahead, else now.

    What is kept is of all accounts. Those who work in a department see every account that it adds to, and others who
    have a desk see all there are; rows are asked anew whether the person may see them.
    """
    carried = carried_at(department, person, segment)
    kept = CARRIED.kept_of(Carried, key_of(department.slug, segment), timezone.now())
    if kept is None or kept.figures is None:
        sums = carried.order_by().aggregate(accounts=Count("pk"), whole=Sum("carried", default=0.0))
        return Reading(_page(carried, number, sums["accounts"]), sums["whole"], None)
    page = _page(carried, number, kept.figures.accounts)
    keys = kept.figures.on_page(page.number, PAGE)
    if keys is None:
        # What a row shows is ten times as wide as what puts it in its place among all accounts.
        keys = list(carried.values_list("pk", flat=True)[(page.number - 1) * PAGE : page.number * PAGE])
    page.object_list = carried.filter(pk__in=keys)
    return Reading(page, kept.figures.whole, kept.as_of)


def _page(carried: QuerySet[Any], number: str | None, count: int) -> Page[Score]:
    pages = Paginator(carried, PAGE)
    pages.count = count
    return pages.get_page(number)


def carried_at(department: Department, person: Person, segment: str = "") -> QuerySet[Any]:
    """Return the scores that a department adds to, with its `part` (of 1), its `part_points` and what is `carried`."""
    scores = Score.objects.visible_to(person).filter(is_frozen=False).alias(model_part=_part_of(department))
    carrying = scores.filter(model_part__gt=0).annotate(
        part=F("model_part"), part_points=F("model_part") * 100.0, carried=F("model_part") * F("annual_revenue")
    )
    if segment:
        carrying = carrying.filter(account__segment=segment)
    return carrying.select_related("account").order_by("-carried", "account")


def _part_of(department: Department) -> Case:
    """Return the department's points in a score, by the model that wrote it; none where it is not charged."""
    models: dict[int, list[int]] = defaultdict(list)
    for version in ModelVersion.objects.order_by("pk"):
        place = friction_places(version).get(department.slug)
        if place is not None:
            models[place].append(version.pk)
    charged = [When(model__in=those, then=F(f"points__{place}")) for place, those in models.items()]
    return Case(*charged, default=0.0, output_field=FloatField())
