"""Waiting without handing on: who may, what it does to the clocks, and how it ends."""

import datetime
import itertools
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account
from departments.actions.handoffs import hand_off
from departments.actions.incidents import NewIncident, accept, open_incidents, resolve
from departments.actions.undo import undo, undo_of
from departments.actions.waits import end_expired_waits, end_wait, wait
from departments.charging import Piece, cut
from departments.clocks import Calendar, calendar_of
from departments.models import (
    Department,
    Incident,
    Person,
    Role,
    State,
    Wait,
    WaitedFor,
    WaitEnd,
    WaitReason,
)
from departments.records import breaches
from retention.dashboards.triage_queue import View, on_desk
from retention.notifications.inbox import inbox
from tests import make

LONDON = ZoneInfo("Europe/London")


def in_work() -> Incident:
    new = NewIncident(
        account_id=make.account().pk,
        friction_type_id=make.friction_type().pk,
        severity=0.5,
        title="Late",
        happened_at=make.ago(days=2),
        external_id=make.number(),
    )
    opened = open_incidents(incidents=[new], acting_person=None).incidents[0]
    incident = Incident.objects.get(pk=opened.incident_id)
    return accept(incident=incident, acting_person=make.head(incident.department))


def set_wait(incident: Incident, acting_person: Person | None = None, **changes: Any) -> Wait:
    values: dict[str, Any] = {
        "waited_for": WaitedFor.CUSTOMER,
        "department": None,
        "name": "",
        "reason": WaitReason.ANSWER,
        "words": "Which size?",
        "expected_on": timezone.localdate() + datetime.timedelta(days=4),
    }
    person = acting_person or make.member(incident.department)
    return wait(incident=incident, acting_person=person, **{**values, **changes})


def hours_left(department: Department, due_at: datetime.datetime) -> float:
    return calendar_of(department).working_hours_between(timezone.now(), due_at)


@pytest.mark.django_db
def test_work_waits_and_goes_on_with_the_hours_that_were_left() -> None:
    incident = in_work()
    incident.resolve_due_at = timezone.now() + datetime.timedelta(days=9)
    incident.save()
    begun = set_wait(incident)
    incident.refresh_from_db()
    assert (incident.state, incident.due_at) == (State.WAITING, begun.expires_at)
    left = begun.hours_left
    Wait.objects.filter(pk=begun.pk).update(started_at=make.ago(days=6))
    end_wait(wait=begun, end=WaitEnd.ANSWERED, words="Large.", acting_person=make.member(incident.department))
    incident.refresh_from_db()
    assert incident.state == State.IN_WORK
    assert incident.due_at == incident.resolve_due_at
    assert hours_left(incident.department, incident.resolve_due_at) == pytest.approx(left, abs=0.01)
    assert breaches() == []


@pytest.mark.django_db
def test_what_is_past_due_stays_so_while_it_waits() -> None:
    incident = in_work()
    due_at = make.ago(days=3)
    Incident.objects.filter(pk=incident.pk).update(resolve_due_at=due_at, due_at=due_at)
    incident.refresh_from_db()
    begun = set_wait(incident)
    assert begun.is_close_to_deadline
    end_wait(wait=begun, end=WaitEnd.NOT_NEEDED, words="", acting_person=make.member(incident.department))
    incident.refresh_from_db()
    assert incident.due_at == incident.resolve_due_at == due_at
    assert list(Wait.objects.close_to_deadline()) == [begun]


