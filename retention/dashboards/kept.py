"""Figures that read the whole company, computed ahead of their readers and shown with the moment they are of.

A worker keeps all of them anew once they are a minute old, or ten times as old as computing them took: the larger a
company, the older its figures, and never more than a tenth of one worker's time. Where nothing recent enough is kept,
as while no worker runs, and after an import, a page computes them itself: slower, but right.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from retention.dashboards.packing import unpacked
from retention.models import KeptFigures

T = TypeVar("T")
U = TypeVar("U")

# Clocks of workers and web servers differ a little, and a page reads after the moment at which it began.
CLOCKS_APART = datetime.timedelta(minutes=1)
# Beyond so many times the age at which they would be renewed, whoever renews them has stopped.
OVERDUE = 5

# Written out, since every page asks it several times and it takes longer to put together than to answer.
_LAST = """
    SELECT name, computed_at, took, lasts, figures FROM retention_keptfigures AS kept
    WHERE name = %(name)s AND computed_at <= %(latest)s AND NOT EXISTS (
        SELECT FROM retention_importrun AS run WHERE run.finished_at > kept.computed_at AND NOT run.is_trial)
"""


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
        found = self._recent(moment)
        if found is None:
            return None
        return Reading(unpacked(self.kind, found.figures), min(found.computed_at, moment), is_kept=True)

    def kept_of(self, kind: type[U], key: int | str, moment: datetime.datetime) -> Reading[U | None] | None:
        """Return the same of one alone, where figures are kept `of` several by key: a page unpacks what it shows.

        `kind` is what each of them is; it holds None where there is nothing of that one.
        """
        found = self._recent(moment)
        if found is None:
            return None
        return Reading(unpacked(kind, found.figures["of"].get(str(key))), min(found.computed_at, moment), is_kept=True)

    def _recent(self, moment: datetime.datetime) -> KeptFigures | None:
        found = self._last(moment)
        return None if found is None or moment - found.computed_at >= OVERDUE * found.lasts else found

    def is_due(self, moment: datetime.datetime) -> bool:
        """Return whether they should be computed anew."""
        found = self._last(moment)
        return found is None or moment - found.computed_at >= found.lasts

    def _last(self, moment: datetime.datetime) -> KeptFigures | None:
        given = {"name": self.name, "latest": moment + CLOCKS_APART}
        return next(iter(KeptFigures.objects.raw(_LAST, given)), None)
