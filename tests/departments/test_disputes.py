"""Counter-offers, bounces, rulings, and grades that are changed and contested."""

import math
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AccountChange
from departments.actions.attaching import attach
from departments.actions.grading import contest, regrade
from departments.actions.handoffs import (
    accept_hand_off,
    counter_offer,
    hand_off,
    return_hand_off,
    withdraw_hand_off,
)
from departments.actions.incidents import accept, note, reopen, report_friction, resolve
from departments.actions.rulings import ask_for_ruling, parties, rule, state_case
from departments.actions.undo import undo, undo_of
from departments.models import (
    Answer,
    Department,
    HandOff,
    Incident,
    Person,
    Reason,
    Regrading,
    Role,
    Ruling,
    RulingState,
    State,
    UndoPoint,
)
from departments.records import breaches
from tests import make
from tests.together import refusals, together

pytestmark = pytest.mark.django_db


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


@pytest.fixture
def executive() -> Person:
    return make.person(Role.EXECUTIVE)


def reported(**fields: Any) -> Incident:
    account = make.account()
    kind = make.friction_type()
    return report_friction(
        account=account,
        friction_type=kind,
        severity=0.8,
        title="Late again",
        description="",
        happened_at=make.ago(days=3),
        order=None,
        acting_person=make.manager_of(account),
    )


def fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("department", "friction_type", "account").get(pk=incident.pk)


def ask(incident: Incident, to: Department, share: float = 1.0) -> HandOff:
    now = fresh(incident)
    return hand_off(
        incident=now,
        to=to,
        reason=Reason.CAUSED_ELSEWHERE,
        words="Wrong address.",
        expected="",
        share=share,
        acting_person=make.head(now.department),
    )


def bounced(to: Department, times: int = 1) -> Incident:
    incident = reported()
    for _ in range(times):
        return_hand_off(hand_off=ask(incident, to), words="Not ours.", acting_person=make.head(to))
    return fresh(incident)


def shares(incident: Incident) -> dict[str, float]:
    parts = incident.responsibilities.filter(share__gt=0)
    return {slug: round(share, 9) for slug, share in parts.values_list("department__slug", "share")}


def test_a_counter_offer_asks_the_giver_whose_share_it_would_take(billing: Department) -> None:
    incident = reported()
    proposal = ask(incident, billing)
    counter = counter_offer(hand_off=proposal, share=0.4, words="Half is yours.", acting_person=make.head(billing))
    proposal.refresh_from_db()
    assert (proposal.answer, counter.to_department.slug) == (Answer.COUNTERED, "shipping")
    assert (fresh(incident).state, shares(incident)) == (State.WAITING, {"shipping": 1.0})
    accept_hand_off(hand_off=counter, words="", acting_person=make.head(counter.to_department))
    assert shares(incident) == {"shipping": 0.6, "billing": 0.4}
    assert (fresh(incident).department.slug, fresh(incident).state) == ("shipping", State.IN_WORK)
    assert breaches() == []


def test_a_counter_offer_can_be_countered_refused_and_taken_back(billing: Department) -> None:
    incident = reported()
    shipping = incident.department
    head, other = make.head(shipping), make.head(billing)
    first = counter_offer(hand_off=ask(incident, billing), share=0.3, words="A third.", acting_person=other)
    second = counter_offer(hand_off=first, share=0.8, words="Nearly all.", acting_person=head)
    assert (second.giver, second.taker) == (shipping, billing)
    batch = undo_of([fresh(incident)], head)
    assert batch is not None
    assert undo(batch=batch, acting_person=head).refused == []
    assert HandOff.objects.pending().get(incident=incident) == first
    assert breaches() == []
    withdraw_hand_off(hand_off=first, acting_person=other)
    assert fresh(incident).state == State.NEW
    return_hand_off(hand_off=ask(incident, billing), words="No.", acting_person=other)
    assert fresh(incident).state == State.DISPUTED
    assert breaches() == []


@pytest.mark.parametrize(("share", "words"), [(1.0, "All."), (0.0, "None."), (1.2, "More."), (0.4, " ")])
def test_a_counter_offer_is_another_share_with_words(billing: Department, share: float, words: str) -> None:
    proposal = ask(reported(), billing)
    with pytest.raises(Invalid):
        counter_offer(hand_off=proposal, share=share, words=words, acting_person=make.head(billing))


