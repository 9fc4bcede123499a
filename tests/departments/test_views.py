"""The page of an incident and its buttons, as people of each role meet them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from departments.actions import handoffs
from departments.detection import detect_changes, mark_all_signals
from departments.models import Answer, Department, DetectionRule, Incident, Person, Reason, Role, State
from departments.views.page import facts
from departments.views.why import spoken
from tests import make

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def address(name: str, incident: Incident) -> str:
    return reverse(name, args=[incident.public_id])


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


@pytest.fixture
def incident(shipping: Department) -> Incident:
    return make.incident(shares={shipping: 1.0}, title="Late shipment, 6 days")


def test_an_outsider_learns_nothing_of_an_incident(incident: Incident, billing: Department) -> None:
    response = signed_in(make.head(billing)).get(address("incident", incident))
    assert response.status_code == 404


def test_its_department_reads_what_happened(incident: Incident, shipping: Department) -> None:
    page = signed_in(make.head(shipping)).get(address("incident", incident)).content.decode()
    assert "Late shipment, 6 days" in page
    assert incident.account.name in page


def test_the_cause_on_record_is_offered_when_it_is_resolved_again(incident: Incident, shipping: Department) -> None:
    incident.cause = make.cause(shipping, "Weak packaging")
    incident.save(update_fields=["cause"])
    page = signed_in(make.head(shipping)).get(address("incident", incident)).content.decode()
    assert f'<option value="{incident.cause.public_id}" selected>Weak packaging</option>' in page


def test_what_was_resolved_long_ago_is_given_no_stale_figure(shipping: Department) -> None:
    made: dict[str, Any] = {"state": State.RESOLVED, "happened_at": make.ago(days=200), "money_at_risk": 4321.0}
    recent = make.incident(shares={shipping: 1.0}, resolved_at=make.ago(days=80), **made)
    old = make.incident(shares={shipping: 1.0}, resolved_at=make.ago(days=100), **made)
    client = signed_in(make.head(shipping))
    assert "4,321" in client.get(address("incident", recent)).content.decode()
    page = client.get(address("incident", old)).content.decode()
    assert "4,321" not in page
    assert "Resolved more than 90 days ago" in page


def test_the_signal_is_told_in_words(shipping: Department) -> None:
    account = make.account()
    signal = make.signal(account, "shipment", {"days_late": 6, "announced": False})
    incident = make.incident(account, shares={shipping: 1.0}, signal=signal)
    page = signed_in(make.head(shipping)).get(address("incident", incident)).content.decode()
    assert "6 days" in page
    assert "The customer was told beforehand of a part shipment or delay" in page


def test_why_a_rule_saw_friction_is_told_in_words(shipping: Department) -> None:
    DetectionRule.objects.update(is_active=False)
    rule = make.rule(make.friction_type("late_shipment"), condition="days_late > 2", severity="0.5")
    make.signal(make.account(), data={"days_late": 6})
    mark_all_signals()
    detect_changes()
    page = signed_in(make.head(shipping)).get(address("incident", Incident.objects.get(rule=rule))).content.decode()
    assert "days late &gt; 2" in page
    assert "days late: <b>6 days</b>" in page


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("partial and announced == false", "partial and announced is false"),
        ('carrier != "no_name == x" and days_late >= 3', 'carrier is not "no_name == x" and days late ≥ 3'),
    ],
)
def test_a_condition_is_spoken_and_what_it_quotes_is_left(condition: str, words: str) -> None:
    assert spoken(condition) == words


def test_nobody_is_led_to_a_desk_that_the_role_does_not_have(incident: Incident, shipping: Department) -> None:
    desk = make.person(Role.SERVICE_DESK, department=shipping)
    make.assignment(incident.account, desk)
    triage = reverse("triage_department", args=[shipping.slug])
    assert triage not in signed_in(desk).get(address("incident", incident)).content.decode()
    assert triage in signed_in(make.head(shipping)).get(address("incident", incident)).content.decode()


def test_a_head_accepts(incident: Incident, shipping: Department) -> None:
    response = signed_in(make.head(shipping)).post(address("incident_accept", incident))
    incident.refresh_from_db()
    assert response.status_code == 303
    assert incident.state == State.IN_WORK


def test_a_member_may_not_accept(incident: Incident, shipping: Department) -> None:
    response = signed_in(make.member(shipping)).post(address("incident_accept", incident))
    incident.refresh_from_db()
    assert response.status_code == 403
    assert incident.state == State.NEW


def test_an_outsider_cannot_accept(incident: Incident, billing: Department) -> None:
    assert signed_in(make.head(billing)).post(address("incident_accept", incident)).status_code == 404


def test_nothing_changes_by_looking(incident: Incident, shipping: Department) -> None:
    assert signed_in(make.head(shipping)).get(address("incident_accept", incident)).status_code == 405


def test_the_second_of_two_is_told_who_was_first(incident: Incident, shipping: Department) -> None:
    signed_in(make.head(shipping, name="Ana Reed")).post(address("incident_accept", incident))
    response = signed_in(make.head(shipping)).post(address("incident_accept", incident), follow=True)
    assert "Ana Reed: accepted" in response.content.decode()


def test_a_member_takes_it_on(incident: Incident, shipping: Department) -> None:
    member = make.member(shipping)
    signed_in(member).post(address("incident_assign", incident), {"assignee": str(member.public_id)})
    incident.refresh_from_db()
    assert incident.assignee == member


def test_nobody_of_another_department_is_offered_for_work(
    incident: Incident, shipping: Department, billing: Department
) -> None:
    stranger = make.member(billing)
    response = signed_in(make.head(shipping)).post(
        address("incident_assign", incident), {"assignee": str(stranger.public_id)}
    )
    assert response.status_code == 422


def test_it_is_resolved_with_words_and_cause(incident: Incident, shipping: Department) -> None:
    cause = make.cause(shipping)
    signed_in(make.head(shipping)).post(
        address("incident_resolve", incident), {"resolution": "Sent again by courier.", "cause": str(cause.public_id)}
    )
    incident.refresh_from_db()
    assert (incident.state, incident.resolution, incident.cause) == (State.RESOLVED, "Sent again by courier.", cause)


def test_without_words_the_page_asks_for_them(incident: Incident, shipping: Department) -> None:
    response = signed_in(make.head(shipping)).post(address("incident_resolve", incident), {"resolution": ""})
    assert response.status_code == 422
    assert "This field is required" in response.content.decode()


def test_a_form_from_the_desk_is_answered_there(incident: Incident, shipping: Department) -> None:
    desk = reverse("triage_department", args=["shipping"])
    response = signed_in(make.head(shipping)).post(
        address("incident_resolve", incident), {"resolution": "", "next": desk}, follow=True
    )
    assert response.redirect_chain == [(desk, 303)]
    assert "How it was put right: This field is required." in response.content.decode()


def test_it_never_leads_to_another_site(incident: Incident, shipping: Department) -> None:
    response = signed_in(make.head(shipping)).post(
        address("incident_accept", incident), {"next": "https://elsewhere.example/"}
    )
    assert response["Location"] == address("incident", incident)


def test_its_account_manager_reopens_it(shipping: Department) -> None:
    account = make.account()
    incident = make.incident(account, shares={shipping: 1.0}, state=State.RESOLVED)
    response = signed_in(make.manager_of(account)).post(
        address("incident_reopen", incident), {"words": "It arrived damaged."}
    )
    incident.refresh_from_db()
    assert response.status_code == 303
    assert (incident.state, incident.reopened) == (State.IN_WORK, 1)


def asked(incident: Incident, to: Department) -> Incident:
    handoffs.hand_off(
        incident=incident,
        to=to,
        reason=Reason.CAUSED_ELSEWHERE,
        words="The address came wrong.",
        expected="Correct the address.",
        share=1.0,
        acting_person=make.head(incident.department),
    )
    return incident


def test_it_is_handed_off(incident: Incident, shipping: Department, billing: Department) -> None:
    form = {"to": "billing", "reason": "caused_elsewhere", "words": "Wrong address.", "share": "50"}
    signed_in(make.head(shipping)).post(address("incident_hand_off", incident), form)
    hand_off = incident.hand_offs.get()
    assert (hand_off.to_department, hand_off.share) == (billing, 0.5)


def test_the_asked_department_sees_it_and_takes_it(incident: Incident, billing: Department) -> None:
    hand_off = asked(incident, billing).hand_offs.get()
    client = signed_in(make.head(billing))
    assert "asks you to take it" in client.get(address("incident", incident)).content.decode()
    client.post(reverse("hand_off_accept", args=[hand_off.public_id]), {"words": "Ours."})
    incident.refresh_from_db()
    assert incident.department == billing


def test_the_asked_department_returns_it_with_words(incident: Incident, billing: Department) -> None:
    hand_off = asked(incident, billing).hand_offs.get()
    url = reverse("hand_off_return", args=[hand_off.public_id])
    signed_in(make.head(billing)).post(url, {"words": "We sent it as we got it."})
    incident.refresh_from_db()
    hand_off.refresh_from_db()
    assert (incident.state, hand_off.answer) == (State.DISPUTED, Answer.RETURNED)


@pytest.mark.parametrize("answer", ["hand_off_accept", "hand_off_return"])
def test_an_answer_too_long_for_the_record_is_asked_for_again(
    incident: Incident, billing: Department, answer: str
) -> None:
    hand_off = asked(incident, billing).hand_offs.get()
    words = "x" * 2001
    response = signed_in(make.head(billing)).post(reverse(answer, args=[hand_off.public_id]), {"words": words})
    hand_off.refresh_from_db()
    page = response.content.decode()
    assert (response.status_code, hand_off.answer) == (422, Answer.PENDING)
    assert "Ensure this value has at most 2000 characters (it has 2001)." in page
    assert words in page


def test_who_asked_may_ask_no_longer(incident: Incident, shipping: Department, billing: Department) -> None:
    hand_off = asked(incident, billing).hand_offs.get()
    signed_in(make.head(shipping)).post(reverse("hand_off_withdraw", args=[hand_off.public_id]))
    incident.refresh_from_db()
    assert incident.state == State.NEW


def test_who_is_not_asked_may_not_answer(incident: Incident, shipping: Department, billing: Department) -> None:
    hand_off = asked(incident, billing).hand_offs.get()
    url = reverse("hand_off_accept", args=[hand_off.public_id])
    assert signed_in(make.head(shipping)).post(url).status_code == 403
    assert signed_in(make.head(make.department("legal"))).post(url).status_code == 404


def test_an_internal_note_stays_in_its_department(
    incident: Incident, shipping: Department, billing: Department
) -> None:
    form = {"text": "The driver was new.", "is_internal": "on"}
    signed_in(make.head(shipping)).post(address("incident_note", incident), form)
    inside = signed_in(make.member(shipping)).get(address("incident", incident)).content.decode()
    asked(incident, billing)
    outside = signed_in(make.head(billing)).get(address("incident", incident)).content.decode()
    assert "The driver was new." in inside
    assert "The driver was new." not in outside


def test_ticked_incidents_are_accepted_together(shipping: Department) -> None:
    incidents = [make.incident(shares={shipping: 1.0}) for _ in range(3)]
    form = {"incident": [str(one.public_id) for one in incidents]}
    response = signed_in(make.head(shipping)).post(reverse("incidents_accept"), form, follow=True)
    assert "3 accepted." in response.content.decode()
    assert not Incident.objects.exclude(state=State.IN_WORK).exists()


def test_one_conflict_does_not_stop_the_other_ticked(shipping: Department) -> None:
    done = make.incident(shares={shipping: 1.0}, state=State.RESOLVED, title="Long done")
    fresh = make.incident(shares={shipping: 1.0})
    form = {"incident": [str(done.public_id), str(fresh.public_id)]}
    page = signed_in(make.head(shipping)).post(reverse("incidents_accept"), form, follow=True).content.decode()
    assert "1 accepted, 1 not: " in page
    assert "Long done" in page


def test_ticked_incidents_of_others_are_not_found(shipping: Department, billing: Department) -> None:
    foreign = make.incident(shares={billing: 1.0})
    form = {"incident": [str(foreign.public_id)]}
    signed_in(make.head(shipping)).post(reverse("incidents_accept"), form)
    foreign.refresh_from_db()
    assert foreign.state == State.NEW


def test_a_member_may_not_accept_the_ticked(shipping: Department) -> None:
    form = {"incident": [str(make.incident(shares={shipping: 1.0}).public_id)]}
    assert signed_in(make.member(shipping)).post(reverse("incidents_accept"), form).status_code == 403


def test_ticked_incidents_are_given_to_a_colleague(shipping: Department) -> None:
    incidents = [make.incident(shares={shipping: 1.0}) for _ in range(2)]
    member = make.member(shipping)
    form = {"incident": [str(one.public_id) for one in incidents], "assignee": str(member.public_id)}
    signed_in(make.head(shipping)).post(reverse("incidents_assign"), form)
    assert Incident.objects.filter(assignee=member).count() == 2


def test_ticked_incidents_are_resolved_with_the_same_words(shipping: Department) -> None:
    incidents = [make.incident(shares={shipping: 1.0}) for _ in range(2)]
    form = {"incident": [str(one.public_id) for one in incidents], "resolution": "Carrier changed."}
    signed_in(make.head(shipping)).post(reverse("incidents_resolve"), form)
    assert Incident.objects.filter(state=State.RESOLVED, resolution="Carrier changed.").count() == 2


def test_ticking_nothing_is_said_in_a_sentence(shipping: Department) -> None:
    page = signed_in(make.head(shipping)).post(reverse("incidents_accept"), follow=True).content.decode()
    assert "Tick at least one incident." in page


@pytest.mark.parametrize(("days", "words"), [(1, "1 day"), (3, "3 days"), (0, "0 days")])
def test_what_a_signal_counts_is_said_as_people_say_it(days: int, words: str) -> None:
    signal = make.signal(make.account(), data={"days_late": days})
    assert [fact.value for fact in facts(signal)] == [words]
