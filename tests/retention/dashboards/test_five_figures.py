"""The five figures of how incidents go from desk to desk: each is a link to exactly what it counts."""

import datetime
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.models import Answer, Department, DisputeEnd, Incident, Role, State, WaitedFor, WaitReason
from retention.dashboards.path_figures import Part, figures, made_of
from retention.dashboards.triage_cards import Desk, desks
from retention.dashboards.triage_queue import View, on_desk
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


@pytest.fixture
def busy(shipping: Department, billing: Department) -> Department:
    """A desk on which everything happened that is counted, some of it twice to the same incident."""
    answered: dict[str, Any] = {
        "state": State.IN_WORK,
        "recorded_at": make.ago(days=4),
        "answered_at": make.ago(days=2),
    }
    make.incident(shares={shipping: 1.0}, title="accepted and kept", **answered)
    given = make.incident(shares={billing: 1.0}, title="accepted, then given away", **answered)
    for to, holder, day in ((shipping, billing, 3), (billing, shipping, 2), (shipping, billing, 1)):
        Incident.objects.filter(pk=given.pk).update(department=holder)
        given.refresh_from_db()
        asked = {"answer": Answer.ACCEPTED, "proposed_at": make.ago(days=day, hours=3)}
        make.hand_off(given, to, answered_at=make.ago(days=day), **asked)
    Incident.objects.filter(pk=given.pk).update(department=billing)
    back = make.incident(shares={shipping: 1.0}, title="handed back twice", state=State.DISPUTED)
    for day in (5, 1):
        make.hand_off(back, billing, answer=Answer.RETURNED, answered_at=make.ago(days=day))
    make.incident(shares={shipping: 1.0}, title="came again", reopened=2)
    late = make.incident(shares={shipping: 1.0}, title="set to wait twice", state=State.WAITING)
    for day in (6, 2):
        set_to_wait(late, day)
    incident = make.incident(shares={shipping: 1.0}, title="lay for long", recorded_at=make.ago(days=30))
    incident.events.create(verb="reported", at=make.ago(days=30))
    return shipping


def set_to_wait(incident: Incident, days_ago: int) -> None:
    began = make.ago(days=days_ago)
    incident.waits.create(
        waiting_department=incident.department,
        waited_for=WaitedFor.CUSTOMER,
        reason=WaitReason.values[0],
        words="Which size?",
        expected_on=timezone.localdate(),
        expires_at=began + datetime.timedelta(days=1),
        started_at=began,
        due_at_then=began,
        hours_left=0.0,
        ended_at=began + datetime.timedelta(days=1),
        end="answered",
    )


def listed(department: Department, view: View, other: str = "") -> int:
    return on_desk(department, view, timezone.now(), other).count()


def test_what_is_counted_is_what_is_listed(busy: Department, billing: Department) -> None:
    for department in (busy, billing):
        desk = desks([department], timezone.now())[department.pk]
        assert desk.answers.count == listed(department, View.ANSWERED)
        assert desk.bounced == listed(department, View.BOUNCED)
        assert desk.late_waits == listed(department, View.LATE_WAITS)
        assert desk.reopened == listed(department, View.REOPENED)
        for pair in desk.bounces:
            assert pair.incidents == listed(department, View.BOUNCED, pair.slug)


def test_each_figure_of_a_desk_is_what_happened(busy: Department) -> None:
    desk = desks([busy], timezone.now())[busy.pk]
    assert (desk.answers.count, desk.bounced, desk.late_waits, desk.reopened) == (2, 1, 1, 1)
    assert desk.longest_hours == pytest.approx(30 * 24, abs=0.1)
    accepted = on_desk(busy, View.ANSWERED, timezone.now()).values_list("title", flat=True)
    assert set(accepted) == {"accepted and kept", "accepted, then given away"}


def disputed(holder: Department, against: Department | None, end: str = "", *, days_ago: int = 2) -> Incident:
    incident = make.incident(shares={holder: 1.0}, title="disputed")
    head, over = make.head(holder), {"ended_at": make.ago(days=1), "ended_by": make.head(holder)} if end else {}
    incident.disputes.create(
        department=holder,
        against=against,
        reason="caused_elsewhere",
        words="The label was right.",
        raised_at=make.ago(days=days_ago),
        raised_by=head,
        end=end,
        **over,
    )
    return incident


