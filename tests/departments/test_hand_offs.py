"""Hand-offs: asked, accepted, returned, withdrawn, and where the shares lie meanwhile."""

import math
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AccountChange
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import accept, resolve
from departments.models import Answer, Department, HandOff, Incident, Person, Reason, State
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def billing() -> Department:
    return make.department("billing")


def ask(incident: Incident, to: Department, person: Person | None = None, **changes: Any) -> HandOff:
    values: dict[str, Any] = {
        "reason": Reason.CAUSED_ELSEWHERE,
        "words": "Wrong address.",
        "expected": "Correct it.",
        "share": 1.0,
    }
    return hand_off(
        incident=incident,
        to=to,
        acting_person=person or make.head(incident.department),
        **{**values, **changes},
    )


def shares(incident: Incident) -> dict[str, float]:
    return dict(incident.responsibilities.values_list("department__slug", "share"))


def test_until_it_is_accepted_the_shares_stay(billing: Department) -> None:
    incident = make.incident()
    proposal = ask(incident, billing)
    assert (incident.state, incident.due_at) == (State.WAITING, proposal.answer_due_at)
    assert shares(incident) == {"shipping": 1.0}
    assert proposal.answer == Answer.PENDING


def test_accepted_it_moves_back_to_the_day_it_happened(billing: Department) -> None:
    incident = make.incident()
    proposal = ask(incident, billing)
    AccountChange.objects.all().delete()
    accept_hand_off(hand_off=proposal, words="Right.", acting_person=make.head(billing))
    incident.refresh_from_db()
    assert (incident.department, incident.state) == (billing, State.IN_WORK)
    assert shares(incident) == {"shipping": 0.0, "billing": 1.0}
    part = incident.responsibilities.get(department=billing)
    assert (part.happened_at, part.is_provisional) == (incident.happened_at, False)
    assert AccountChange.objects.filter(account_id=incident.account_id).exists()
    assert list(incident.events.values_list("verb", flat=True)) == ["handed_off", "hand_off_accepted"]


def test_the_shares_move_in_one_statement(billing: Department) -> None:
    incident = make.incident()
    proposal = ask(incident, billing)
    with CaptureQueriesContext(connection) as queries:
        accept_hand_off(hand_off=proposal, words="", acting_person=make.head(billing))
    writes = [
        query["sql"]
        for query in queries
        if "departments_responsibility" in query["sql"] and not query["sql"].startswith("SELECT")
    ]
    assert len(writes) == 1


@pytest.mark.parametrize(("share", "holder"), [(0.3, "shipping"), (0.5, "shipping"), (0.7, "billing"), (1, "billing")])
def test_whoever_answers_for_more_holds_it(billing: Department, share: float, holder: str) -> None:
    incident = make.incident()
    accept_hand_off(hand_off=ask(incident, billing, share=share), words="", acting_person=make.head(billing))
    incident.refresh_from_db()
    assert incident.department.slug == holder
    assert shares(incident) == pytest.approx({"shipping": 1 - share, "billing": share})


def test_a_share_is_of_what_the_giving_department_answers_for(billing: Department) -> None:
    shipping, legal = make.department(), make.department("legal")
    incident = make.incident(shares={shipping: 0.6, legal: 0.4})
    accept_hand_off(hand_off=ask(incident, billing, share=0.5), words="", acting_person=make.head(billing))
    assert shares(incident) == pytest.approx({"shipping": 0.3, "billing": 0.3, "legal": 0.4})


def test_passed_around_in_odd_shares_they_still_sum_to_one(billing: Department) -> None:
    incident = make.incident()
    departments = [billing, make.department("shipping"), make.department("legal")] * 5
    for department in departments:
        incident = Incident.objects.select_related("department").get(pk=incident.pk)
        if department != incident.department:
            accept_hand_off(
                hand_off=ask(incident, department, share=1 / 3), words="", acting_person=make.head(department)
            )
    assert math.fsum(shares(incident).values()) == pytest.approx(1, abs=1e-12)


