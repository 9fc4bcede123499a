"""Several people at once, on real connections: one deed each time, and a record that adds up."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from accounts.errors import Conflict
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import NewIncident, accept, assign, open_incidents, resolve
from departments.actions.people import assign_account
from departments.models import Answer, Assignment, Department, HandOff, Incident, Reason, Role, State
from tests import make
from tests.together import refusals, together

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def fresh(incident: Incident) -> Incident:
    """The incident as somebody's own page would have read it."""
    return Incident.objects.select_related("department", "friction_type").get(pk=incident.pk)


def shares(incident: Incident) -> list[float]:
    return list(incident.responsibilities.values_list("share", flat=True))


def verbs(incident: Incident) -> list[str]:
    return list(incident.events.values_list("verb", flat=True))


def asked(incident: Incident, to: Department) -> HandOff:
    return hand_off(
        incident=fresh(incident),
        to=to,
        reason=Reason.CAUSED_ELSEWHERE,
        words="Wrong address.",
        expected="",
        share=1.0,
        acting_person=make.head(incident.department),
    )


def test_of_two_heads_who_accept_at_once_one_does() -> None:
    for _ in range(ROUNDS):
        incident = make.incident()
        heads = [make.head(incident.department), make.head(incident.department)]
        copies = [fresh(incident), fresh(incident)]
        deeds = [partial(accept, incident=copy, acting_person=head) for head, copy in zip(heads, copies, strict=True)]
        refused = refusals(together(*deeds))
        assert [type(refusal) for refusal in refused] == [Conflict]
        assert (fresh(incident).version, verbs(incident)) == (2, ["accepted"])


def answers(proposal: HandOff) -> dict[Answer, Callable[[], object]]:
    giver, taker = make.head(proposal.from_department), make.head(proposal.to_department)
    first, second, third = (HandOff.objects.get(pk=proposal.pk) for _ in range(3))
    return {
        Answer.ACCEPTED: lambda: accept_hand_off(hand_off=first, words="", acting_person=taker),
        Answer.RETURNED: lambda: return_hand_off(hand_off=second, words="Not ours.", acting_person=taker),
        Answer.WITHDRAWN: lambda: withdraw_hand_off(hand_off=third, acting_person=giver),
    }


@pytest.mark.parametrize(
    "chosen",
    [
        (Answer.ACCEPTED, Answer.WITHDRAWN),
        (Answer.ACCEPTED, Answer.RETURNED),
        (Answer.RETURNED, Answer.WITHDRAWN),
        (Answer.ACCEPTED, Answer.RETURNED, Answer.WITHDRAWN),
    ],
)
def test_a_hand_off_gets_one_answer(chosen: tuple[Answer, ...]) -> None:
    after = {
        Answer.ACCEPTED: ("billing", State.IN_WORK, 0.0),
        Answer.RETURNED: ("shipping", State.DISPUTED, 1.0),
        Answer.WITHDRAWN: ("shipping", State.NEW, 1.0),
    }
    for _ in range(ROUNDS):
        incident = make.incident()
        proposal = asked(incident, make.department("billing"))
        deeds = answers(proposal)
        refused = refusals(together(*(deeds[answer] for answer in chosen)))
        assert [type(refusal) for refusal in refused] == [Conflict] * (len(chosen) - 1)
        proposal.refresh_from_db()
        now = fresh(incident)
        kept = incident.responsibilities.get(department__slug="shipping").share
        assert (now.department.slug, now.state, kept) == after[Answer(proposal.answer)]
        assert math.fsum(shares(incident)) == 1
        assert len(verbs(incident)) == 2


def test_two_departments_asked_at_once_leave_one_question() -> None:
    for _ in range(ROUNDS):
        incident = make.incident()
        others = [make.department("billing"), make.department("legal")]
        refused = refusals(together(*(partial(asked, incident, other) for other in others)))
        assert len(refused) == 1
        assert HandOff.objects.pending().filter(incident=incident).count() == 1


def test_resolving_assigning_and_handing_off_at_once_is_one_of_them() -> None:
    for _ in range(ROUNDS):
        incident = make.incident()
        head = make.head(incident.department)
        one, other = fresh(incident), fresh(incident)
        refused = refusals(
            together(
                partial(resolve, incident=one, resolution="Done.", cause=None, acting_person=head),
                partial(assign, incident=other, assignee=head, acting_person=head),
                partial(asked, incident, make.department("billing")),
            )
        )
        now = fresh(incident)
        assert len(refused) == 3 - len(verbs(incident))
        assert now.version == 1 + len(verbs(incident))
        assert math.fsum(shares(incident)) == 1


def count_opened(incidents: Sequence[NewIncident]) -> int:
    return open_incidents(incidents=incidents, acting_person=None).opened


def test_the_same_incidents_from_several_sides_open_once() -> None:
    account, kind = make.account(), make.friction_type()
    incidents = [
        NewIncident(
            account_id=account.pk,
            friction_type_id=kind.pk,
            severity=0.5,
            title="Late",
            happened_at=make.ago(days=1),
            external_id=f"same-{number}",
        )
        for number in range(200)
    ]
    orders = [incidents, incidents[::-1], incidents[100:] + incidents[:100], incidents]
    results = together(*(partial(count_opened, order) for order in orders))
    assert sum(int(str(result)) for result in results) == len(incidents) == Incident.objects.count()
    assert all(shares(incident) == [1.0] for incident in Incident.objects.all())


def test_two_administrators_who_assign_at_once_leave_one_manager() -> None:
    account, today = make.account(), make.ago(days=0).date()
    administrator = make.person(Role.ADMINISTRATOR)
    people = [make.person() for _ in range(4)]
    results = together(
        *(
            partial(
                assign_account,
                account=account,
                person=person,
                capacity="account_manager",
                starts_on=today,
                acting_person=administrator,
            )
            for person in people
        )
    )
    assert refusals(results) == []
    assert Assignment.objects.filter(account=account).count() == 1
