"""Who looks after whom, and who is away."""

import datetime
import uuid

from django.db import transaction
from django.db.models import Q

from accounts.actions import record_audit
from accounts.errors import Invalid, NotAllowed
from accounts.models import Account
from departments.actions.permissions import require
from departments.models import Absence, Assignment, Capability, Capacity, Person, Role

FITTING_ROLE = {Capacity.ACCOUNT_MANAGER: Role.ACCOUNT_MANAGER, Capacity.SERVICE_DESK: Role.SERVICE_DESK}
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


def _check_fits(person: Person, capacity: str) -> None:
    if capacity not in Capacity.values:
        raise Invalid("capacity", f"A capacity is one of {', '.join(Capacity.values)}.")
    if not person.is_active:
        raise Invalid("person", f"{person} no longer signs in.")
    if person.role != FITTING_ROLE[Capacity(capacity)]:
        raise Invalid("person", f"{person} is {person.get_role_display().lower()}, which does not fit.")


@transaction.atomic
def record_absence(
    *,
    person: Person,
    starts_on: datetime.date,
    ends_on: datetime.date,
    covered_by: Person | None,
    acting_person: Person,
) -> Absence:
    """Record that a person is away from a day to a day, both included, and who covers."""
    if acting_person != person and not acting_person.can(Capability.CONFIGURE):
        raise NotAllowed("You record your own absences; others' are recorded by an administrator.")
    _check_absence(person, starts_on, ends_on, covered_by)
    absence = Absence.objects.create(
        person=person, starts_on=starts_on, ends_on=ends_on, covered_by=covered_by, external_id=str(uuid.uuid4())
    )
    details = {
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        "covered_by": str(covered_by.public_id) if covered_by else None,
    }
    record_audit(verb="person.absence", subject=person.public_id, details=details, acting_person=acting_person)
    return absence


def _check_absence(person: Person, starts_on: datetime.date, ends_on: datetime.date, covered_by: Person | None) -> None:
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