def test_returned_it_is_disputed_until_somebody_gives_in(billing: Department) -> None:
    incident = make.incident()
    head = make.head(incident.department)
    return_hand_off(hand_off=ask(incident, billing, head), words="Not ours.", acting_person=make.head(billing))
    incident.refresh_from_db()
    assert (incident.state, incident.department.slug) == (State.DISPUTED, "shipping")
    assert shares(incident) == {"shipping": 1.0}
    accept(incident=incident, acting_person=head)
    assert incident.state == State.IN_WORK


def test_a_department_that_gave_it_away_can_be_asked_again(billing: Department) -> None:
    incident = make.incident()
    shipping = incident.department
    accept_hand_off(hand_off=ask(incident, billing), words="", acting_person=make.head(billing))
    incident.refresh_from_db()
    accept_hand_off(hand_off=ask(incident, shipping), words="", acting_person=make.head(shipping))
    incident.refresh_from_db()
    assert (incident.department, shares(incident)) == (shipping, {"shipping": 1.0, "billing": 0.0})


@pytest.mark.parametrize("state", [State.NEW, State.IN_WORK, State.DISPUTED])
def test_withdrawn_it_is_as_it_was(billing: Department, state: State) -> None:
    incident = make.incident(state=state)
    due_at = incident.due_at if state != State.DISPUTED else incident.answer_due_at
    head = make.head(incident.department)
    withdraw_hand_off(hand_off=ask(incident, billing, head), acting_person=head)
    incident.refresh_from_db()
    assert (incident.state, incident.due_at) == (state, due_at)


def test_only_the_asked_department_answers_and_only_the_asking_withdraws(billing: Department) -> None:
    incident = make.incident()
    giver = make.head(incident.department)
    proposal = ask(incident, billing, giver)
    with pytest.raises(NotAllowed):
        accept_hand_off(hand_off=proposal, words="", acting_person=giver)
    with pytest.raises(NotAllowed):
        return_hand_off(hand_off=proposal, words="No.", acting_person=giver)
    with pytest.raises(NotAllowed):
        withdraw_hand_off(hand_off=proposal, acting_person=make.head(billing))
    with pytest.raises(NotAllowed):
        accept_hand_off(hand_off=proposal, words="", acting_person=make.member(billing))


def test_a_hand_off_is_answered_once(billing: Department) -> None:
    proposal = ask(make.incident(), billing)
    head = make.head(billing)
    stale = HandOff.objects.get(pk=proposal.pk)
    accept_hand_off(hand_off=proposal, words="", acting_person=head)
    with pytest.raises(Conflict, match="has been answered"):
        return_hand_off(hand_off=stale, words="No.", acting_person=head)


def test_while_it_waits_nothing_else_is_done_with_it(billing: Department) -> None:
    incident = make.incident()
    head = make.head(incident.department)
    ask(incident, billing, head)
    for deed in (
        lambda: accept(incident=incident, acting_person=head),
        lambda: resolve(incident=incident, resolution="Done.", cause=None, acting_person=head),
        lambda: ask(incident, billing, head),
    ):
        with pytest.raises(Conflict, match="waiting on others"):
            deed()


@pytest.mark.parametrize(
    ("field", "value"),
    [("share", 0), ("share", 1.1), ("share", float("nan")), ("words", " "), ("reason", "because")],
)
def test_a_proposal_that_cannot_be_right_names_its_field(billing: Department, field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(make.incident(), billing, **{field: value})
    assert refusal.value.field == field


def test_it_goes_to_another_department_that_still_works(billing: Department) -> None:
    incident = make.incident()
    with pytest.raises(Invalid, match="holds it already"):
        ask(incident, incident.department)
    billing.is_active = False
    with pytest.raises(Invalid, match="takes nothing on"):
        ask(incident, billing)


def test_returning_needs_a_reason(billing: Department) -> None:
    proposal = ask(make.incident(), billing)
    with pytest.raises(Invalid, match="Say why"):
        return_hand_off(hand_off=proposal, words="", acting_person=make.head(billing))