def test_a_department_that_gave_it_away_can_be_asked_again(billing: Department) -> None:
    incident = reported()
    shipping = incident.department
    accept_hand_off(hand_off=ask(incident, billing), words="", acting_person=make.head(billing))
    again = ask(incident, shipping)
    accept_hand_off(hand_off=again, words="Ours after all.", acting_person=make.head(shipping))
    assert shares(incident) == {"shipping": 1.0}
    assert breaches() == []


def test_after_so_many_bounces_an_executive_is_asked_by_itself(billing: Department) -> None:
    make.organisation(bounces_before_ruling=2)
    incident = bounced(billing)
    assert not Ruling.objects.exists()
    return_hand_off(hand_off=ask(incident, billing), words="Still not.", acting_person=make.head(billing))
    ruling = Ruling.objects.get(incident=incident)
    assert (ruling.state, ruling.asked_by) == (RulingState.OPEN, None)
    with pytest.raises(Conflict, match="ruling"):
        ask(incident, billing)
    assert breaches() == []


def test_either_side_asks_for_a_ruling_and_nobody_else(billing: Department) -> None:
    incident = bounced(billing)
    with pytest.raises(NotAllowed):
        ask_for_ruling(incident=incident, words="Who?", acting_person=make.head(make.department("legal")))
    ruling = ask_for_ruling(incident=incident, words="It was theirs.", acting_person=make.head(billing))
    assert {side.slug for side in parties(incident)} == {"shipping", "billing"}
    state_case(ruling=ruling, words="The label was right.", acting_person=make.head(incident.department))
    with pytest.raises(Conflict):
        ask_for_ruling(incident=fresh(incident), words="Again.", acting_person=make.head(billing))
    assert [statement.words for statement in ruling.statements.all()] == ["The label was right."]


def test_only_a_dispute_is_put_before_an_executive() -> None:
    incident = reported()
    with pytest.raises(Conflict):
        ask_for_ruling(incident=fresh(incident), words="Who?", acting_person=make.head(incident.department))


def asked_to_rule(billing: Department) -> Ruling:
    incident = bounced(billing)
    return ask_for_ruling(incident=incident, words="Who?", acting_person=make.head(billing))


def test_what_is_ruled_moves_the_shares_back_to_the_day_it_happened(billing: Department, executive: Person) -> None:
    ruling = asked_to_rule(billing)
    incident = ruling.incident
    AccountChange.objects.all().delete()
    decided = {incident.department: 0.3, billing: 0.7}
    rule(ruling=ruling, shares=decided, words="The label was wrong.", regrading_stands=None, acting_person=executive)
    now = fresh(incident)
    assert shares(now) == {"shipping": 0.3, "billing": 0.7}
    assert (now.department, now.state) == (billing, State.IN_WORK)
    assert {part.happened_at for part in now.responsibilities.all()} == {now.happened_at}
    assert AccountChange.objects.filter(account_id=now.account_id).exists()
    assert breaches() == []
    with pytest.raises(Conflict, match="ruled"):
        ask(now, make.department("legal"))


def test_a_ruling_is_taken_back_for_a_moment(billing: Department, executive: Person) -> None:
    ruling = asked_to_rule(billing)
    rule(ruling=ruling, shares={billing: 1.0}, words="Theirs.", regrading_stands=None, acting_person=executive)
    batch = undo_of([ruling.incident], executive)
    assert batch is not None
    assert undo(batch=batch, acting_person=executive).refused == []
    ruling.refresh_from_db()
    assert (ruling.state, ruling.decision, shares(ruling.incident)) == (RulingState.OPEN, "", {"shipping": 1.0})
    assert breaches() == []


def test_after_a_ruling_and_a_reopening_it_can_be_handed_on_again(billing: Department, executive: Person) -> None:
    ruling = asked_to_rule(billing)
    rule(ruling=ruling, shares={billing: 1.0}, words="Theirs.", regrading_stands=None, acting_person=executive)
    head = make.head(billing)
    resolve(incident=fresh(ruling.incident), resolution="Done.", cause=None, acting_person=head)
    reopen(incident=fresh(ruling.incident), words="Not so.", acting_person=head)
    assert ask(ruling.incident, make.department("legal")).answer == Answer.PENDING


