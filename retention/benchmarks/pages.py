"""How long the server takes for each dashboard, held against a view that only asks the database for a 1."""

import datetime
import statistics
import time
from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import include, path
from django.utils import timezone

from accounts.models import Account
from departments.models import Assignment, Capacity, Department, Incident, Person, Role
from retention.benchmarks.desks import ensure_desks
from retention.collecting import settled
from retention.keeping import keep_figures, keep_standing_figures

ACCOUNTS_OF_A_MANAGER = 200
WARM_UPS = 3
# What the database's own sweeper does between a night's scoring and the morning.
SWEEP = "VACUUM (ANALYZE) accounts_account, departments_incident, departments_responsibility, retention_score"


def select_one(request: HttpRequest) -> HttpResponse:
    """Answer with what the database says to SELECT 1."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return HttpResponse(str(cursor.fetchone()))


urlpatterns = [path("bench/select-1", select_one), path("", include("retention.urls"))]


@dataclass(frozen=True, slots=True)
class Timed:
    """The seconds that one address takes the server for one role."""

    name: str
    middle: float
    late: float


def ensure_people() -> dict[str, Person]:
    """Return a person of each role that has dashboards, made if need be; managers have 200 accounts to look after."""
    shipping = Department.objects.order_by("position", "pk").first()
    people = {
        role: Person.objects.get_or_create(
            email=f"{role}@bench.invalid",
            defaults={"name": f"Bench {role}", "role": role, "department": shipping if role in _WORKS else None},
        )[0]
        for role in (Role.EXECUTIVE, Role.DEPARTMENT_HEAD, Role.ACCOUNT_MANAGER, Role.SERVICE_DESK)
    }
    capacities = {Role.ACCOUNT_MANAGER: Capacity.ACCOUNT_MANAGER, Role.SERVICE_DESK: Capacity.SERVICE_DESK}
    for role, capacity in capacities.items():
        if not people[role].assignments.exists():
            ids = Account.objects.order_by("pk").values_list("pk", flat=True)[:ACCOUNTS_OF_A_MANAGER]
            Assignment.objects.bulk_create(
                Assignment(
                    account_id=pk,
                    person=people[role],
                    capacity=capacity,
                    starts_on=datetime.date(2020, 1, 1),
                    source="bench",
                    external_id=f"{role}-{pk}",
                )
                for pk in ids
            )
    return {str(role): person for role, person in people.items()}


_WORKS = (Role.DEPARTMENT_HEAD,)


def addresses(people: dict[str, Person]) -> list[tuple[str, Person, str]]:
    """Return name, reader and address of each dashboard; a head's triage at the address that the menu leads on to."""
    manager, desk = people[Role.ACCOUNT_MANAGER], people[Role.SERVICE_DESK]
    head, executive = people[Role.DEPARTMENT_HEAD], people[Role.EXECUTIVE]
    account = Account.objects.open_book_to(manager).order_by("pk").first()
    incident = Incident.objects.visible_to(head).open().first()
    found = [
        ("SELECT 1", executive, "/bench/select-1"),
        ("Portfolio of a manager", manager, "/portfolio"),
        ("Portfolio of everything", executive, "/portfolio"),
        ("Account", manager, f"/accounts/{account.public_id}" if account else "/portfolio"),
        ("Service desk", desk, "/desk"),
        ("Triage", head, f"/triage/{head.department.slug}" if head.department else "/triage"),
        ("Scorecard", executive, "/scorecard"),
        ("Method", executive, "/method"),
    ]
    return [*found, ("Incident", head, f"/incidents/{incident.public_id}")] if incident else found


def time_pages(repeats: int) -> list[Timed]:
    """Ask for each dashboard several times in this process; the first of the list is the view that asks for a 1."""
    return _time_all(addresses(ensure_people()), repeats)


def time_desks(repeats: int) -> list[Timed]:
    """Ask for a desk with few and for one with many open incidents; the first is the view that asks for a 1."""
    desks = ensure_desks()
    return _time_all([("SELECT 1", desks[0][1], "/bench/select-1"), *desks], repeats)


def _time_all(asked: list[tuple[str, Person, str]], repeats: int) -> list[Timed]:
    """Ask for each address several times in this process.

    What workers keep ahead of readers is kept before each, as at any time while they run.
    """
    with connection.cursor() as cursor:
        cursor.execute(SWEEP)
    keep_figures(moment=timezone.now())
    with settled(), override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False):
        return [_timed(name, person, address, repeats) for name, person, address in asked]


def _timed(name: str, person: Person, address: str, repeats: int) -> Timed:
    client = Client(raise_request_exception=True)
    client.force_login(person)
    keep_standing_figures(moment=timezone.now())
    times = []
    for _ in range(WARM_UPS + repeats):
        began = time.perf_counter()
        response = client.get(address, follow=True)
        times.append(time.perf_counter() - began)
        if response.status_code != 200:
            raise ValueError(f"{address} answers {response.status_code}.")
    times = sorted(times[WARM_UPS:])
    return Timed(name, statistics.median(times), times[min(int(len(times) * 0.95), len(times) - 1)])
