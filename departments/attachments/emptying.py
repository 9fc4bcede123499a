"""What removed files held: gone for good once the removal cannot be taken back any more."""

import datetime

from departments.actions.attaching import empty_attachments
from departments.actions.undo import ON_ITS_WAY, UNDO_SECONDS


def empty_removed(now: datetime.datetime) -> int:
    """Delete what was removed too long ago to be taken back, and return of how many files.

    Whatever ended a sweep before this one, it finds what is left.
    """
    return empty_attachments(before=now - datetime.timedelta(seconds=UNDO_SECONDS) - ON_ITS_WAY)
