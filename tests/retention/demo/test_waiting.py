"""The demo's departments wait for somebody, and put files to what they have in work."""

import pytest

from departments.actions.incidents import accept
from departments.models import Attachment, Wait
from retention.demo.waiting import FILES, WAITS, wait_for_some
from tests import make
from tests.departments.test_undo import reported

pytestmark = pytest.mark.django_db


def test_some_of_what_is_in_work_waits_and_some_has_files() -> None:
    incident = reported()
    head = make.head(incident.department)
    assert incident.department.slug == "shipping"
    assert wait_for_some() == 0
    accept(incident=incident, acting_person=head)
    assert wait_for_some() == 2
    wait = Wait.objects.get()
    assert (wait.incident, wait.started_by, wait.whom) == (incident, head, "Northgate Haulage")
    assert Attachment.objects.get().incident == incident


def test_the_desks_show_every_way_of_waiting_that_the_demo_needs() -> None:
    assert {row[0] for row in FILES} < {row[0] for row in WAITS}
    assert len({row[1] for row in WAITS}) == 3
