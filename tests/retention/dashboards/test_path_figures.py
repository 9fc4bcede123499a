"""Figures of how incidents went from desk to desk, and the incidents that each is made of."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.actions.incidents import accept
from departments.actions.waits import wait
from departments.models import Answer, Department, HandOff, Incident, Role, State
from retention.dashboards import triage_listing
from retention.dashboards.path_figures import Part, figures, made_of
from retention.dashboards.paths import paths
from tests import make

pytestmark = pytest.mark.django_db


def waiting_incident(due_at: datetime.datetime) -> Incident:
    incident = make.incident()
    accept(incident=incident, acting_person=make.head(incident.department))
    Incident.objects.filter(pk=incident.pk).update(resolve_due_at=due_at, due_at=due_at)
    incident.refresh_from_db()
    wait(
        incident=incident,
        waited_for="customer",
        department=None,
        name="",
        reason="answer",
        words="Which size?",
        expected_on=timezone.localdate() + datetime.timedelta(days=4),
        acting_person=make.member(incident.department),
    )
    return incident


def test_waits_that_were_set_close_to_the_deadline_are_counted_and_named(client: Client) -> None:
    late = waiting_incident(make.ago(days=3))
    waiting_incident(timezone.now() + datetime.timedelta(days=60))
    elsewhere = Department.objects.exclude(pk=late.department_id)[0]
    assert figures(late.department, timezone.now()).late_waits == 1
    assert list(made_of(Part.LATE_WAITS, late.department)) == [late]
    assert not made_of(Part.LATE_WAITS, elsewhere).exists()
    client.force_login(make.person(Role.EXECUTIVE))
    address = f"{reverse('triage_figures')}?part=late-waits"
    assert address in client.get(reverse("triage_figures")).content.decode()
    assert [incident.pk for incident in client.get(address).context["listing"].incidents] == [late.pk]


def gone_through(moves: int, shipping: Department, billing: Department, **more: object) -> Incident:
    """Make an incident that was handed on so often: to billing, and handed back for each second time."""
    incident = make.incident(shares={shipping: 1.0}, **more)  # type: ignore[arg-type]  # as make wants them
    for _ in range(moves // 2):
        make.hand_off(incident, billing, answer=Answer.RETURNED, answered_at=timezone.now())
    if moves % 2:
        make.hand_off(incident, billing, answer=Answer.ACCEPTED, answered_at=timezone.now())
    return incident


def test_moves_are_counted_as_hand_offs_are_asked_returned_and_taken_back() -> None:
    shipping, billing = make.department(), make.department("billing")
    incident = make.incident(shares={shipping: 1.0})
    asked = make.hand_off(incident, billing)
    counted = [Incident.objects.get(pk=incident.pk).moves]
    for answer in (Answer.RETURNED, Answer.WITHDRAWN, Answer.ACCEPTED, Answer.COUNTERED):
        HandOff.objects.filter(pk=asked.pk).update(answer=answer, answered_at=timezone.now())
        counted.append(Incident.objects.get(pk=incident.pk).moves)
    assert counted == [1, 2, 0, 1, 0]


@pytest.mark.parametrize("met", [None, True, False])
def test_each_count_of_the_table_is_what_its_list_holds(client: Client, *, met: bool | None) -> None:
    shipping, billing = make.department(), make.department("billing")
    for moves in (0, 0, 1, 2, 3, 4, 6):
        gone_through(moves, shipping, billing, state=State.RESOLVED, resolve_due_at=make.ago(days=-9))
        gone_through(moves, billing, shipping, due_at=make.ago(days=3), resolve_due_at=make.ago(days=2))
        gone_through(moves, shipping, billing)
    client.force_login(make.person(Role.EXECUTIVE))
    for department in (None, shipping, billing):
        known = paths(department, timezone.now())
        assert [row.moves for row in known.rows] == [0, 1, 2, 3, 4]
        for row in known.rows:
            asked: dict[str, str | int] = {"moves": row.moves, "met": {None: "", True: "yes", False: "no"}[met]}
            asked |= {"department": department.slug} if department else {}
            listing = client.get(reverse("triage_paths"), asked).context["listing"]
            assert listing.figure.count == row.of(met=met) == len(listing.incidents)


def test_pages_of_a_list_follow_each_other_without_gap_or_repeat(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage_listing, "PAGE", 2)
    shipping, billing, same_moment = make.department(), make.department("billing"), make.ago(days=3)
    made = [
        make.incident(shares={one: 1.0}, state=State.RESOLVED, happened_at=same_moment).pk
        for one in (shipping, billing, billing, shipping, shipping)
    ]
    client.force_login(make.person(Role.EXECUTIVE))
    found: list[int] = []
    address = f"{reverse('triage_paths')}?moves=0"
    for _ in range(3):
        response = client.get(address)
        found += [incident.pk for incident in response.context["listing"].incidents]
        following = response.context["listing"].following
        assert (f"after={following}" in response.content.decode()) == (following is not None)
        address = f"{reverse('triage_paths')}?moves=0&after={following}"
    assert found == sorted(made, reverse=True)
    assert following is None
    assert client.get(f"{reverse('triage_paths')}?moves=0&after=else").status_code == 400
    unknown = "01900000-0000-7000-8000-000000000000"
    assert client.get(f"{reverse('triage_paths')}?moves=0&after={unknown}").status_code == 404


def test_what_was_accepted_is_listed_once_each(client: Client) -> None:
    shipping, billing = make.department(), make.department("billing")
    own = make.incident(shares={shipping: 1.0})
    accept(incident=own, acting_person=make.head(shipping))
    handed = gone_through(1, shipping, billing)
    Incident.objects.filter(pk=handed.pk).update(answered_at=timezone.now())
    client.force_login(make.person(Role.EXECUTIVE))
    for department, expected in ((None, {own.pk, handed.pk}), (shipping, {own.pk}), (billing, {handed.pk})):
        asked = {"part": "accepted", **({"department": department.slug} if department else {})}
        listing = client.get(reverse("triage_figures"), asked).context["listing"]
        assert {incident.pk for incident in listing.incidents} == expected
        assert listing.figure.count == len(listing.incidents) == len(expected)
