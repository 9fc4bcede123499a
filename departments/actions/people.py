"""Who looks after whom, and who is away."""

import datetime
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from accounts.actions import record_audit
from accounts.errors import Invalid, NotAllowed
from accounts.models import Account
from departments.actions.permissions import require
from departments.models import Absence, Assignment, Capability, Capacity, Person, Role

FITTING_ROLE = {Capacity.ACCOUNT_MANAGER: Role.ACCOUNT_MANAGER, Capacity.SERVICE_DESK: Role.SERVICE_DESK}
CAPACITY_OF_ROLE = {role: capacity for capacity, role in FITTING_ROLE.items()}
ASSIGNED = ("person", "capacity", "starts_on", "ends_on")
AWAY = ("person", "starts_on", "ends_on", "covered_by")
ONE_DAY = datetime.timedelta(days=1)


@transaction.atomic
def assign_account(
    *, account: Account, person: Person, capacity: str, starts_on: datetime.date, acting_person: Person
) -> Assignment:
    """Let a person look after the account from a day on; whoever did so before ends the day before."""
    require(acting_person, Capability.ASSIGN_ACCOUNTS)
    _check_fits(person, capacity)
    # One at a time: the account's row is the queue.
    Account.objects.select_for_update().get(pk=account.pk)
    others = Assignment.objects.filter(account=account, capacity=capacity)
    following = others.filter(starts_on__gt=starts_on).order_by("starts_on").first()
    others.filter(starts_on__lt=starts_on).filter(Q(ends_on=None) | Q(ends_on__gte=starts_on)).update(
        ends_on=starts_on - ONE_DAY
    )
    assignment, _ = Assignment.objects.update_or_create(
        account=account,
        capacity=capacity,
        starts_on=starts_on,
        defaults={"person": person},
        create_defaults={
            "person": person,
            "ends_on": following.starts_on - ONE_DAY if following else None,
            "external_id": str(uuid.uuid4()),
        },
    )
    details = {"person": str(person.public_id), "capacity": capacity, "starts_on": starts_on.isoformat()}
    record_audit(verb="account.assign", subject=account.public_id, details=details, acting_person=acting_person)
    return assignment


@transaction.atomic
def assign_accounts(
    *, accounts: Iterable[Account], person: Person, starts_on: datetime.date, acting_person: Person
) -> list[Assignment]:
    """Let a person look after several accounts, in the capacity of their role: all of them, or none."""
    capacity = CAPACITY_OF_ROLE.get(Role(person.role), Capacity.ACCOUNT_MANAGER)
    # In the order of their keys, as everybody locks them.
    return [
        assign_account(
            account=account, person=person, capacity=capacity, starts_on=starts_on, acting_person=acting_person
        )
        for account in sorted(accounts, key=lambda one: one.pk)
    ]


@transaction.atomic
def save_assignment(*, assignment: Assignment, acting_person: Person) -> Assignment:
    """Keep an assignment with both its days as given; the database refuses two at a time in a capacity."""
    require(acting_person, Capability.ASSIGN_ACCOUNTS)
    before = Assignment.objects.select_for_update().filter(pk=assignment.pk).first()
    check_assignment(assignment.person, assignment.capacity, before)
    assignment.external_id = assignment.external_id or str(uuid.uuid4())
    assignment.save()
    details = {"before": _recorded(before, ASSIGNED) if before else None, "after": _recorded(assignment, ASSIGNED)}
    subject = assignment.account.public_id
    record_audit(verb="account.assign", subject=subject, details=details, acting_person=acting_person)
    return assignment


def check_assignment(person: Person, capacity: str, before: Assignment | None) -> None:
    """Refuse whoever does not fit; who fitted once may have left since, and their days can still be corrected."""
    if before is None or (before.person_id, before.capacity) != (person.pk, capacity):
        _check_fits(person, capacity)


def _check_fits(person: Person, capacity: str) -> None:
    if capacity not in Capacity.values:
        raise Invalid("capacity", f"A capacity is one of {', '.join(Capacity.values)}.")
    if not person.is_active:
        raise Invalid("person", f"{person} no longer signs in.")
    if person.role != FITTING_ROLE[Capacity(capacity)]:
        raise Invalid("person", f"{person} is {person.get_role_display().lower()}, which does not fit.")


def record_absence(
    *,
    person: Person,
    starts_on: datetime.date,
    ends_on: datetime.date,
    covered_by: Person | None,
    acting_person: Person,
) -> Absence:
    """Record that a person is away from a day to a day, both included, and who covers."""
    absence = Absence(person=person, starts_on=starts_on, ends_on=ends_on, covered_by=covered_by)
    return save_absence(absence=absence, acting_person=acting_person)


@transaction.atomic
def save_absence(*, absence: Absence, acting_person: Person) -> Absence:
    """Keep a new or changed absence."""
    before = Absence.objects.select_for_update().filter(pk=absence.pk).first()
    concerned = {absence.person_id, before.person_id if before else absence.person_id}
    if concerned != {acting_person.pk} and not acting_person.can(Capability.CONFIGURE):
        raise NotAllowed("You record your own absences; others' are recorded by an administrator.")
    check_absence(absence.person, absence.starts_on, absence.ends_on, absence.covered_by)
    absence.external_id = absence.external_id or str(uuid.uuid4())
    absence.save()
    details = {"before": _recorded(before, AWAY) if before else None, "after": _recorded(absence, AWAY)}
    subject = absence.person.public_id
    record_audit(verb="person.absence", subject=subject, details=details, acting_person=acting_person)
    return absence


def check_absence(person: Person, starts_on: datetime.date, ends_on: datetime.date, covered_by: Person | None) -> None:
    """Refuse days in the wrong order, and a cover who cannot be one."""
    if ends_on < starts_on:
        raise Invalid("ends_on", "An absence ends after it begins.")
    if covered_by is None:
        return
    if covered_by == person:
        raise Invalid("covered_by", "Nobody covers for themselves.")
    if not covered_by.is_active or covered_by.role != person.role:
        raise Invalid("covered_by", f"{covered_by} cannot cover: a colleague in the same role does.")
    if Absence.objects.filter(person=covered_by, starts_on__lte=ends_on, ends_on__gte=starts_on).exists():
        raise Invalid("covered_by", f"{covered_by} is away then, too.")


def _recorded(record: Assignment | Absence, names: tuple[str, ...]) -> dict[str, str | None]:
    values = {name: getattr(record, name) for name in names}
    return {
        name: str(value.public_id if isinstance(value, Person) else value) if value is not None else None
        for name, value in values.items()
    }
