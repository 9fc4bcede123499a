"""What the demo's departments wait for today, and the files that they put to it; by the same actions as anybody's."""

import datetime
from collections.abc import Iterator
from typing import Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import QuerySet
from django.utils import timezone

from departments.actions.attaching import attach
from departments.actions.waits import wait
from departments.models import Department, Incident, Person, Role, State, WaitedFor, WaitReason

DAY: Final = datetime.timedelta(days=1)

# Department, whom it waits for, by which name or department, why, in which words, and for how many days.
WAITS: Final = (
    (
        "shipping",
        WaitedFor.SUPPLIER,
        "Northgate Haulage",
        WaitReason.ANSWER,
        "They look for the pallet at Daventry.",
        2,
    ),
    (
        "billing",
        WaitedFor.CUSTOMER,
        "",
        WaitReason.DOCUMENTS,
        "They send the order number that goes on the invoice.",
        5,
    ),
    ("manufacturing", WaitedFor.SUPPLIER, "Castings Weir", WaitReason.GOODS, "New housings are on their way.", 6),
    ("operations", WaitedFor.DEPARTMENT, "legal", WaitReason.DECISION, "May we ship before the form is signed?", 3),
    ("warranty", WaitedFor.CUSTOMER, "", WaitReason.APPOINTMENT, "The technician may come next week.", 8),
)
# Department, file, what is in it, and the note with it.
FILES: Final = (
    (
        "shipping",
        "scans.csv",
        "time,place,what\n06:12,Hub,loaded\n09:47,Daventry,not found\n",
        "The carrier's scans: it was last seen at the hub.",
    ),
    (
        "billing",
        "call-notes.txt",
        "Their buyer says: price of March, invoiced at the price of April.\n",
        "What their buyer told me.",
    ),
    (
        "manufacturing",
        "measurements.csv",
        "housing,bore mm,limit mm\n1,40.07,40.05\n2,40.06,40.05\n3,40.02,40.05\n",
        "Two of the three that came back are out of limits.",
    ),
)


def wait_for_some() -> int:
    """Let some departments wait for somebody and put files to what they have in work; return how much was done."""
    heads = Person.objects.filter(role=Role.DEPARTMENT_HEAD, is_active=True).select_related("department")
    by_slug = {head.department.slug: head for head in heads.order_by("-pk") if head.department is not None}
    return len([*_attach(by_slug), *_wait(by_slug)])


def _in_work(head: Person) -> QuerySet[Incident]:
    """Return what the head's department has in work, what puts least at risk first: what is dearest is being cured."""
    held = Incident.objects.filter(department=head.department_id, state=State.IN_WORK, merged_into=None)
    return held.select_related("department", "account", "friction_type").order_by("money_at_risk", "pk")


def _attach(heads: dict[str, Person]) -> Iterator[Incident]:
    for slug, name, content, words in FILES:
        incident = _in_work(heads[slug]).first() if slug in heads else None
        if incident is not None:
            file = SimpleUploadedFile(name, content.encode())
            attach(incident=incident, file=file, words=words, is_internal=False, acting_person=heads[slug])
            yield incident


def _wait(heads: dict[str, Person]) -> Iterator[Incident]:
    departments = {department.slug: department for department in Department.objects.all()}
    for slug, waited_for, name, reason, words, days in WAITS:
        incident = _in_work(heads[slug]).first() if slug in heads else None
        if incident is None:
            continue
        is_department = waited_for == WaitedFor.DEPARTMENT
        wait(
            incident=incident,
            waited_for=waited_for,
            department=departments[name] if is_department else None,
            name="" if is_department else name,
            reason=reason,
            words=words,
            expected_on=timezone.localdate() + days * DAY,
            acting_person=heads[slug],
        )
        yield incident
