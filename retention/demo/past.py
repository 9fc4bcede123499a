"""The demo's past scores: what scoring would have said, from what had been recorded by then."""

import calendar
import datetime

from retention.scoring.rescoring import rescore_range
from retention.scoring.runs import account_ranges
from retention.scoring.trends import roll_up
from retention.scoring.versions import renew_prior_version

MONTHS = 12
WEEKS = 3


def past_days(today: datetime.date) -> list[datetime.date]:
    """Return the days that are scored: the last twelve month ends, then the last weeks, in order."""
    ends = [_month_end(today, ago) for ago in range(MONTHS, 0, -1)]
    weeks = [today - datetime.timedelta(weeks=ago) for ago in range(WEEKS, 0, -1)]
    return sorted({*ends, *weeks})


def _month_end(today: datetime.date, months_ago: int) -> datetime.date:
    months = today.year * 12 + today.month - 1 - months_ago
    year, month = divmod(months, 12)
    return datetime.date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def score_day(day: datetime.date) -> int:
    """Score every account from what was recorded by the end of a day (UTC); return how many were there."""
    as_of = datetime.datetime.combine(day, datetime.time.max, tzinfo=datetime.UTC)
    version = renew_prior_version()
    written = sum(
        rescore_range(first=first, last=last, as_of=as_of, version=version) for first, last in account_ranges()
    )
    roll_up(day)
    return written
