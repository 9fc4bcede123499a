"""Scorecard: does revenue stay, whose friction puts it at risk, and can the number be trusted."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account
from accounts.segments import segments_on_record
from departments.http import PersonRequest
from departments.models import Capability, Person
from departments.prepared import departments_besides
from retention.dashboards.everywhere import model_in_force
from retention.dashboards.periods import DAY, Period
from retention.dashboards.retained import Lost, Retained, dearest, history_begins, lost_in, retained_in
from retention.dashboards.scorecard_care import Breadth, Innovation, TimeShare, care_on, sales_time
from retention.dashboards.scorecard_departments import DepartmentRow, department_rows, work_in
from retention.dashboards.scorecard_figures import Months, Standing, months, standing
from retention.dashboards.scorecard_kept import Kept, kept_figures
from retention.dashboards.scorecard_vacation import Vacation, vacation
from retention.dashboards.scorecard_waiting import Waiting, disputed_at, waiting
from retention.dashboards.trust import Trust, trust
from retention.overrides.record import override_record


@dataclass(frozen=True, slots=True)
class Compared:
    """The figures of today and of the end of the period before, None where they are not known."""

    begins: datetime.date | None
    retained: Retained | None
    retained_before: Retained | None
    standing: Standing | None
    standing_before: Standing | None
    lost: Lost
    lost_before: Lost


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything on the scorecard, of the company or of one segment, as one person may see it.

    `computed_at` is of when the figures of the day are, `counted_at` how departments worked; None for now.
    """

    segment: str
    period: Period
    compared: Compared
    lost_dearest: Sequence[Account]
    months: Months
    rows: Sequence[DepartmentRow]
    trust: Trust
    waiting: Waiting
    disputed_before: int
    breadth: Breadth
    sales_time: Sequence[TimeShare]
    innovation: Innovation
    vacation: Vacation
    computed_at: datetime.datetime | None
    counted_at: datetime.datetime | None


@require_safe
def show_scorecard(request: PersonRequest) -> HttpResponse:
    """Show the scorecard of the company, or of the segment that is asked for."""
    require_scorecard(request.user)
    segments = segments_on_record()
    segment = segment_asked_for(request.GET, segments)
    card = read_scorecard(person=request.user, segment=segment, moment=timezone.now())
    context = {
        "card": card,
        "override_record": override_record(segment=segment),
        "segments": segments,
        "may_set_budgets": request.user.can(Capability.SET_BUDGETS),
        "may_share": request.user.can(Capability.SHARE_SCORECARD),
    }
    return render(request, "dashboards/scorecard.html", context)


def require_scorecard(person: Person) -> None:
    """Answer with 403 whoever has no scorecard."""
    if not person.can(Capability.SEE_SCORECARD):
        raise PermissionDenied("Your role has no scorecard.")


def segment_asked_for(query: Mapping[str, str], segments: Sequence[str]) -> str:
    """Return the segment that an address names; empty, for all, where there is none of that name."""
    wanted = query.get("segment", "")
    return wanted if wanted in segments else ""


def read_scorecard(
    *, person: Person, segment: str, moment: datetime.datetime, period: Period | None = None
) -> Scorecard:
    """Read the scorecard as of a moment; the period is the quarter so far unless another is given."""
    today = timezone.localdate(moment)
    period = period or Period.quarter_to(today)
    departments = departments_besides(None)
    kept = kept_figures(today, segment)
    # The quarter is kept; a week is computed.
    figures = kept if kept and kept.is_of(period) else figures_of(period, segment=segment)
    compared = compare(period, segment, figures)
    worked = work_in(departments, segment, moment)
    cared = care_on(today, period.end_before, segment, moment)
    return Scorecard(
        segment=segment,
        period=period,
        compared=compared,
        lost_dearest=dearest(compared.lost, person),
        months=months(departments, segment=segment, today=today),
        rows=department_rows(
            departments, worked.figures, compared.standing, compared.standing_before, segment=segment, today=today
        ),
        trust=trust(model_in_force()),
        waiting=waiting(person, _midnight_after(period.end_before), segment=segment),
        disputed_before=figures.disputed_before,
        breadth=cared.breadth,
        sales_time=figures.sales_time,
        innovation=cared.innovation,
        vacation=figures.vacation,
        computed_at=figures.computed_at,
        counted_at=worked.as_of if worked.is_kept else None,
    )


def figures_of(period: Period, *, segment: str) -> Kept:
    """Compute what takes long, of a period up to its last day."""
    before = period.end_before
    return Kept(
        before=before,
        begins=history_begins(),
        retained=retained_in(period, segment=segment),
        lost=lost_in(period, segment=segment),
        sales_time=sales_time(period.today, before, segment=segment),
        disputed_before=disputed_at(_midnight_after(before), segment=segment),
        vacation=vacation(period.today, segment=segment),
    )


def compare(period: Period, segment: str, figures: Kept) -> Compared:
    """Return the figures of the period's last day beside those of the end of the period before."""
    return Compared(
        begins=figures.begins,
        retained=figures.retained[period.today],
        retained_before=figures.retained[period.end_before],
        standing=standing(period.today, segment=segment),
        standing_before=standing(period.end_before, segment=segment),
        lost=figures.lost[period.first],
        # As many days of the period before as have passed of this one: like is held against like.
        lost_before=figures.lost[period.first_before],
    )


def _midnight_after(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day + DAY, datetime.time.min))