@pytest.mark.parametrize(
    ("parts", "words", "stands"),
    [
        ({"shipping": 0.5}, "Half.", None),
        ({"shipping": 0.5, "billing": 0.6}, "More.", None),
        ({"shipping": -1.0, "billing": 2.0}, "Odd.", None),
        ({"shipping": math.nan, "billing": 1.0}, "Odd.", None),
        ({"shipping": 1.0}, "  ", None),
        ({"shipping": 1.0}, "Grade?", True),
    ],
)
def test_a_ruling_that_does_not_add_up_is_refused(  # given by parametrize
    billing: Department,
    executive: Person,
    parts: dict[str, float],
    words: str,
    stands: bool | None,  # noqa: FBT001
) -> None:
    ruling = asked_to_rule(billing)
    given = {make.department(slug): share for slug, share in parts.items()}
    with pytest.raises(Invalid):
        rule(ruling=ruling, shares=given, words=words, regrading_stands=stands, acting_person=executive)
    assert Ruling.objects.get().is_open


def test_only_executives_rule(billing: Department) -> None:
    ruling = asked_to_rule(billing)
    reporter = ruling.incident.reporter
    assert reporter is not None
    for person in (make.head(billing), make.person(Role.ADMINISTRATOR), reporter):
        with pytest.raises(NotAllowed):
            rule(ruling=ruling, shares={billing: 1.0}, words="So.", regrading_stands=None, acting_person=person)


