"""Two people at once: one of them is first, and the other is told."""

import datetime

import pytest
from django.utils import timezone

from departments.models import Role
from retention.models import Approval, Override
from retention.overrides.actions import approve_override, override_risk, refuse_override
from tests import make
from tests.retention.dashboards.books import score, troubled
from tests.together import refusals, together

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_who_override_at_once_the_first_stands() -> None:
    make.organisation()
    account = troubled()
    score(account)
    manager = make.manager_of(account)
    cover = make.person()
    make.absence(manager, cover)
    people = [manager, cover]
    until = timezone.localdate() + datetime.timedelta(days=9)

    def deed(place: int) -> object:
        return override_risk(
            account=account, risk=0.1 * place, reason="I know.", expires_on=until, acting_person=people[place]
        )

    results = together(lambda: deed(0), lambda: deed(1))
    assert len(refusals(results)) == 1
    assert "has overridden this risk" in str(refusals(results)[0])
    assert Override.objects.count() == 1


def test_of_two_who_answer_at_once_the_first_counts() -> None:
    make.organisation(override_approval_revenue=1)
    account = troubled()
    score(account)
    until = timezone.localdate() + datetime.timedelta(days=9)
    override = override_risk(
        account=account, risk=0.1, reason="I know.", expires_on=until, acting_person=make.manager_of(account)
    )
    one, other = make.person(Role.EXECUTIVE), make.person(Role.EXECUTIVE)
    results = together(
        lambda: approve_override(override=override, words="", acting_person=one),
        lambda: refuse_override(override=override, words="No.", acting_person=other),
    )
    assert len(refusals(results)) == 1
    assert "was first" in str(refusals(results)[0])
    assert Override.objects.get().approval in {Approval.APPROVED, Approval.REFUSED}
