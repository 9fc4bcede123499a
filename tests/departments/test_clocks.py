"""Working time: nine to five, Monday to Friday, whatever clocks and years do."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.calendars import Hours, set_hours
from departments.actions.incidents import reopen, resolve
from departments.charging import clocks_of
from departments.clocks import Calendar, NoWorkingTimeError, Week, deadline
from departments.clocks import calendars as read_calendars
from departments.models import IncidentEvent, Role, WorkingCalendar
from tests import make

LONDON = ZoneInfo("Europe/London")
ZONES = [LONDON, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")]
SPLIT: Week = (((0, 120), (480, 720), (780, 1440)),) * 3 + (((600, 660),), (), (), ((60, 180),))
calendars = st.sampled_from(
    [
        *(Calendar(zone) for zone in ZONES),
        *(Calendar(zone, SPLIT, "GB", "SCT") for zone in ZONES),
        Calendar(LONDON, closing_days=frozenset(datetime.date(2026, 12, day) for day in range(1, 32))),
    ]
)
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
    instant = datetime.timedelta(microseconds=1)
    assert calendar.working_hours_between(due - instant, due) > 0


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


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        # a lunch break between two shifts
        (Calendar(LONDON, (((540, 720), (780, 1020)),) * 7), london(2026, 3, 2, 11), 2, london(2026, 3, 2, 14)),
        # Christmas Day, Boxing Day and its substitute are holidays in England
        (Calendar(LONDON, country="GB", subdivision="ENG"), london(2026, 12, 24, 16), 2, london(2026, 12, 29, 10)),
        # New Year's Day, and in Scotland the day after
        (Calendar(LONDON, country="GB", subdivision="SCT"), london(2026, 12, 31, 16), 2, london(2027, 1, 5, 10)),
        # a closing day of the department's own
        (
            Calendar(LONDON, closing_days=frozenset({datetime.date(2026, 3, 3)})),
            london(2026, 3, 2, 16),
            2,
            london(2026, 3, 4, 10),
        ),
        # a night shift while the clocks go forward: from 0:00 to 4:00 only three hours pass
        (Calendar(LONDON, (((0, 240),),) * 7), london(2026, 3, 29), 3, london(2026, 3, 29, 4)),
        # and back: five do
        (Calendar(LONDON, (((0, 240),),) * 7), london(2026, 10, 25), 5, london(2026, 10, 25, 4)),
    ],
)
def test_a_department_has_a_calendar_of_its_own(
    calendar: Calendar, start: datetime.datetime, hours: float, due: datetime.datetime
) -> None:
    assert calendar.deadline(start, hours) == due


def test_a_calendar_without_hours_says_so() -> None:
    with pytest.raises(NoWorkingTimeError):
        Calendar(LONDON, ((),) * 7).deadline(london(2026, 3, 2), 1)


def hours(**changes: Any) -> Hours:
    shifts = {weekday: [(540, 720), (780, 1020)] for weekday in range(5)}
    values: dict[str, Any] = {"time_zone": "Europe/Berlin", "country": "DE", "subdivision": "BY"}
    return Hours(**{**values, "shifts": shifts, "closing_days": {}, **changes})


@pytest.mark.django_db
def test_a_head_sets_the_hours_and_new_deadlines_follow() -> None:
    shipping = make.department("shipping")
    head = make.head(shipping)
    set_hours(department=shipping, hours=hours(), version=0, acting_person=head)
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime.datetime(2026, 3, 2, 11, tzinfo=berlin)
    assert deadline(start=start, hours=2, department=shipping) == datetime.datetime(2026, 3, 2, 14, tzinfo=berlin)
    assert read_calendars().of(shipping.pk).country == "DE"
    assert read_calendars().of(make.department("billing").pk) == Calendar(LONDON)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"time_zone": "Europe/Atlantis"},
        {"country": "XX"},
        {"subdivision": "QQ"},
        {"shifts": {}},
        {"shifts": {0: [(540, 720), (700, 800)]}},
        {"shifts": {0: [(720, 540)]}},
    ],
)
def test_hours_that_cannot_be_are_refused(changes: dict[str, Any]) -> None:
    shipping = make.department("shipping")
    with pytest.raises(Invalid):
        set_hours(department=shipping, hours=hours(**changes), version=0, acting_person=make.head(shipping))
    assert not WorkingCalendar.objects.exists()


@pytest.mark.django_db
def test_of_two_who_set_the_hours_the_second_is_told() -> None:
    shipping = make.department("shipping")
    set_hours(department=shipping, hours=hours(), version=0, acting_person=make.head(shipping))
    for version in (0, 7):
        with pytest.raises(Conflict):
            set_hours(department=shipping, hours=hours(), version=version, acting_person=make.head(shipping))


@pytest.mark.django_db
def test_others_do_not_set_the_hours() -> None:
    shipping = make.department("shipping")
    for person in (make.member(shipping), make.head(make.department("billing")), make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            set_hours(department=shipping, hours=hours(), version=0, acting_person=person)


@pytest.mark.django_db
def test_every_moment_is_charged_to_whoever_is_waited_for() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    start = london(2026, 3, 2, 9)
    incident = make.incident(happened_at=start - datetime.timedelta(hours=3))
    asked = make.hand_off(incident, billing)
    steps = [
        ("reported", 0, {"department_id": shipping.pk}),
        ("accepted", 1, {}),
        ("handed_off", 2, {"hand_off": str(asked.public_id)}),
        ("hand_off_accepted", 5, {"hand_off": str(asked.public_id), "holder": "billing"}),
    ]
    events = [
        IncidentEvent(verb=verb, at=start + datetime.timedelta(hours=after), details=details)
        for verb, after, details in steps
    ]
    slugs = {"shipping": shipping, "billing": billing}
    now = start + datetime.timedelta(hours=8)
    clocks = clocks_of(incident, events, [asked], slugs, read_calendars(), now)
    assert clocks.customer_hours == pytest.approx(11)
    assert [(one.whom, one.hours) for one in clocks.stretches] == [
        (shipping.name, 1.0),
        (shipping.name, 1.0),
        (billing.name, 3.0),
        (billing.name, 3.0),
    ]
    assert dict(clocks.totals) == {billing: 6.0, shipping: 2.0}


@pytest.mark.django_db
def test_the_customers_clock_goes_on_when_an_incident_is_reopened() -> None:
    shipping = make.department("shipping")
    happened = make.ago(days=30)
    incident = make.incident(shares={shipping: 1.0}, happened_at=happened, recorded_at=happened)
    head = make.head(shipping)
    resolve(incident=incident, resolution="Sent again.", cause=None, acting_person=head)
    reopen(incident=incident, words="It came back.", acting_person=head)
    now = timezone.now() + datetime.timedelta(hours=1)
    events = list(incident.events.order_by("at", "pk"))
    clocks = clocks_of(incident, events, [], {"shipping": shipping}, read_calendars(), now)
    assert [event.verb for event in events] == ["resolved", "reopened"]
    assert clocks.customer_hours == pytest.approx((now - happened) / datetime.timedelta(hours=1))
