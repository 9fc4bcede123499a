"""A desk shows parts in what others hold, and what is disputed between departments, counted as they are listed."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.actions.disputing import dispute
from departments.actions.handoffs import accept_hand_off, return_hand_off
from departments.models import Department, DisputeReason, Incident
from retention.dashboards.triage_counts import counts
from retention.dashboards.triage_queue import TABS, View, branches, on_desk
from tests import make
from tests.between import ask, fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


def shared(giver: Department, taker: Department) -> Incident:
    incident = make.incident(shares={giver: 1.0})
    accept_hand_off(hand_off=ask(incident, giver, taker, 0.4), words="", acting_person=make.head(taker))
    return fresh(incident)


def say_not_ours(incident: Incident, department: Department) -> None:
    reason = DisputeReason.CAUSED_ELSEWHERE
    dispute(incident=fresh(incident), reason=reason, words="Not ours.", acting_person=make.head(department))


def tabs_of(incident: Incident, department: Department) -> list[str]:
    """Return the tabs that list the incident; each lists as many as it counts, in one part or another."""
    moment, found = timezone.now(), []
    counted = counts(department, moment)
    for view in TABS:
        listed = set(on_desk(department, view, moment).values_list("pk", flat=True))
        parts = {key for part in branches(department, view, "", moment) for key in part.values_list("pk", flat=True)}
        assert (len(listed), listed) == (counted[view.value], parts), view
        if incident.pk in listed:
            found.append(view.value)
    return found


def test_a_part_is_in_work_where_it_is_accepted_and_new_where_it_is_not(
    shipping: Department, billing: Department
) -> None:
    accepted = shared(shipping, billing)
    assert (tabs_of(accepted, billing), tabs_of(accepted, shipping)) == ([View.IN_WORK], [View.IN_WORK])
    provisional = make.incident(shares={shipping: 0.6, billing: 0.4})
    assert tabs_of(provisional, billing) == [View.NEW]


def test_a_part_waits_while_others_are_asked_about_it(shipping: Department, billing: Department) -> None:
    incident, legal = shared(shipping, billing), make.department("legal")
    ask(incident, billing, legal)
    found = {one.slug: tabs_of(incident, one) for one in (shipping, billing, legal)}
    assert found == {"shipping": [View.IN_WORK], "billing": [View.WAITING], "legal": [View.NEW]}


def test_a_dispute_stands_on_both_desks(shipping: Department, billing: Department) -> None:
    part = shared(shipping, billing)
    say_not_ours(part, billing)
    assert tabs_of(part, billing) == [View.DISPUTED]
    assert tabs_of(part, shipping) == [View.IN_WORK, View.DISPUTED]
    back = make.incident(shares={shipping: 1.0})
    return_hand_off(hand_off=ask(back, shipping, billing), words="No.", acting_person=make.head(billing))
    assert (tabs_of(back, billing), tabs_of(back, shipping)) == ([View.DISPUTED], [View.DISPUTED])


def test_a_row_says_whose_part_and_who_has_the_next_word(
    client: Client, shipping: Department, billing: Department
) -> None:
    part = shared(shipping, billing)
    client.force_login(make.head(billing))
    desk = reverse("triage_department", args=[billing.slug])
    page = client.get(desk, {"tab": "in_work"})
    assert f"Your part, 40%: {part.title}" in page.content.decode()
    row = page.context["rows"][0]
    assert (row.may.hand_off, row.may.dispute, row.may.accept, row.may.resolve) == (True, True, False, False)
    say_not_ours(part, billing)
    page = client.get(desk, {"tab": "disputed"})
    assert "disputed by Billing, with Shipping; Shipping has the next word" in page.content.decode()
    row = page.context["rows"][0]
    assert (row.may.dispute, row.may.accept, row.may.answer_dispute) == (False, True, False)
    client.force_login(make.head(shipping))
    page = client.get(reverse("triage_department", args=[shipping.slug]), {"tab": "disputed"})
    assert page.context["rows"][0].may.answer_dispute


def test_all_that_are_ticked_are_disputed_together(client: Client, shipping: Department) -> None:
    one, other = (make.incident(shares={shipping: 1.0}) for _ in range(2))
    client.force_login(make.head(shipping))
    ticked = {"incident": [str(one.public_id), str(other.public_id)]}
    asked = client.post(reverse("incidents_dispute"), ticked, follow=True)
    assert "Why they are not yours" in asked.content.decode()
    done = client.post(reverse("incidents_dispute"), {**ticked, "reason": "wrong_type", "words": "No."}, follow=True)
    assert "2 disputed." in done.content.decode()
    assert {fresh(one).state, fresh(other).state} == {"disputed"}


def test_the_page_of_an_incident_offers_what_can_be_said(
    client: Client, shipping: Department, billing: Department
) -> None:
    part = shared(shipping, billing)
    page = reverse("incident", args=[part.public_id])
    client.force_login(make.head(billing))
    assert "Dispute your part" in client.get(page).content.decode()
    refused = client.post(reverse("incident_dispute", args=[part.public_id]), {"reason": "wrong_type"})
    assert refused.status_code == 422
    said = {"reason": "wrong_type", "words": "No."}
    client.post(reverse("incident_dispute", args=[part.public_id]), said)
    assert "Dispute it no longer" in client.get(page).content.decode()
    client.force_login(make.head(shipping))
    question = part.disputes.get()
    assert "says that its part is not theirs" in client.get(page).content.decode()
    answer = reverse("dispute_answer", args=[question.public_id])
    assert client.post(answer, {"share": "140", "words": "All."}).status_code == 422
    told = client.post(answer, {"share": "30", "words": "Some."}, follow=True)
    assert "is asked whether 30% is right" in told.content.decode()
