"""Computing ahead what takes too long while somebody waits for a page."""

import datetime
from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from accounts.models import Organisation
from retention.dashboards.periods import Period
from retention.dashboards.scorecard import figures_of, segments_on_record
from retention.dashboards.scorecard_kept import packed
from retention.formatting import zone_named
from retention.models import ImportRun, ScorecardFigures

KEPT_DAYS = 7


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
