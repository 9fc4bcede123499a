"""Deadlines in working time, by each department's own calendar.

Shifts are turned into moments of universal time, day by day: where clocks change within a shift, what counts is the
time that really passes.
"""

import datetime
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import holidays

from accounts.models import Organisation
from accounts.prepared import Prepared
from departments.models.calendar import WorkingCalendar
from departments.models.department import Department

Shift = tuple[int, int]
Week = tuple[tuple[Shift, ...], ...]

NINE_TO_FIVE: Week = (((9 * 60, 17 * 60),),) * 5 + ((), ())
DAY = datetime.timedelta(days=1)
# So long nobody closes: beyond it, the calendar holds no working time at all.
LONGEST_CLOSURE_DAYS = 400


class NoWorkingTimeError(ValueError):
    """A calendar under which nothing is ever due."""


@dataclass(frozen=True)
class Calendar:
    """The working time of a department: shifts by weekday in minutes after midnight, less holidays and closing days."""

    zone: ZoneInfo
    week: Week = NINE_TO_FIVE
    country: str = ""
    subdivision: str = ""
    closing_days: frozenset[datetime.date] = frozenset()

    def deadline(self, start: datetime.datetime, hours: float) -> datetime.datetime:
        """Return the moment at which so many working hours have passed since the start (aware; in the zone).

        A deadline never falls outside working time; none at all ends where the start is.
        """
        left = datetime.timedelta(microseconds=round(hours * 3_600_000_000))
        if left <= datetime.timedelta():
            return start.astimezone(self.zone)
        day, idle = start.astimezone(self.zone).date() - DAY, 0
        while idle < LONGEST_CLOSURE_DAYS:
            shifts = _shifts(self, day)
            idle = 0 if shifts else idle + 1
            for opens, closes in shifts:
                begins = max(opens, start)
                if begins < closes and left <= closes - begins:
                    return (begins + left).astimezone(self.zone)
                left -= max(closes - begins, datetime.timedelta())
            day += DAY
        raise NoWorkingTimeError("This calendar has no working hours.")

    def working_hours_between(self, start: datetime.datetime, end: datetime.datetime) -> float:
        """Return the working hours that lie between two moments; negative when the end comes first."""
        if end < start:
            return -self.working_hours_between(end, start)
        day, last = start.astimezone(self.zone).date() - DAY, end.astimezone(self.zone).date()
        worked = datetime.timedelta()
        while day <= last:
            for opens, closes in _shifts(self, day):
                worked += max(min(closes, end) - max(opens, start), datetime.timedelta())
            day += DAY
        return worked / datetime.timedelta(hours=1)

    def moved(self, due: datetime.datetime, hours: float, now: datetime.datetime) -> datetime.datetime:
        """Return a deadline that leaves so many working hours more, or fewer, but is not past because of that."""
        if hours >= 0:
            return self.deadline(due, hours) if hours else due
        left = self.working_hours_between(now, due)
        return self.deadline(now, max(left + hours, 0.0)) if left > 0 else due

    def is_closed_on(self, day: datetime.date) -> bool:
        """Return whether a holiday or a closing day takes all of the day."""
        return day in self.closing_days or (bool(self.country) and day in _holidays(self.country, self.subdivision))


@functools.lru_cache(maxsize=100_000)
def _shifts(calendar: Calendar, day: datetime.date) -> tuple[tuple[datetime.datetime, datetime.datetime], ...]:
    """The day's shifts as moments of universal time; one that the change of clocks swallows is none."""
    if calendar.is_closed_on(day):
        return ()
    found = []
    for opens, closes in calendar.week[day.weekday()]:
        begin, end = _moment(calendar.zone, day, opens), _moment(calendar.zone, day, closes)
        if begin < end:
            found.append((begin, end))
    return tuple(found)


def _moment(zone: ZoneInfo, day: datetime.date, minutes: int) -> datetime.datetime:
    local = datetime.datetime.combine(day, datetime.time()) + datetime.timedelta(minutes=minutes)
    return local.replace(tzinfo=zone).astimezone(datetime.UTC)


@functools.cache
def _holidays(country: str, subdivision: str) -> Collection[datetime.date]:
    found: Collection[datetime.date] = holidays.country_holidays(country, subdiv=subdivision or None)
    return found


@dataclass(frozen=True)
class Calendars:
    """The calendars of all departments; one without its own works by the company's."""

    own: Mapping[int, Calendar]
    company: Calendar

    def of(self, department_id: int) -> Calendar:
        """Return the calendar that the department works by."""
        return self.own.get(department_id, self.company)


_CALENDARS = Prepared(lambda: WorkingCalendar.objects.prefetch_related("spans", "closing_days"))
_ORGANISATION = Prepared(lambda: Organisation.objects.order_by("pk")[:1])


def calendars() -> Calendars:
    """Return every department's calendar, in a constant number of statements."""
    return Calendars({row.department_id: _as_calendar(row) for row in _CALENDARS()}, organisation_calendar())


def calendar_of(department: Department) -> Calendar:
    """Return the calendar that a department works by."""
    rows = WorkingCalendar.objects.prefetch_related("spans", "closing_days").filter(department=department)
    return next((_as_calendar(row) for row in rows), None) or organisation_calendar()


def _as_calendar(row: WorkingCalendar) -> Calendar:
    spans = list(row.spans.all())
    week = tuple(tuple((span.opens, span.closes) for span in spans if span.weekday == weekday) for weekday in range(7))
    closed = frozenset(closing.day for closing in row.closing_days.all())
    return Calendar(ZoneInfo(row.time_zone), week, row.country, row.subdivision, closed)


def organisation_calendar() -> Calendar:
    """Return the calendar of the organisation; one query."""
    organisation = next(iter(_ORGANISATION()), None) or Organisation()
    return Calendar(ZoneInfo(organisation.time_zone))


def deadline(*, start: datetime.datetime, hours: float, department: Department) -> datetime.datetime:
    """Return the moment at which the department has had so many working hours since the start."""
    return calendar_of(department).deadline(start, hours)
