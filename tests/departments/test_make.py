"""The helpers of the tests make rows that the database accepts."""

import pytest

from departments.models import Responsibility
from tests import make

pytestmark = pytest.mark.django_db


def test_an_incident_is_made_with_those_who_answer_for_it() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    incident = make.incident(shares={shipping: 0.7, billing: 0.3})
    assert incident.department == shipping
    assert list(incident.responsibilities.values_list("department__slug", "share")) == [
        ("shipping", 0.7),
        ("billing", 0.3),
    ]


def test_a_manager_sees_the_account_they_look_after_and_no_other() -> None:
    account, other = make.account(), make.account()
    manager = make.manager_of(account)
    assert list(type(account).objects.visible_to(manager)) == [account]
    assert other.pk != account.pk


def test_everything_else_can_be_made() -> None:
    account = make.account()
    manager = make.manager_of(account)
    make.contact(account)
    make.order(account)
    make.touchpoint(account, manager)
    make.holding(account, make.product())
    make.signal(account)
    make.absence(manager, make.person())
    incident = make.incident(account, state="resolved")
    make.hand_off(incident, make.department("billing"))
    make.rule(make.friction_type())
    make.cause(make.department())
    assert Responsibility.objects.get(incident=incident).resolved_at == incident.resolved_at
