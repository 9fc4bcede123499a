"""Real rows for tests: small plain functions with sensible values, each of which can be given.

Departments and friction types are taken from the database where they are seeded, and made where they are not.
"""

import datetime
import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Account, Contact, Holding, Order, Organisation, Product, Signal, Touchpoint
from departments.models import (
    Absence,
    Assignment,
    Capacity,
    CauseCode,
    Department,
    DetectionRule,
    FrictionType,
    HandOff,
    Incident,
    Person,
    Reason,
    Responsibility,
    Role,
    State,
)

PASSWORD = "a long enough pass phrase"

_numbers = itertools.count(1)


def number() -> str:
    """Return an external id that nothing else has."""
    return f"test-{next(_numbers)}"


def organisation(**fields: Any) -> Organisation:
    """Return the company, changed as given."""
    company, _ = Organisation.objects.update_or_create(pk=1, defaults=fields)
    return company


def account(name: str = "", **fields: Any) -> Account:
    """Make a customer with an annual revenue of 10,000."""
    external_id = number()
    values = {"external_id": external_id, "annual_revenue": Decimal("10000.00"), **fields}
    made = Account.objects.create(name=name or f"Customer {external_id}", **values)
    made.refresh_from_db()
    return made


def contact(account: Account, **fields: Any) -> Contact:
    """Make a person at the account."""
    return Contact.objects.create(**{"account": account, "name": "Pat Jones", "external_id": number(), **fields})


def department(slug: str = "shipping", **fields: Any) -> Department:
    """Return the department of that slug."""
    words = slug.replace("_", " ").capitalize()
    values = {"name": words, "position": 1, "colour": "#4269d0", **fields}
    return Department.objects.get_or_create(slug=slug, defaults=values)[0]


def friction_type(slug: str = "late_shipment", **fields: Any) -> FrictionType:
    """Return the friction type of that slug; its department is shipping unless it is seeded or given."""
    values = {
        "name": slug.replace("_", " ").capitalize(),
        "definition": "What a test calls friction.",
        "department": fields.get("department") or department(),
        "weight": 1.0,
        "half_life_days": 60.0,
        "answer_hours": 8,
        "resolve_hours": 40,
        **fields,
    }
    return FrictionType.objects.get_or_create(slug=slug, defaults=values)[0]


def person(role: Role = Role.ACCOUNT_MANAGER, department: Department | None = None, **fields: Any) -> Person:
    """Make someone who can sign in with `PASSWORD`."""
    identity = number()
    values = {"email": f"{identity}@example.com", "name": f"Robin {identity}", "password": PASSWORD, **fields}
    return Person.objects.create_user(role=role, department=department, **values)


def head(department: Department, **fields: Any) -> Person:
    """Make a head of the department."""
    return person(Role.DEPARTMENT_HEAD, department, **fields)


def member(department: Department, **fields: Any) -> Person:
    """Make a member of the department."""
    return person(Role.DEPARTMENT_MEMBER, department, **fields)


def manager_of(account: Account, **fields: Any) -> Person:
    """Make an account manager who looks after the account."""
    made = person(**fields)
    assignment(account, made)
    return made


def assignment(account: Account, person: Person, **fields: Any) -> Assignment:
    """Put the account into the person's hands since a year ago."""
    values = {
        "capacity": Capacity.SERVICE_DESK if person.role == Role.SERVICE_DESK else Capacity.ACCOUNT_MANAGER,
        "starts_on": timezone.localdate() - datetime.timedelta(days=365),
        "external_id": number(),
        **fields,
    }
    return Assignment.objects.create(account=account, person=person, **values)


def absence(person: Person, covered_by: Person | None = None, **fields: Any) -> Absence:
    """Let the person be away for a week around today."""
    today = timezone.localdate()
    values = {
        "starts_on": today - datetime.timedelta(days=3),
        "ends_on": today + datetime.timedelta(days=3),
        "external_id": number(),
        **fields,
    }
    return Absence.objects.create(person=person, covered_by=covered_by, **values)


def order(account: Account, **fields: Any) -> Order:
    """Make an order of 500, ordered ten days ago."""
    values = {"ordered_at": ago(days=10), "amount": Decimal("500.00"), "external_id": number(), **fields}
    return Order.objects.create(account=account, **values)