@pytest.mark.django_db
def test_one_waits_for_one_side_at_a_time() -> None:
    incident = in_work()
    set_wait(incident)
    incident.refresh_from_db()
    with pytest.raises(Conflict):
        set_wait(incident)
    with pytest.raises(Conflict):
        resolve(incident=incident, resolution="Done.", cause=None, acting_person=make.head(incident.department))
    with pytest.raises(Conflict):
        hand_off(
            incident=incident,
            to=make.department("billing"),
            reason="caused_elsewhere",
            words="Theirs.",
            expected="",
            share=1.0,
            acting_person=make.head(incident.department),
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("waited_for", {"waited_for": "godot"}),
        ("reason", {"reason": "because"}),
        ("words", {"words": " "}),
        ("name", {"waited_for": WaitedFor.SUPPLIER}),
        ("name", {"name": "Acme"}),
        ("name", {"waited_for": WaitedFor.OTHER, "name": "a" * 121}),
        ("department", {"waited_for": WaitedFor.DEPARTMENT}),
        ("expected_on", {"expected_on": datetime.date(2020, 1, 1)}),
        ("expected_on", {"expected_on": timezone.localdate() + datetime.timedelta(days=400)}),
    ],
)
def test_a_wait_that_says_too_little_is_refused(field: str, changes: dict[str, Any]) -> None:
    incident = in_work()
    with pytest.raises(Invalid) as refusal:
        set_wait(incident, **changes)
    assert refusal.value.field == field
    assert not Wait.objects.exists()


@pytest.mark.django_db
def test_a_department_waits_neither_for_itself_nor_names_one_for_nothing() -> None:
    incident = in_work()
    for waited_for in (WaitedFor.DEPARTMENT, WaitedFor.CUSTOMER):
        with pytest.raises(Invalid):
            set_wait(incident, department=incident.department, waited_for=waited_for)


@pytest.mark.django_db
def test_only_whoever_works_on_it_sets_it_to_wait() -> None:
    incident = in_work()
    others = (make.head(make.department("billing")), make.person(Role.EXECUTIVE), make.person(Role.ADMINISTRATOR))
    for person in others:
        with pytest.raises(NotAllowed):
            set_wait(incident, person)


@pytest.mark.django_db
def test_the_department_that_is_waited_for_sees_it_and_says_when_it_is_done() -> None:
    incident, billing = in_work(), make.department("billing")
    member = make.member(billing)
    assert not Incident.objects.visible_to(member).exists()
    begun = set_wait(incident, waited_for=WaitedFor.DEPARTMENT, department=billing)
    assert list(Incident.objects.visible_to(member)) == [incident]
    assert list(Account.objects.visible_to(member)) == [incident.account]
    assert [f"{item.count} {item.words}" for item in inbox(member)] == ["1 incident waits for your department"]
    assert list(on_desk(billing, View.AWAITED, timezone.now())) == [incident]
    with pytest.raises(NotAllowed):
        end_wait(wait=begun, end=WaitEnd.NOT_NEEDED, words="", acting_person=member)
    with pytest.raises(NotAllowed):
        end_wait(wait=begun, end=WaitEnd.ANSWERED, words="", acting_person=make.member(make.department("legal")))
    end_wait(wait=begun, end=WaitEnd.ANSWERED, words="Paid in May.", acting_person=member)
    assert (begun.ended_by, begun.end_words) == (member, "Paid in May.")
    with pytest.raises(Conflict):
        end_wait(wait=begun, end=WaitEnd.ANSWERED, words="", acting_person=member)
    assert breaches() == []


@pytest.mark.django_db
def test_a_wait_ends_by_itself_when_its_day_is_over() -> None:
    incident = in_work()
    begun = set_wait(incident, expected_on=timezone.localdate() + datetime.timedelta(days=1))
    assert end_expired_waits(now=begun.expires_at - datetime.timedelta(seconds=1)) == 0
    assert end_expired_waits(now=begun.expires_at) == 1
    begun.refresh_from_db()
    incident.refresh_from_db()
    assert (begun.end, begun.ended_by, incident.state) == (WaitEnd.DATE_PASSED, None, State.IN_WORK)
    assert end_expired_waits(now=begun.expires_at) == 0
    assert breaches() == []


