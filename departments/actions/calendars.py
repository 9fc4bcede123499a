"""A department's working calendar: changed as a whole, by its head or by whoever configures."""

import datetime
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

import holidays
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid, NotAllowed
from departments.models import Capability, Department, Person
from departments.models.calendar import ClosingDay, WorkingCalendar, WorkingSpan

Shifts = Mapping[int, Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A calendar as it shall be: shifts by weekday in minutes after midnight; closing days with their names."""

    time_zone: str
    country: str
    subdivision: str
    shifts: Shifts
    closing_days: Mapping[datetime.date, str]


def may_set_hours(person: Person, department: Department) -> bool:
    """Return whether the person may change when the department works."""
    own = person.can(Capability.ANSWER_INCIDENTS) and person.department_id == department.pk
    return own or person.can(Capability.CONFIGURE)


@transaction.atomic
def set_hours(*, department: Department, hours: Hours, version: int, acting_person: Person) -> WorkingCalendar:
    """Write the department's calendar; deadlines that were given stay, new ones follow it.

    `version` is the calendar's as the person read it (0 for none), so that two at once are noticed.
    """
    if not may_set_hours(acting_person, department):
        raise NotAllowed(f"Only the head of {department} or an administrator changes its hours.")
    _check(hours)
    calendar = _claimed(department, hours, version)
    WorkingSpan.objects.filter(calendar=calendar).delete()
    ClosingDay.objects.filter(calendar=calendar).delete()
    WorkingSpan.objects.bulk_create(
        WorkingSpan(calendar=calendar, weekday=weekday, opens=opens, closes=closes)
        for weekday, shifts in hours.shifts.items()
        for opens, closes in shifts
    )
    ClosingDay.objects.bulk_create(
        ClosingDay(calendar=calendar, day=day, name=name) for day, name in hours.closing_days.items()
    )
    details: dict[str, object] = {
        "department": department.slug,
        "time_zone": hours.time_zone,
        "country": hours.country,
        "shifts": {str(day): [list(one) for one in shifts] for day, shifts in hours.shifts.items()},
        "closing_days": [day.isoformat() for day in hours.closing_days],
    }
    record_audit(verb="calendar.set", subject=department.public_id, details=details, acting_person=acting_person)
    return calendar


def take_back_calendar(calendar: WorkingCalendar) -> None:
    """Write a calendar's own columns as they were before, counted on: whoever read what is taken back is told so."""
    WorkingCalendar.objects.filter(pk=calendar.pk).update(
        time_zone=calendar.time_zone,
        country=calendar.country,
        subdivision=calendar.subdivision,
        version=F("version") + 1,
    )


def _check(hours: Hours) -> None:
    if hours.time_zone not in available_timezones():
        raise Invalid("time_zone", f"There is no time zone {hours.time_zone}.")
    if not any(hours.shifts.values()):
        raise Invalid("shifts", "A department works at some time of the week: nothing would ever be due.")
    for shifts in hours.shifts.values():
        ordered = sorted(shifts)
        if any(not 0 <= opens < closes <= 24 * 60 for opens, closes in ordered):
            raise Invalid("shifts", "A shift ends after it begins, and on the same day.")
        if any(one[1] > other[0] for one, other in itertools.pairwise(ordered)):
            raise Invalid("shifts", "Two shifts of a day overlap.")
    if hours.country:
        _check_holidays(hours.country, hours.subdivision)


def _check_holidays(country: str, subdivision: str) -> None:
    try:
        holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        raise Invalid("country", f"The holidays of {country} {subdivision} are not known.") from None


def _claimed(department: Department, hours: Hours, version: int) -> WorkingCalendar:
    """Compare and swap the calendar's own row; the first who makes one is first."""
    columns = {"time_zone": hours.time_zone, "country": hours.country, "subdivision": hours.subdivision}
    if version == 0:
        try:
            with transaction.atomic():
                return WorkingCalendar.objects.create(department=department, **columns)
        except IntegrityError:
            raise Conflict("Somebody has set these hours meanwhile: look again before you go on.") from None
    read = WorkingCalendar.objects.filter(department=department, version=version)
    if not read.update(version=F("version") + 1, **columns):
        raise Conflict("Somebody has changed these hours meanwhile: look again before you go on.")
    return WorkingCalendar.objects.get(department=department)
