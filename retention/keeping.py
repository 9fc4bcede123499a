"""Computing ahead what takes too long while somebody waits for a page."""

import datetime
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Sum
from django.utils import timezone

from accounts.models import Organisation
from accounts.segments import segments_on_record
from retention.dashboards import packing
from retention.dashboards.company import COMPANY
from retention.dashboards.kept import Figures
from retention.dashboards.path_figures import ANSWERED
from retention.dashboards.paths import PATHS
from retention.dashboards.periods import Period
from retention.dashboards.portfolio_kept import EVERYTHING
from retention.dashboards.portfolio_narrowed import NARROWED
from retention.dashboards.scorecard import figures_of
from retention.dashboards.scorecard_care import CARE
from retention.dashboards.scorecard_departments import WORK
from retention.dashboards.scorecard_kept import packed
from retention.dashboards.triage_cards import DESKS
from retention.dashboards.triage_carried_kept import CARRIED
from retention.dashboards.triage_unheld import UNHELD
from retention.dashboards.unreported import UNREPORTED
from retention.formatting import zone_named
from retention.models import ImportRun, KeptFigures, ScorecardFigures

KEPT_DAYS = 7
LEAST_AGE = datetime.timedelta(seconds=50)
TIMES_THEIR_COST = 10
STANDING: Sequence[Figures[Any]] = (
    *(COMPANY, WORK, CARE, DESKS, UNHELD, PATHS, ANSWERED),
    *(EVERYTHING, NARROWED, UNREPORTED, CARRIED),
)
NAMES = [figures.name for figures in STANDING]
LOCK_IF_FREE = "SELECT pg_try_advisory_xact_lock(hashtext('holdfast.figures'))"


def keep_figures(*, moment: datetime.datetime) -> list[str]:
    """Compute the scorecard's slow figures of the day, of each segment and of all; return for which it was needed.

    What is kept already and no import has touched since is left alone, so that it may be asked for often.
    """
    company = Organisation.objects.first() or Organisation()
    with timezone.override(zone_named(company.time_zone)):
        today = timezone.localdate(moment)
        wanted = _not_at_hand(today)
        for segment in wanted:
            _keep(Period.quarter_to(today), segment)
        ScorecardFigures.objects.filter(day__lt=today - datetime.timedelta(days=KEPT_DAYS)).delete()
        return wanted


def keep_standing_figures(*, moment: datetime.datetime) -> list[str]:
    """Compute anew the figures of the whole company that are due, and return which; one worker at a time."""
    _forget_former_names(moment)
    company = Organisation.objects.first() or Organisation()
    with timezone.override(zone_named(company.time_zone)):
        return [figures.name for figures in STANDING if _keep_if_due(figures, moment)]


def _forget_former_names(moment: datetime.datetime) -> None:
    # Not at once: while a release is put in place, workers of the former one still keep theirs, and pages read them.
    unknown = KeptFigures.objects.exclude(name__in=NAMES)
    unknown.filter(computed_at__lt=moment - datetime.timedelta(days=KEPT_DAYS)).delete()


def _keep_if_due(figures: Figures[Any], moment: datetime.datetime) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_IF_FREE)
        (is_free,) = cursor.fetchone()
        due: bool = is_free and figures.is_due(moment)
        if due:
            keep(figures, moment)
        return due


def keep(figures: Figures[Any], moment: datetime.datetime) -> None:
    """Compute figures as of the moment and keep them; what arrives meanwhile counts as having come since."""
    began = time.perf_counter()
    found = packing.packed(figures.compute(moment))
    took = datetime.timedelta(seconds=time.perf_counter() - began)
    lasts = max(LEAST_AGE, TIMES_THEIR_COST * (took + _cost_besides(figures)))
    values: dict[str, Any] = {"computed_at": moment, "took": took, "lasts": lasts, "figures": found}
    KeptFigures.objects.update_or_create(name=figures.name, defaults=values)


def _cost_besides(figures: Figures[Any]) -> datetime.timedelta:
    """Return how long all others took; what is kept under a name of former days costs nothing any more."""
    others = KeptFigures.objects.filter(name__in=NAMES).exclude(name=figures.name)
    return others.aggregate(all=Sum("took"))["all"] or datetime.timedelta()


def _not_at_hand(today: datetime.date) -> list[str]:
    imported: datetime.datetime | None = ImportRun.objects.filter(is_trial=False).aggregate(last=Max("finished_at"))[
        "last"
    ]
    kept = ScorecardFigures.objects.filter(day=today)
    fresh: Sequence[str] = list(
        (kept.filter(computed_at__gt=imported) if imported else kept).values_list("segment", flat=True)
    )
    return [segment for segment in ("", *segments_on_record()) if segment not in fresh]


def _keep(period: Period, segment: str) -> None:
    # Taken before anything is read: what arrives meanwhile counts as having come since.
    began = timezone.now()
    figures = packed(figures_of(period, segment=segment))
    ScorecardFigures.objects.update_or_create(
        day=period.today, segment=segment, defaults={"computed_at": began, "figures": figures}
    )
