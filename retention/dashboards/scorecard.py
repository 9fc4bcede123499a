"""Scorecard: does revenue stay, whose friction puts it at risk, and can the number be trusted."""

import datetime
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account
from departments.http import PersonRequest
from departments.models import Capability, Department
from retention.dashboards.periods import Quarter
from retention.dashboards.retained import Lost, Retained, dearest, history_begins, lost, retained
from retention.dashboards.scorecard_departments import department_rows
from retention.dashboards.scorecard_figures import Standing, months, standing
from retention.dashboards.scorecard_waiting import breadth, sales_time, waiting
from retention.dashboards.trust import trust
from retention.models import ModelVersion
from retention.overrides.record import override_record


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures of today and of the end of last quarter, None where they are not known."""

    quarter: Quarter
    today: datetime.date
    begins: datetime.date | None
    retained: Retained | None
    retained_before: Retained | None
    standing: Standing | None
    standing_before: Standing | None
    lost: Lost
    lost_before: Lost


@require_safe
def show_scorecard(request: PersonRequest) -> HttpResponse:
    """Show the scorecard of the company, or of the segment that is asked for."""
    if not request.user.can(Capability.SEE_SCORECARD):
        raise PermissionDenied("Your role has no scorecard.")
    segments = segments_on_record()
    wanted = request.GET.get("segment", "")
    segment = wanted if wanted in segments else ""
    context = {
        "segments": segments,
        "segment": segment,
        "may_set_budgets": request.user.can(Capability.SET_BUDGETS),
        **_figures(segment, timezone.now()),
    }
    return render(request, "dashboards/scorecard.html", context)


def segments_on_record() -> list[str]:
    """Return the segments that accounts have."""
    named = Account.objects.order_by("segment").exclude(segment="")
    return list(named.values_list("segment", flat=True).distinct())


def _figures(segment: str, moment: datetime.datetime) -> dict[str, object]:
    today = timezone.localdate(moment)
    departments = list(Department.objects.filter(is_active=True))
    compared = compare(today, segment)
    ended = compared.quarter.before.end
    return {
        "compared": compared,
        "lost_dearest": dearest(compared.lost),
        "months": months(departments, segment=segment, today=today),
        "rows": department_rows(
            departments,
            compared.standing,
            compared.standing_before,
            segment=segment,
            moment=moment,
            today=today,
        ),
        "trust": trust(ModelVersion.objects.filter(is_active=True).first()),
        "override_record": override_record(segment=segment),
        "waiting": waiting(segment),
        "breadth": breadth(today, ended, segment=segment),
        "sales_time": sales_time(moment, segment=segment),
    }


def compare(today: datetime.date, segment: str) -> Compared:
    """Return the figures of a day beside those of the end of the quarter before."""
    quarter, begins = Quarter.of(today), history_begins()
    before = quarter.before
    # As many days into the last quarter as have passed of this one: like is held against like.
    same_day = min(before.start + (today - quarter.start), before.end)
    return Compared(
        quarter=quarter,
        today=today,
        begins=begins,
        retained=retained(today, segment=segment, begins=begins),
        retained_before=retained(before.end, segment=segment, begins=begins),
        standing=standing(today, segment=segment),
        standing_before=standing(before.end, segment=segment),
        lost=lost(quarter.start, today, segment=segment),
        lost_before=lost(before.start, same_day, segment=segment),
    )
