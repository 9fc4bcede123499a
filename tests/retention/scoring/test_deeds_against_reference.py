"""What people do with incidents reaches the scores by marks alone, and makes them what the slow reference says."""

import random

import pytest

from accounts.models import Account, Order
from departments.actions.grading import regrade
from departments.actions.handoffs import accept_hand_off, hand_off
from departments.actions.incidents import accept, reopen, resolve
from departments.actions.merging import merge
from departments.models import Department, Incident, Person, Reason
from retention.models import Score
from retention.scoring.rescoring import drain_changes
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.reference import expected_score

pytestmark = pytest.mark.django_db

DEEDS = ("resolve", "reopen", "reassign", "share", "worsen", "merge", "nothing")


class Heads:
    """The head of each department, made when one is asked for."""

    def __init__(self) -> None:
        self._known: dict[int, Person] = {}

    def of(self, department: Department) -> Person:
        return self._known.setdefault(department.pk, self._known.get(department.pk) or make.head(department))


def do(deed: str, incident: Incident, heads: Heads, dice: random.Random) -> None:
    head = heads.of(incident.department)
    match deed:
        case "resolve" | "reopen":
            accept(incident=incident, acting_person=head)
            resolve(incident=incident, resolution="Sent again.", cause=None, acting_person=head)
            if deed == "reopen":
                reopen(incident=incident, words="It came back.", acting_person=head)
        case "reassign" | "share":
            to = Department.objects.exclude(pk=incident.department_id).filter(responsibilities__isnull=False)[0]
            asked = hand_off(
                incident=incident,
                to=to,
                reason=Reason.values[0],
                words="Theirs.",
                expected="",
                share=1.0 if deed == "reassign" else 0.25,
                acting_person=head,
            )
            accept_hand_off(hand_off=asked, words="", acting_person=heads.of(to))
        case "worsen":
            severity = dice.uniform(0.1, 1)
            regrade(
                incident=incident,
                friction_type=incident.friction_type,
                severity=severity,
                words="Worse than it looked.",
                acting_person=head,
            )
        case "merge":
            shares = {incident.department: 1.0}
            twin = make.incident(incident.account, incident.friction_type, shares, severity=dice.random())
            merge(incident=twin, into=incident, acting_person=head)


def drain_everything() -> None:
    while drain_changes():
        pass


@pytest.mark.parametrize("seed", [1, 2])
def test_deeds_and_deletions_reach_every_score_by_their_marks(seed: int) -> None:
    random_company.build(seed, accounts=50)
    version, dice, heads = ensure_active_version(), random.Random(seed), Heads()
    drain_everything()
    touched: dict[int, str] = {}
    for incident in Incident.objects.open().select_related("department", "friction_type", "account").order_by("pk"):
        deed = dice.choice(DEEDS)
        do(deed, incident, heads, dice)
        touched[incident.account_id] = deed
    for order in Order.objects.order_by("pk")[::5]:
        touched[order.account_id] = "an order deleted"
        order.delete()
    # More than are read by one statement.
    assert len(touched) > 32
    drain_everything()
    for account in Account.objects.filter(pk__in=touched):
        stored = Score.objects.get(account=account)
        expected = expected_score(account, stored.as_of, version)
        assert stored.risk == pytest.approx(expected.risk, abs=1e-9), touched[account.pk]
        assert stored.points == pytest.approx(expected.points, abs=1e-8), touched[account.pk]