def test_whoever_accepts_after_all_ends_the_dispute(billing: Department) -> None:
    ruling = asked_to_rule(billing)
    head = make.head(ruling.incident.department)
    done = accept(incident=fresh(ruling.incident), acting_person=head)
    ruling.refresh_from_db()
    assert ruling.state == RulingState.SETTLED
    batch = undo_of([done], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    ruling.refresh_from_db()
    assert ruling.is_open


def lowered(incident: Incident, severity: float = 0.2) -> Regrading:
    head = make.head(incident.department)
    other = make.friction_type("part_missing")
    return regrade(
        incident=fresh(incident), friction_type=other, severity=severity, words="One day.", acting_person=head
    )


def test_a_lower_severity_is_shown_as_such_and_counts_until_it_is_contested() -> None:
    incident = reported()
    AccountChange.objects.all().delete()
    regrading = lowered(incident)
    now = fresh(incident)
    assert (now.severity, now.friction_type.slug, regrading.is_lower) == (0.2, "part_missing", True)
    assert [part.severity for part in now.responsibilities.all()] == [0.2]
    assert AccountChange.objects.filter(account_id=now.account_id).exists()


def test_while_contested_the_grade_before_stands_until_it_is_ruled(executive: Person) -> None:
    for stands, severity in ((True, 0.2), (False, 0.8)):
        incident = reported()
        lowered(incident)
        assert incident.reporter is not None
        contest(incident=fresh(incident), words="Five days.", acting_person=incident.reporter)
        assert (fresh(incident).severity, fresh(incident).friction_type.slug) == (0.8, "late_shipment")
        ruling = Ruling.objects.get(incident=incident)
        held = {fresh(incident).department: 1.0}
        rule(ruling=ruling, shares=held, words="So.", regrading_stands=stands, acting_person=executive)
        assert fresh(incident).severity == severity
        assert breaches() == []


def test_the_answering_department_does_not_contest_its_own_change(billing: Department) -> None:
    incident = reported()
    lowered(incident)
    for person in (make.head(incident.department), make.head(billing), make.person(Role.EXECUTIVE)):
        with pytest.raises(NotAllowed):
            contest(incident=fresh(incident), words="No.", acting_person=person)


def test_contesting_and_regrading_are_taken_back() -> None:
    incident = reported()
    regrading = lowered(incident)
    assert incident.reporter is not None
    contest(incident=fresh(incident), words="Five days.", acting_person=incident.reporter)
    batch = undo_of([fresh(incident)], incident.reporter)
    assert batch is not None
    undo(batch=batch, acting_person=incident.reporter)
    regrading.refresh_from_db()
    assert (regrading.contested_at, fresh(incident).severity) == (None, 0.2)
    assert Ruling.objects.get().state == RulingState.WITHDRAWN


def test_what_detection_found_is_contested_by_who_keeps_the_account() -> None:
    incident = make.incident()
    lowered(incident)
    contest(incident=fresh(incident), words="It was grave.", acting_person=make.manager_of(incident.account))
    assert fresh(incident).severity == 0.5


@pytest.mark.parametrize(("severity", "words"), [(0.0, "Why."), (1.5, "Why."), (0.2, "")])
def test_a_grade_lies_above_nothing_and_says_why(severity: float, words: str) -> None:
    incident = reported()
    with pytest.raises(Invalid):
        regrade(
            incident=fresh(incident),
            friction_type=incident.friction_type,
            severity=severity,
            words=words,
            acting_person=make.head(incident.department),
        )


def test_the_database_keeps_one_question_and_whole_rulings(billing: Department) -> None:
    ruling = asked_to_rule(billing)
    with pytest.raises(IntegrityError, match="one_open_ruling_an_incident"), transaction.atomic():
        Ruling.objects.create(incident=ruling.incident, words="Again?")
    with pytest.raises(IntegrityError, match="a_ruling_says_why_and_by_whom"), transaction.atomic():
        Ruling.objects.filter(pk=ruling.pk).update(state=RulingState.RULED, decided_at=make.ago(days=0))


@pytest.mark.django_db(transaction=True)
def test_of_two_executives_who_rule_at_once_one_does() -> None:
    for _ in range(3):
        billing = make.department("billing")
        ruling = asked_to_rule(billing)
        shipping = ruling.incident.department
        copies = [Ruling.objects.select_related("regrading").get(pk=ruling.pk) for _ in range(2)]
        results = together(
            *(
                partial(
                    rule,
                    ruling=copy,
                    shares={side: 1.0},
                    words="So.",
                    regrading_stands=None,
                    acting_person=make.person(Role.EXECUTIVE),
                )
                for copy, side in zip(copies, (shipping, billing), strict=True)
            )
        )
        assert [type(refusal) for refusal in refusals(results)] == [Conflict]
        assert math.fsum(shares(ruling.incident).values()) == 1
        assert breaches() == []


@pytest.mark.django_db(transaction=True)
def test_a_ruling_and_an_acceptance_at_once_leave_a_whole_record() -> None:
    for _ in range(3):
        billing = make.department("billing")
        ruling = asked_to_rule(billing)
        incident, head = fresh(ruling.incident), make.head(ruling.incident.department)
        together(
            partial(accept, incident=incident, acting_person=head),
            partial(
                rule,
                ruling=Ruling.objects.select_related("regrading").get(pk=ruling.pk),
                shares={billing: 1.0},
                words="So.",
                regrading_stands=None,
                acting_person=make.person(Role.EXECUTIVE),
            ),
        )
        ruling.refresh_from_db()
        settled = ruling.state == RulingState.SETTLED
        assert shares(incident) == ({"shipping": 1.0} if settled else {"billing": 1.0})
        assert breaches() == []


def test_a_regrading_offers_to_be_taken_back_on_the_page() -> None:
    incident = reported()
    client = Client()
    client.force_login(make.head(incident.department))
    address = reverse("incident_regrade", args=[incident.public_id])
    given = {"severity": "20", "friction_type": incident.friction_type.slug, "words": "One day."}
    page = client.post(address, given, follow=True).content.decode()
    assert "One day." in page
    batch = UndoPoint.objects.get(incident=incident, verb="regraded").batch
    assert reverse("undo", args=[batch]) in page
    client.post(reverse("undo", args=[batch]))
    assert fresh(incident).severity == 0.8


def test_the_page_of_a_ruling_holds_what_each_side_put_there_and_what_others_did(billing: Department) -> None:
    ruling = asked_to_rule(billing)
    incident = ruling.incident
    side, manager = make.head(incident.department), incident.reporter
    assert manager is not None
    taken_back = note(incident=incident, text="Nonsense.", is_internal=False, acting_person=side)
    type(taken_back).objects.filter(pk=taken_back.pk).update(taken_back_at=make.ago(days=0))
    note(incident=incident, text="They called twice.", is_internal=False, acting_person=manager)
    for name, is_internal, person in (
        ("label.txt", False, side),
        ("plan.txt", True, side),
        ("mail.txt", False, manager),
    ):
        file = SimpleUploadedFile(name, b"To: Northgate")
        attach(incident=incident, file=file, words="", is_internal=is_internal, acting_person=person)
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("ruling", args=[ruling.public_id])).content.decode()
    own, others = page.split("Who is neither side")
    assert "label.txt" in own
    assert '<span class="taken-back">“Nonsense.”</span>' in own
    assert "mail.txt" in others
    assert "They called twice." in others
    assert "plan.txt" not in page
