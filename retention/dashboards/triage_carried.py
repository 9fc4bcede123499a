"""What a department carries, account by account: its points in each ledger × that account's annual revenue."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, F, FloatField, QuerySet, Sum, When
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from departments.http import PersonRequest
from departments.models import Department, Person
from retention.dashboards.ledgers import friction_places
from retention.dashboards.scorecard import segment_asked_for
from retention.dashboards.triage_access import desk_open_to, require_desk
from retention.dashboards.what_if import segments_seen_by
from retention.models import ModelVersion, Score

PAGE = 50


@require_safe
def show_carried(request: PersonRequest, slug: str) -> HttpResponse:
    """List the accounts of which a department carries some revenue at risk, the most first, and their sum."""
    require_desk(request)
    department = desk_open_to(request.user, slug)
    segments = segments_seen_by(request.user)
    segment = segment_asked_for(request.GET, segments)
    carried = carried_at(department, request.user, segment)
    page = Paginator(carried, PAGE).get_page(request.GET.get("page"))
    context = {
        "department": department,
        "page": page,
        "whole": carried.aggregate(whole=Sum("carried", default=0.0))["whole"],
        "segments": segments,
        "segment": segment,
    }
    return render(request, "dashboards/triage_carried.html", context)


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
    used = ModelVersion.objects.filter(pk__in=Score.objects.filter(is_frozen=False).values("model"))
    places = {version.pk: friction_places(version).get(department.slug) for version in used}
    charged = [When(model=model, then=F(f"points__{place}")) for model, place in places.items() if place is not None]
    return Case(*charged, default=0.0, output_field=FloatField())
