"""Deadlines in working time: Monday to Friday, 9:00 to 17:00, on the organisation's clock.

The arithmetic runs on wall-clock time. That is exact as long as clocks change outside working hours, which they do
everywhere: at night, nearly always on a Sunday.
"""

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts.models import Organisation
from departments.models.department import Department

OPENS = datetime.timedelta(hours=9)
CLOSES = datetime.timedelta(hours=17)
WORKING_DAY = CLOSES - OPENS
WORKING_DAYS_A_WEEK = 5
_TICK = datetime.timedelta(microseconds=1)
_DAY_TICKS = WORKING_DAY // _TICK


@dataclass(frozen=True)
class Calendar:
    """The working hours of a department."""

    zone: ZoneInfo

    def deadline(self, start: datetime.datetime, hours: float) -> datetime.datetime:
        """Return the moment at which so many working hours have passed since the start (aware; in the zone).

        A deadline never falls outside working hours; none at all ends where the start is, or when work next begins.
        """
        worked = _worked_before(start.astimezone(self.zone).replace(tzinfo=None))
        moment = _moment_after(worked + round(datetime.timedelta(hours=hours) / _TICK))
        return max(moment.replace(tzinfo=self.zone), start.astimezone(self.zone))

    def working_hours_between(self, start: datetime.datetime, end: datetime.datetime) -> float:
        """Return the working hours that lie between two moments; negative when the end comes first."""
        before, after = (_worked_before(moment.astimezone(self.zone).replace(tzinfo=None)) for moment in (start, end))
        return (after - before) * _TICK / datetime.timedelta(hours=1)


def calendar_of(department: Department) -> Calendar:
    """Return the calendar that a department works by; every department works by the organisation's."""
    return organisation_calendar()


def organisation_calendar() -> Calendar:
    """Return the calendar of the organisation; one query."""
    organisation = Organisation.objects.first() or Organisation()
    return Calendar(ZoneInfo(organisation.time_zone))


def deadline(*, start: datetime.datetime, hours: float, department: Department) -> datetime.datetime:
    """Return the moment at which the department has had so many working hours since the start."""
    return calendar_of(department).deadline(start, hours)


def _worked_before(moment: datetime.datetime) -> int:
    """Microseconds of working time from Monday, 1 January of the year 1, to a moment without zone."""
    weeks, weekday = divmod(moment.toordinal() - 1, 7)
    days = weeks * WORKING_DAYS_A_WEEK + min(weekday, WORKING_DAYS_A_WEEK)
    if weekday >= WORKING_DAYS_A_WEEK:
        return days * _DAY_TICKS
    since_midnight = moment - datetime.datetime.combine(moment.date(), datetime.time())
    today = min(max(since_midnight - OPENS, datetime.timedelta()), WORKING_DAY)
    return days * _DAY_TICKS + today // _TICK


def _moment_after(worked: int) -> datetime.datetime:
    """The first moment without zone at which so many microseconds have been worked."""
    days, rest = divmod(worked - 1, _DAY_TICKS)
    weeks, weekday = divmod(days, WORKING_DAYS_A_WEEK)
    midnight = datetime.datetime.fromordinal(weeks * 7 + weekday + 1)
    return midnight + OPENS + (rest + 1) * _TICK
