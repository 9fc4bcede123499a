"""What the form of a question what if offers."""

import pytest

from departments.models import Role
from retention.dashboards.what_if import WhatIfForm, segments_seen_by
from retention.scoring.what_if import Question, parts_in_question
from tests import make

pytestmark = pytest.mark.django_db


def test_segments_are_offered_of_the_accounts_that_somebody_sees() -> None:
    shipping = make.department("shipping")
    retail, wholesale = make.account(segment="Retail"), make.account(segment="Wholesale")
    make.account(segment="Public sector")
    make.incident(retail, shares={shipping: 1.0})
    assert segments_seen_by(make.head(shipping)) == ["Retail"]
    assert segments_seen_by(make.manager_of(wholesale)) == ["Wholesale"]
    assert segments_seen_by(make.person(Role.EXECUTIVE)) == ["Public sector", "Retail", "Wholesale"]


def test_no_segments_are_offered_where_there_are_none() -> None:
    make.account()
    assert segments_seen_by(make.person(Role.EXECUTIVE)) == []


def test_a_department_asks_about_all_that_it_answers_for_and_of_others_what_it_sees() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    shared = make.incident(shares={shipping: 0.5, billing: 0.5})
    own, _ = make.incident(shares={shipping: 1.0}), make.incident(shares={billing: 1.0})
    head, now = make.head(shipping), make.ago(days=0)
    of_its_own = parts_in_question(Question(departments=("shipping",)), head, now)
    assert {part.incident_id for part in of_its_own} == {shared.pk, own.pk}
    of_others = parts_in_question(Question(departments=("billing",)), head, now)
    assert [(part.incident_id, part.department) for part in of_others] == [(shared.pk, billing)]


def test_a_period_may_end_on_the_last_day_of_the_calendar() -> None:
    incident = make.incident(make.account())
    head = make.head(incident.department)
    form = WhatIfForm({"since": "0001-01-01", "until": "9999-12-31"}, person=head)
    assert form.is_valid()
    parts = parts_in_question(form.question(), head, make.ago(days=0))
    assert [part.incident_id for part in parts] == [incident.pk]
