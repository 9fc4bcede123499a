"""Two departments' desks, one with few open incidents and one with many: what of a page's time grows with them."""

import datetime
from collections.abc import Iterator
from dataclasses import replace

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from departments.actions.disputing import dispute
from departments.actions.history import PastStep, PastWork, Verb, record_past_work
from departments.actions.opening import NewIncident, open_incidents
from departments.models import Department, DisputeReason, FrictionType, Incident, Person, Role, State

SIZES = (50, 5_000)
SOURCE = "bench-desk"
HOUR = datetime.timedelta(hours=1)
# Every third is accepted, so that more than one tab has rows; every fortieth of the others is disputed. For every
# tenth there is another one, of which the department only has a part that waits for its answer.
ACCEPTED = 3
DISPUTED = 40
IN_PART = 10

# What scoring would have given each: any amounts will do, as long as they differ.
WEIGH = """
    UPDATE departments_incident SET money_at_risk = 10 + id * 7919 %% 50000 WHERE source = %s AND money_at_risk = 0
"""


def ensure_desks() -> list[tuple[str, Person, str]]:
    """Return name, head and address of the desk of each size, made if need be."""
    found = []
    for position, size in enumerate(SIZES):
        department, _ = Department.objects.get_or_create(
            slug=f"bench_{size}",
            defaults={"name": f"Bench {size:,}", "position": 90 + position, "colour": "#6c757d"},
        )
        head, _ = Person.objects.get_or_create(
            email=f"head-{size}@bench.invalid",
            defaults={"name": f"Head {size:,}", "role": Role.DEPARTMENT_HEAD, "department": department},
        )
        _fill(department, head, size)
        found.append((f"Triage, {size:,} open", head, f"/triage/{department.slug}"))
    with connection.cursor() as cursor:
        cursor.execute(WEIGH, [SOURCE])
        cursor.execute("ANALYZE departments_incident")
    return found


@transaction.atomic
def _fill(department: Department, head: Person, size: int) -> None:
    if Incident.objects.filter(department=department).count() >= size:
        return
    opened = open_incidents(incidents=list(_incidents(department, size)), acting_person=None).incidents
    _share(department, size // IN_PART)
    moment = timezone.now()
    work = [
        PastWork(one.incident_id, (PastStep(at=moment, verb=Verb.ACCEPTED),))
        for one in opened[::ACCEPTED]
        if one.is_new
    ]
    record_past_work(work=work, acting_person=None)
    for incident in Incident.objects.filter(department=department, state=State.NEW).order_by("pk")[::DISPUTED]:
        dispute(incident=incident, reason=DisputeReason.CAUSED_ELSEWHERE, words="Not ours.", acting_person=head)


def _share(department: Department, size: int) -> None:
    """Open incidents that another department holds, and of which this one has a part."""
    other = Department.objects.exclude(slug__startswith="bench_").order_by("position", "pk")[0]
    parts = [
        replace(one, external_id=f"{one.external_id}-part", shares={other.pk: 0.6, department.pk: 0.4})
        for one in _incidents(department, size)
    ]
    open_incidents(incidents=parts, acting_person=None)


def _incidents(department: Department, size: int) -> Iterator[NewIncident]:
    accounts = list(Account.objects.order_by("pk").values_list("pk", flat=True)[:size])
    types = list(FrictionType.objects.order_by("pk").values_list("pk", flat=True)[:10])
    now = timezone.now()
    for number in range(size):
        happened_at = now - (1 + number % 400) * HOUR
        yield NewIncident(
            account_id=accounts[number % len(accounts)],
            friction_type_id=types[number % len(types)],
            severity=(1 + number % 9) / 10,
            title=f"Measured {number}",
            happened_at=happened_at,
            recorded_at=happened_at,
            source=SOURCE,
            external_id=f"{department.slug}-{number}",
            shares={department.pk: 1.0},
        )
