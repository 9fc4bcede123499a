"""The pages of problems: gathering what was ticked, linking it, leaving, closing, and what is refused in words."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from departments.actions.problems import open_problem
from departments.models import Department, Incident, Person, Problem, UndoPoint
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping() -> Department:
    return make.department("shipping")


@pytest.fixture
def head(shipping: Department) -> Person:
    return make.head(shipping)


@pytest.fixture
def client(head: Person) -> Client:
    client = Client()
    client.force_login(head)
    return client


@pytest.fixture
def ticked(shipping: Department) -> list[Incident]:
    return [make.incident(shares={shipping: 1.0}, title=f"Late shipment {day}") for day in range(3)]


@pytest.fixture
def problem(shipping: Department, head: Person) -> Problem:
    return open_problem(
        title="The carrier's new hub",
        description="",
        department=shipping,
        friction_type=None,
        incidents=[make.incident(shares={shipping: 1.0}, title="Gathered before")],
        acting_person=head,
    )


def keys(incidents: list[Incident]) -> list[str]:
    return [str(incident.public_id) for incident in incidents]


def told(client: Client, address: str, **posted: object) -> str:
    """Post, and return what the page says that one is led to."""
    response = client.post(address, posted)
    assert response.status_code == 303
    return html.unescape(client.get(response.headers["Location"], follow=True).content.decode())


def test_what_was_ticked_is_asked_about(client: Client, ticked: list[Incident], problem: Problem) -> None:
    page = told(client, reverse("incidents_problem"), incident=keys(ticked))
    assert all(incident.title in page for incident in ticked)
    assert problem.title in page


def test_a_problem_is_opened_of_what_was_ticked(client: Client, ticked: list[Incident], shipping: Department) -> None:
    page = told(
        client,
        reverse("incidents_problem"),
        incident=keys(ticked),
        title="Wet cartons",
        description="Since the new film.",
        department=shipping.slug,
    )
    problem = Problem.objects.get()
    assert "“Wet cartons” is opened" in page
    assert set(problem.incidents.all()) == set(ticked)


def test_whoever_takes_back_a_problem_on_its_own_page_is_led_away_from_it(
    client: Client, ticked: list[Incident], shipping: Department
) -> None:
    told(client, reverse("incidents_problem"), incident=keys(ticked), title="Wet cartons", department=shipping.slug)
    own = reverse("problem", args=[Problem.objects.get().public_id])
    undo = reverse("undo", args=[UndoPoint.objects.values_list("batch", flat=True)[0]])
    assert "Taken back: 3 incidents" in told(client, undo, next=own)
    assert client.get(own).status_code == 404


def test_a_problem_without_a_name_is_refused_in_words(
    client: Client, ticked: list[Incident], shipping: Department
) -> None:
    page = told(client, reverse("incidents_problem"), incident=keys(ticked), title="", department=shipping.slug)
    assert "This field is required" in page
    assert not Problem.objects.exists()


def test_what_was_ticked_is_linked_to_a_problem(client: Client, ticked: list[Incident], problem: Problem) -> None:
    page = told(client, reverse("incidents_problem"), incident=keys(ticked), problem=str(problem.public_id))
    assert f"linked to “{problem}”" in page
    assert problem.incidents.count() == 4


def test_linking_without_a_problem_is_refused_in_words(client: Client, ticked: list[Incident]) -> None:
    page = told(client, reverse("incidents_problem"), incident=keys(ticked), problem="")
    assert "This field is required" in page


def test_ticking_nothing_is_refused_in_words(client: Client, problem: Problem) -> None:
    page = told(client, reverse("incidents_problem"), problem=str(problem.public_id))
    assert "Tick" in page
    assert problem.incidents.count() == 1


def test_nobody_else_gathers(ticked: list[Incident]) -> None:
    client = Client()
    client.force_login(make.manager_of(ticked[0].account))
    assert client.post(reverse("incidents_problem"), {"incident": keys(ticked)}).status_code == 403


def test_an_incident_leaves_its_problem_with_a_reason(client: Client, problem: Problem) -> None:
    incident = problem.incidents.get()
    address = reverse("incident_unlink", args=[incident.public_id])
    assert "This field is required" in told(client, address, words="")
    page = told(client, address, words="It was the other hub.")
    assert "belongs to no problem now" in page
    assert not problem.incidents.exists()


def test_a_problem_is_closed_and_opened_again_with_a_reason(client: Client, problem: Problem) -> None:
    close, reopen = (reverse(name, args=[problem.public_id]) for name in ("problem_close", "problem_reopen"))
    assert "This field is required" in told(client, close, words="")
    assert f"“{problem}” is closed" in told(client, close, words="The hub was left.")
    problem.refresh_from_db()
    assert problem.closed_at is not None
    assert f"“{problem}” is open again" in told(client, reopen, words="It came back.")
    problem.refresh_from_db()
    assert problem.closed_at is None
