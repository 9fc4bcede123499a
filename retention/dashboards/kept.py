"""Figures that read the whole company, computed ahead of their readers and shown with the moment they are of.

A worker keeps all of them anew once they are a minute old, or ten times as old as computing them took: the larger a
company, the older its figures, and never more than a tenth of one worker's time. Where nothing recent enough is kept,
as while no worker runs, and after an import, a page computes them itself: slower, but right.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Exists, F, Func, JSONField, OuterRef, QuerySet, Value

from accounts.prepared import Prepared, given
from retention.dashboards.packing import unpacked
from retention.models import ImportRun, KeptFigures

T = TypeVar("T")
U = TypeVar("U")

# Clocks of workers and web servers differ a little, and a page reads after the moment at which it began.
CLOCKS_APART = datetime.timedelta(minutes=1)
# Beyond so many times the age at which they would be renewed, whoever renews them has stopped.
OVERDUE = 5

_IMPORTED_SINCE = ImportRun.objects.filter(finished_at__gt=OuterRef("computed_at"), is_trial=False)


def _kept() -> QuerySet[KeptFigures]:
    known = KeptFigures.objects.filter(~Exists(_IMPORTED_SINCE), name=given("name"), computed_at__lte=given("latest"))
    return known.order_by()


_LAST = Prepared(_kept)
# Taken out by the database: figures of many are long, and a page shows those of one.
_ONE = Func(F("figures"), Value("of"), given("key"), function="jsonb_extract_path", output_field=JSONField())
_LAST_OF = Prepared(lambda: _kept().defer("figures").annotate(one=_ONE))


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Figures, and the moment they are of; `is_kept` unless they were computed for this reader."""

    figures: T
    as_of: datetime.datetime
    is_kept: bool

    @property
    def counted_at(self) -> datetime.datetime | None:
        """Return of when they are as a page tells it; None for now."""
        return self.as_of if self.is_kept else None


@dataclass(frozen=True, slots=True)
class Figures(Generic[T]):
    """Figures of one kind: under which name they are kept, and how they are computed as of a moment."""

    name: str
    kind: type[T]
    compute: Callable[[datetime.datetime], T]

    def read(self, moment: datetime.datetime) -> Reading[T]:
        """Return what is kept where it is recent enough at the moment, else compute it; a reader stores nothing."""
        return self.kept(moment) or Reading(self.compute(moment), moment, is_kept=False)

    def kept(self, moment: datetime.datetime) -> Reading[T] | None:
        """Return what is kept; None where that is overdue at the moment, later than it, or older than an import."""
        found = self._last(moment)
        if found is None or _is_overdue(found, moment):
            return None
        return Reading(unpacked(self.kind, found.figures), min(found.computed_at, moment), is_kept=True)

    def kept_of(self, kind: type[U], key: int | str, moment: datetime.datetime) -> Reading[U | None] | None:
        """Return the same of one alone, where figures are kept `of` several by key: a page unpacks what it shows.

        `kind` is what each of them is; it holds None where there is nothing of that one.
        """
        found = next(iter(_LAST_OF(name=self.name, key=str(key), latest=moment + CLOCKS_APART)), None)
        if found is None or _is_overdue(found, moment):
            return None
        return Reading(unpacked(kind, found.one), min(found.computed_at, moment), is_kept=True)

    def is_due(self, moment: datetime.datetime) -> bool:
        """Return whether they should be computed anew."""
        found = self._last(moment)
        return found is None or moment - found.computed_at >= found.lasts

    def _last(self, moment: datetime.datetime) -> KeptFigures | None:
        return next(iter(_LAST(name=self.name, latest=moment + CLOCKS_APART)), None)


def _is_overdue(found: KeptFigures, moment: datetime.datetime) -> bool:
    return moment - found.computed_at >= OVERDUE * found.lasts
