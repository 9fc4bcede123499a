"""Ranges of accounts that any worker may take: claimed for a while, and free again once its worker must be dead."""

import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

LEASE: Final = datetime.timedelta(minutes=2)


def unclaimed(ranges: QuerySet[Any]) -> list[int]:
    """Return the ids of those that nobody works on: never claimed, or claimed by a worker that died."""
    waiting = ranges.filter(_is_free(), finished_at=None, run__finished_at=None)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def claim(ranges: QuerySet[Any], range_id: int) -> bool:
    """Take one; return whether it was free.

    Asked of the row alone: a condition on another table would not be asked again of what somebody changed meanwhile.
    """
    mine = ranges.filter(_is_free(), pk=range_id, finished_at=None)
    return bool(mine.update(claimed_at=timezone.now()))


def _is_free() -> Q:
    return Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - LEASE)
