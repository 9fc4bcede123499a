"""Figures of how incidents went from desk to desk, and the incidents that each is made of."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.actions.incidents import accept
from departments.actions.waits import wait
from departments.models import Department, Incident, Role
from retention.dashboards.path_figures import Part, figures, made_of
from tests import make

pytestmark = pytest.mark.django_db


def waiting_incident(due_at: datetime.datetime) -> Incident:
    incident = make.incident()
    accept(incident=incident, acting_person=make.head(incident.department))
    Incident.objects.filter(pk=incident.pk).update(resolve_due_at=due_at, due_at=due_at)
    incident.refresh_from_db()
    wait(
        incident=incident,
        waited_for="customer",
        department=None,
        name="",
        reason="answer",
        words="Which size?",
        expected_on=timezone.localdate() + datetime.timedelta(days=4),
        acting_person=make.member(incident.department),
    )
    return incident


def test_waits_that_were_set_close_to_the_deadline_are_counted_and_named(client: Client) -> None:
    late = waiting_incident(make.ago(days=3))
    waiting_incident(timezone.now() + datetime.timedelta(days=60))
    elsewhere = Department.objects.exclude(pk=late.department_id)[0]
    assert figures(late.department, timezone.now()).late_waits == 1
    assert list(made_of(Part.LATE_WAITS, late.department)) == [late]
    assert not made_of(Part.LATE_WAITS, elsewhere).exists()
    client.force_login(make.person(Role.EXECUTIVE))
    address = f"{reverse('triage_figures')}?part=late-waits"
    assert address in client.get(reverse("triage_figures")).content.decode()
    assert [incident.pk for incident in client.get(address).context["page"]] == [late.pk]