def signal(account: Account, kind: str = "shipment", data: Mapping[str, Any] | None = None, **fields: Any) -> Signal:
    """Make a signal; a shipment three days late unless told otherwise."""
    values = {"happened_at": ago(days=2), "external_id": number(), **fields}
    return Signal.objects.create(
        account=account, kind=kind, data={"days_late": 3} if data is None else dict(data), **values
    )


def touchpoint(account: Account, person: Person, **fields: Any) -> Touchpoint:
    """Make a call of ten minutes, yesterday."""
    values = {"channel": "call", "purpose": "check_in", "happened_at": ago(days=1), "minutes": 10, **fields}
    return Touchpoint.objects.create(account=account, person=person, **{"external_id": number(), **values})


def product(name: str = "Hosting", **fields: Any) -> Product:
    """Make something sold as a service."""
    return Product.objects.create(**{"name": name, "external_id": number(), **fields})


def holding(account: Account, product: Product, **fields: Any) -> Holding:
    """Let the account hold the product since a year ago, at 100 a month."""
    values = {"held_from": ago(days=365).date(), "monthly_value": Decimal("100.00"), "external_id": number(), **fields}
    return Holding.objects.create(account=account, product=product, **values)


def rule(friction_type: FrictionType, **fields: Any) -> DetectionRule:
    """Make a rule over late shipments."""
    values = {
        "slug": number(),
        "name": "A rule of a test",
        "signal_kind": "shipment",
        "condition": "days_late > 2",
        "severity": "days_late / 14",
        "title": "Late shipment, {days_late} days",
        **fields,
    }
    return DetectionRule.objects.create(friction_type=friction_type, **values)


def cause(department: Department, name: str = "Carrier missed the pick-up") -> CauseCode:
    """Make a cause in the department's own words."""
    return CauseCode.objects.get_or_create(department=department, name=name)[0]


# The parameters below carry the same names as these functions.
_an_account, _a_friction_type = account, friction_type


def incident(
    account: Account | None = None,
    friction_type: FrictionType | None = None,
    shares: Mapping[Department, float] | None = None,
    **fields: Any,
) -> Incident:
    """Make an incident of two days ago, with who answers for it; the largest share holds it unless told otherwise."""
    kind = friction_type or _a_friction_type()
    parts = dict(shares or {kind.department: 1.0})
    happened_at = fields.pop("happened_at", None) or ago(days=2)
    answer_due_at = happened_at + datetime.timedelta(hours=kind.answer_hours)
    resolve_due_at = happened_at + datetime.timedelta(hours=kind.resolve_hours)
    state = fields.get("state", State.NEW)
    values: dict[str, Any] = {
        "department": max(parts, key=lambda one: parts[one]),
        "severity": 0.5,
        "title": "Late shipment, 3 days",
        "answer_due_at": answer_due_at,
        "resolve_due_at": resolve_due_at,
        "due_at": answer_due_at if state == State.NEW else resolve_due_at,
        "resolved_at": timezone.now() if state == State.RESOLVED else None,
        "external_id": number(),
        **fields,
    }
    made = Incident.objects.create(
        account=account or _an_account(), friction_type=kind, happened_at=happened_at, **values
    )
    made.refresh_from_db()
    responsibilities(made, parts)
    return made


def responsibilities(incident: Incident, shares: Mapping[Department, float]) -> list[Responsibility]:
    """Write who answers for the incident, in one statement, since the shares must add up in each."""
    return Responsibility.objects.bulk_create(
        Responsibility(
            incident=incident,
            department=department,
            share=share,
            is_provisional=incident.state == State.NEW,
            account_id=incident.account_id,
            friction_type_id=incident.friction_type_id,
            severity=incident.severity,
            happened_at=incident.happened_at,
            recorded_at=incident.recorded_at,
            resolved_at=incident.resolved_at,
        )
        for department, share in shares.items()
    )


def hand_off(incident: Incident, to: Department, **fields: Any) -> HandOff:
    """Let the incident's department ask another to take it, without moving anything yet."""
    values = {
        "reason": Reason.CAUSED_ELSEWHERE,
        "words": "It was packed wrongly there.",
        "answer_due_at": timezone.now() + datetime.timedelta(hours=8),
        "from_department": incident.department,
        **fields,
    }
    return HandOff.objects.create(incident=incident, to_department=to, **values)


def ago(**span: float) -> datetime.datetime:
    """Return the moment so long ago: ago(days=2)."""
    return timezone.now() - datetime.timedelta(**span)
