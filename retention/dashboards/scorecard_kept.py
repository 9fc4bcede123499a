"""What of the scorecard reads months of records, computed ahead: what stayed, who left, vacations, time, disputes.

A day's figures are kept by `retention.keeping`. They are used for that day alone, and not once an import has finished
since: then the page computes them itself, until they are kept anew.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.prepared import Prepared, among, given
from departments.models import Absence
from retention.dashboards.periods import Period
from retention.dashboards.retained import Lost, Retained
from retention.dashboards.scorecard_care import TimeShare
from retention.dashboards.scorecard_vacation import Episode, Vacation
from retention.models import ImportRun, ScorecardFigures
from retention.scoring.absence import Effect, Result

EFFECTS = ("away", "uncovered", "covered", "after")


@dataclass(frozen=True, slots=True)
class Kept:
    """Figures of a day, held against those of `before`: whatever would read months of records for a page.

    Revenue that stayed is given by the last day of its two years, who was lost by the first day of the time;
    `computed_at` is None where they are computed for the reader.
    """

    before: datetime.date
    begins: datetime.date | None
    retained: Mapping[datetime.date, Retained | None]
    lost: Mapping[datetime.date, Lost]
    sales_time: Sequence[TimeShare]
    disputed_before: int
    vacation: Vacation
    computed_at: datetime.datetime | None = field(default=None, compare=False)

    def is_of(self, period: Period) -> bool:
        """Return whether the figures are those of the period."""
        return period.end_before == self.before and {period.first, period.first_before} == self.lost.keys()


def kept_figures(day: datetime.date, segment: str) -> Kept | None:
    """Return what is kept of a day; None where nothing is, or data have come since."""
    found = next(iter(_KEPT(day=day, segment=segment)), None)
    return None if found is None else replace(unpacked(found.figures), computed_at=found.computed_at)


_IMPORTED_SINCE = ImportRun.objects.filter(finished_at__gt=OuterRef("computed_at"), is_trial=False)
_KEPT = Prepared(
    lambda: ScorecardFigures.objects.filter(~Exists(_IMPORTED_SINCE), day=given("day"), segment=given("segment"))
)


def packed(kept: Kept) -> dict[str, Any]:
    """Return figures as JSON keeps them: days as text, and a range without an end as none."""
    vacation = kept.vacation
    effects = {name: asdict(getattr(vacation.result, name)) for name in EFFECTS}
    for effect in effects.values():
        effect["high"] = effect["high"] if math.isfinite(effect["high"]) else None
    return {
        "before": str(kept.before),
        "begins": kept.begins and str(kept.begins),
        "sales_time": [asdict(one) for one in kept.sales_time],
        "disputed_before": kept.disputed_before,
        "retained": {str(day): found and asdict(found) for day, found in kept.retained.items()},
        "lost": {str(first): asdict(found) for first, found in kept.lost.items()},
        "vacation": {
            "first": str(vacation.first),
            "last": str(vacation.last),
            "effects": effects,
            "each": [[one.absence.pk, one.account_weeks, one.orders, one.expected] for one in vacation.episodes],
        },
    }


def unpacked(figures: Mapping[str, Any]) -> Kept:
    """Return figures from JSON; an absence that has been taken off the record since is left out."""
    vacation = figures["vacation"]
    each = {absence: tuple(numbers) for absence, *numbers in vacation["each"]}
    absences = _ABSENCES(keys=list(each)) if each else []
    episodes = [Episode(absence, *each[absence.pk]) for absence in absences]
    effects = {name: _effect(vacation["effects"][name]) for name in EFFECTS}
    return Kept(
        before=datetime.date.fromisoformat(figures["before"]),
        begins=datetime.date.fromisoformat(figures["begins"]) if figures["begins"] else None,
        sales_time=[TimeShare(**one) for one in figures["sales_time"]],
        disputed_before=figures["disputed_before"],
        retained={
            datetime.date.fromisoformat(day): Retained(**found) if found else None
            for day, found in figures["retained"].items()
        },
        lost={datetime.date.fromisoformat(first): Lost(**found) for first, found in figures["lost"].items()},
        vacation=Vacation(
            datetime.date.fromisoformat(vacation["first"]),
            datetime.date.fromisoformat(vacation["last"]),
            Result(**effects, each=[(one.account_weeks, one.orders, one.expected) for one in episodes]),
            episodes,
        ),
    )


_ABSENCES = Prepared(
    lambda: Absence.objects.filter(pk=among("keys")).select_related("person", "covered_by").order_by("starts_on", "pk")
)


def _effect(values: Mapping[str, Any]) -> Effect:
    return Effect(**{**values, "high": math.inf if values["high"] is None else values["high"]})
