"""Moments that something can have happened at."""

import datetime
import uuid

from django.utils import timezone

# A clock that runs a little ahead of ours is no reason to refuse what somebody wrote.
CLOCK_TOLERANCE = datetime.timedelta(minutes=5)
# Whatever lies before is a slip, and some of it cannot even be shown in every time zone.
FIRST_MOMENT = datetime.datetime(1900, 1, 1, tzinfo=datetime.UTC)


def why_impossible(happened_at: datetime.datetime) -> str:
    """Return a sentence that says why it cannot have happened then; nothing if it can."""
    if happened_at > timezone.now() + CLOCK_TOLERANCE:
        return "It cannot have happened in the future."
    return f"It cannot have happened before the year {FIRST_MOMENT.year}." if happened_at < FIRST_MOMENT else ""


def first_id_of(moment: datetime.datetime) -> uuid.UUID:
    """Return the smallest public id that the database can have given at the moment: they sort by milliseconds."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
