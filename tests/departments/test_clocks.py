"""Working time: nine to five, Monday to Friday, whatever clocks and years do."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from departments.clocks import Calendar, deadline
from tests import make

LONDON = ZoneInfo("Europe/London")
ZONES = [LONDON, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")]
calendars = st.sampled_from([Calendar(zone) for zone in ZONES])
moments = st.floats(946_684_800, 2_840_140_800).map(
    lambda second: datetime.datetime.fromtimestamp(second, datetime.UTC)
)
spans = st.floats(0, 2000)


def london(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (london(2026, 3, 2, 9), 8, london(2026, 3, 2, 17)),  # a whole Monday
        (london(2026, 3, 2, 16), 2, london(2026, 3, 3, 10)),  # over night
        (london(2026, 3, 6, 16), 2, london(2026, 3, 9, 10)),  # over the weekend
        (london(2026, 3, 7, 12), 1, london(2026, 3, 9, 10)),  # asked on a Saturday
        (london(2026, 3, 2, 3), 1, london(2026, 3, 2, 10)),  # asked before work
        (london(2026, 3, 27, 16), 2, london(2026, 3, 30, 10)),  # the clocks go forward in between
        (london(2026, 10, 23, 16), 2, london(2026, 10, 26, 10)),  # and back
        (london(2026, 12, 31, 16), 2, london(2027, 1, 1, 10)),  # over the year's end
        (london(2026, 3, 2, 9), 40, london(2026, 3, 6, 17)),  # a whole week
        (london(2026, 3, 2, 10, 30), 0, london(2026, 3, 2, 10, 30)),
    ],
)
def test_a_deadline_counts_working_hours(start: datetime.datetime, hours: float, due: datetime.datetime) -> None:
    assert Calendar(LONDON).deadline(start, hours) == due


@given(calendars, moments, spans)
def test_a_deadline_leaves_so_many_working_hours(calendar: Calendar, start: datetime.datetime, hours: float) -> None:
    due = calendar.deadline(start, hours)
    assert due >= start
    assert calendar.working_hours_between(start, due) == pytest.approx(hours, abs=1e-6)


@given(calendars, moments, spans.filter(lambda hours: hours > 1e-6))
def test_a_deadline_falls_into_working_hours(calendar: Calendar, start: datetime.datetime, hours: float) -> None:
    due = calendar.deadline(start, hours)
    assert due.weekday() < 5
    assert datetime.time(9) < due.time() <= datetime.time(17)


@given(calendars, moments, spans, spans)
def test_more_hours_never_end_earlier(calendar: Calendar, start: datetime.datetime, one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    assert calendar.deadline(start, fewer) <= calendar.deadline(start, more)


@given(calendars, moments, spans.filter(lambda hours: hours > 0.01), spans)
def test_hours_can_be_spent_in_two_parts(
    calendar: Calendar, start: datetime.datetime, first: float, second: float
) -> None:
    at_once = calendar.deadline(start, first + second)
    in_parts = calendar.deadline(calendar.deadline(start, first), second)
    assert abs(at_once - in_parts) <= datetime.timedelta(milliseconds=1) or calendar.working_hours_between(
        at_once, in_parts
    ) == pytest.approx(0, abs=1e-6)


@pytest.mark.django_db
def test_a_department_works_on_the_clock_of_the_organisation() -> None:
    make.organisation(time_zone="America/New_York")
    due = deadline(start=london(2026, 3, 2, 9), hours=1, department=make.department())
    assert due == datetime.datetime(2026, 3, 2, 10, tzinfo=ZoneInfo("America/New_York"))