@pytest.fixture
def disputing(shipping: Department, billing: Department) -> set[int]:
    """What bounced by a dispute between the two, beside what does not count or counts for one side alone."""
    disputed(shipping, None)
    disputed(shipping, billing, DisputeEnd.WITHDRAWN)
    disputed(billing, shipping, DisputeEnd.TAKEN_BACK)
    both = disputed(billing, shipping)
    make.hand_off(both, shipping, answer=Answer.RETURNED, answered_at=make.ago(days=1))
    return {disputed(shipping, billing, DisputeEnd.TAKEN).pk, both.pk}


def test_what_was_disputed_counts_as_what_was_handed_back(
    disputing: set[int], shipping: Department, billing: Department
) -> None:
    of = desks([shipping, billing], timezone.now())
    assert (of[shipping.pk].bounced, of[billing.pk].bounced) == (3, 2)
    for one, other in ((shipping, billing), (billing, shipping)):
        assert [(pair.slug, pair.incidents) for pair in of[one.pk].bounces] == [(other.slug, 2)]
        found = on_desk(one, View.BOUNCED, timezone.now(), other.slug)
        assert set(found.values_list("pk", flat=True)) == disputing
        assert of[one.pk].bounced == listed(one, View.BOUNCED)


def test_everything_on_record_counts_disputes_too(
    disputing: set[int], shipping: Department, billing: Department
) -> None:
    for department, count in ((None, 3), (shipping, 3), (billing, 2)):
        found = figures(department, timezone.now())
        assert found.returned == made_of(Part.RETURNED, department).count() == count
        (pair,) = found.pairs
        assert {pair.one, pair.other} == {shipping.slug, billing.slug}
        pairs_own = made_of(Part.RETURNED, department, pair.one, pair.other).values_list("pk", flat=True)
        assert pair.incidents == 2
        assert set(pairs_own) == disputing


def test_a_dispute_of_long_ago_is_of_the_record_and_not_of_the_90_days(
    shipping: Department, billing: Department
) -> None:
    disputed(shipping, billing, days_ago=100)
    assert desks([shipping], timezone.now())[shipping.pk].bounced == listed(shipping, View.BOUNCED) == 0
    assert figures(shipping, timezone.now()).returned == 1


def test_the_desk_is_narrowed_to_what_others_dispute_with_it(
    disputing: set[int], shipping: Department, billing: Department, client: Client
) -> None:
    client.force_login(make.head(billing))
    address = reverse("triage_department", args=[billing.slug])
    page = client.get(address, {"tab": "bounced", "returned": "on"})
    returned = {row.incident.pk for row in page.context["rows"]}
    assert len(disputing) == 2
    assert returned == disputing


def test_the_figures_of_everything_on_record_are_listed_too(busy: Department, billing: Department) -> None:
    for department in (busy, billing, None):
        found = figures(department, timezone.now())
        assert found.accepted == made_of(Part.ACCEPTED, department).count()
        assert found.returned == made_of(Part.RETURNED, department).count()
        for pair in found.pairs:
            assert pair.incidents == made_of(Part.RETURNED, department, pair.one, pair.other).count()
    assert figures(busy, timezone.now()).accepted == 2


def test_the_desk_shows_all_five_each_a_link_to_its_incidents(busy: Department, client: Client) -> None:
    client.force_login(make.head(busy))
    address = reverse("triage_department", args=[busy.slug])
    page = client.get(address).content.decode()
    found = dict(re.findall(r'<a href="\?tab=(answered|bounced|unheld|late_waits|reopened)">([^<]+)</a>', page))
    assert set(found) == {"answered", "bounced", "unheld", "late_waits", "reopened"}
    for tab in ("bounced", "late_waits", "reopened"):
        assert int(found[tab]) == len(client.get(address, {"tab": tab}).context["rows"])
    first = client.get(address, {"tab": "unheld"}).context["rows"][0]
    assert first.incident.title == "lay for long"


def test_whoever_sees_all_departments_sees_the_five_of_each(busy: Department, client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("triage"))
    of: dict[str, Desk] = {department.slug: desk for department, desk in page.context["fives"]}
    assert (of[busy.slug].bounced, of[busy.slug].late_waits) == (1, 1)
    desk = reverse("triage_department", args=[busy.slug])
    for tab in ("answered", "bounced", "unheld", "late_waits", "reopened"):
        assert f'href="{desk}?tab={tab}"' in page.content.decode()