@pytest.mark.django_db
def test_an_end_that_is_taken_back_lets_it_wait_on() -> None:
    incident = in_work()
    member = make.member(incident.department)
    begun = set_wait(incident, member)
    incident.refresh_from_db()
    as_it_waited = (incident.due_at, incident.resolve_due_at)
    end_wait(wait=begun, end=WaitEnd.ARRIVED, words="", acting_person=member)
    batch = undo_of([incident], member)
    assert batch is not None
    assert undo(batch=batch, acting_person=member).refused == []
    incident.refresh_from_db()
    assert incident.state == State.WAITING
    assert (incident.due_at, incident.resolve_due_at) == as_it_waited
    begun.refresh_from_db()
    assert begun.is_open
    assert breaches() == []


@pytest.mark.django_db
def test_a_wait_that_is_taken_back_at_once_is_charged_to_nobody() -> None:
    incident = in_work()
    member = make.member(incident.department)
    begun = set_wait(incident, member)
    batch = undo_of([incident], member)
    assert batch is not None
    undo(batch=batch, acting_person=member)
    begun.refresh_from_db()
    incident.refresh_from_db()
    assert (begun.end, incident.state) == (WaitEnd.TAKEN_BACK, State.IN_WORK)
    assert list(Wait.objects.counted()) == []
    assert breaches() == []


SHIPPING, BILLING = Department(pk=1, name="Shipping"), Department(pk=2, name="Billing")
START = datetime.datetime(2026, 3, 27, 9, tzinfo=datetime.UTC)
AN_HOUR = datetime.timedelta(hours=1)


def waits_of(bounds: list[float], *, last_is_open: bool) -> list[Wait]:
    """Waits one after the other, between each two bounds in hours."""
    pairs = list(zip(bounds[::2], bounds[1::2], strict=False))
    found = [
        Wait(
            waited_for=WaitedFor.DEPARTMENT if number % 2 else WaitedFor.CUSTOMER,
            department=BILLING if number % 2 else None,
            reason=WaitReason.GOODS,
            started_at=START + begins * AN_HOUR,
            ended_at=START + ends * AN_HOUR,
            end=WaitEnd.ARRIVED,
        )
        for number, (begins, ends) in enumerate(pairs)
    ]
    if found and last_is_open:
        found[-1].ended_at, found[-1].end = None, ""
    return found


bounds = st.lists(st.floats(-50, 400), max_size=8, unique=True).map(sorted)


@given(
    bounds,
    st.sampled_from(["open", "ended"]),
    st.floats(0.01, 300),
    st.sampled_from(["Europe/London", "Australia/Lord_Howe"]),
)
def test_waits_cut_a_time_into_pieces_that_are_all_of_it(
    edges: list[float], last_end: str, hours: float, zone: str
) -> None:
    end = START + hours * AN_HOUR
    whole = Piece(START, end, SHIPPING, "works on it")
    pieces = list(cut(whole, waits_of(edges, last_is_open=last_end == "open"), end))
    assert pieces[0].since == START
    assert pieces[-1].until == end
    assert all(one.until == other.since for one, other in itertools.pairwise(pieces))
    # Over a closing day and the night in which clocks change, no working time is lost or told twice.
    calendar = Calendar(ZoneInfo(zone), closing_days=frozenset({datetime.date(2026, 3, 31)}))
    parts = [calendar.working_hours_between(piece.since, piece.until) for piece in pieces]
    assert sum(parts) == pytest.approx(calendar.working_hours_between(START, end), abs=1e-6)


@given(st.floats(0.01, 200), st.floats(0, 500))
def test_a_wait_gives_back_the_hours_it_found(left: float, waited: float) -> None:
    calendar = Calendar(LONDON, country="GB", subdivision="ENG")
    due_at = calendar.deadline(START, left)
    begins = START
    found = calendar.working_hours_between(begins, due_at)
    again = calendar.deadline(begins + waited * AN_HOUR, found)
    assert calendar.working_hours_between(begins + waited * AN_HOUR, again) == pytest.approx(left, abs=1e-3)
    assert again >= due_at - datetime.timedelta(milliseconds=1)
