"""Who resolves an incident is offered the cause that its whys found; left open, that one stands."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from departments.actions.cure import find_cause, strike
from departments.actions.incidents import resolve
from departments.actions.problems import open_problem
from departments.actions.several import resolve_all
from departments.models import CauseCode, Incident, RootCause, Subject
from tests import make
from tests.between import fresh

pytestmark = pytest.mark.django_db


def why(subject: Subject, cause: CauseCode | None) -> RootCause:
    head = make.head(subject.department)
    return find_cause(subject=subject, whys=["The truck broke down."], cause=cause, escape="", acting_person=head)


def found_at_an_incident() -> tuple[Incident, CauseCode]:
    incident = make.incident()
    cause = make.cause(incident.department)
    why(incident, make.cause(incident.department, "Wrong label"))
    why(incident, cause)
    return fresh(incident), cause


def found_at_its_problem() -> tuple[Incident, CauseCode]:
    incident, other = make.incident(), make.incident()
    cause = make.cause(incident.department)
    problem = open_problem(
        title="Trucks",
        description="",
        friction_type=incident.friction_type,
        department=incident.department,
        incidents=[incident, other],
        acting_person=make.head(incident.department),
    )
    why(problem, cause)
    return fresh(incident), cause


FOUND = pytest.mark.parametrize("found", [found_at_an_incident, found_at_its_problem])


@FOUND
def test_left_open_the_cause_that_was_found_stands(found: Callable[[], tuple[Incident, CauseCode]]) -> None:
    incident, cause = found()
    head = make.head(incident.department)
    assert resolve(incident=incident, resolution="Sent again.", cause=None, acting_person=head).cause == cause
    assert incident.events.get(verb="resolved").details["cause"] == cause.name


@FOUND
def test_it_stands_for_each_of_several_that_are_resolved_at_once(
    found: Callable[[], tuple[Incident, CauseCode]],
) -> None:
    incident, cause = found()
    unknown = make.incident()
    head = make.head(incident.department)
    resolve_all(incidents=[incident, unknown], resolution="Sent again.", cause=None, acting_person=head)
    assert (fresh(incident).cause, fresh(unknown).cause) == (cause, None)


def test_what_is_chosen_comes_before_what_was_found() -> None:
    incident, _ = found_at_an_incident()
    other = make.cause(incident.department, "Snow")
    head = make.head(incident.department)
    assert resolve(incident=incident, resolution="Sent.", cause=other, acting_person=head).cause == other


def test_a_cause_that_was_struck_out_or_is_another_departments_does_not_stand() -> None:
    incident, elsewhere = make.incident(), make.department("billing")
    head = make.head(incident.department)
    strike(row=why(incident, make.cause(incident.department)), words="Wrong.", acting_person=head)
    RootCause.objects.create(incident=incident, person=head, whys=["It was billed."], cause=make.cause(elsewhere))
    assert resolve(incident=fresh(incident), resolution="Sent.", cause=None, acting_person=head).cause is None


@FOUND
def test_page_and_desk_have_it_chosen_already(found: Callable[[], tuple[Incident, CauseCode]], client: Client) -> None:
    incident, cause = found()
    client.force_login(make.head(incident.department))
    page = client.get(reverse("incident", args=[incident.public_id])).context
    assert page["resolve_form"].initial == {"cause": cause}
    assert f'value="{cause.public_id}" selected' in str(page["resolve_form"]["cause"])
    desk = client.get(reverse("triage_department", args=[incident.department.slug]))
    (row,) = (row for row in desk.context["rows"] if row.incident.pk == incident.pk)
    assert row.cause == str(cause.public_id)
    assert f'data-cause="{cause.public_id}"' in desk.content.decode()
