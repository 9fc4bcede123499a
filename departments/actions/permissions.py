"""Who may do what with an incident or an account; what may be seen is decided by `visible_to`."""

from accounts.errors import NotAllowed
from accounts.models import Account
from departments.models import Capability, Department, Incident, Person


def require(acting_person: Person, capability: Capability) -> None:
    """Refuse who lacks the capability."""
    if not acting_person.can(capability):
        raise NotAllowed(f"As {acting_person.get_role_display().lower()} you cannot: {capability.label.lower()}.")


def require_book(acting_person: Person, account: Account) -> None:
    """Refuse who neither looks after the account nor covers for somebody who does."""
    if not Account.objects.open_book_to(acting_person).filter(pk=account.pk).exists():
        raise NotAllowed(f"You do not look after {account}.")


def require_sight(acting_person: Person, incident: Incident) -> None:
    """Refuse who does not see the incident."""
    if not Incident.objects.visible_to(acting_person).filter(pk=incident.pk).exists():
        raise NotAllowed("This incident is not among those you can see.")


def require_member_of(acting_person: Person, department: Department) -> None:
    """Refuse who works elsewhere: a department speaks for itself alone."""
    if acting_person.department_id != department.pk:
        raise NotAllowed(f"Only {department} can do this, and you do not work there.")


def require_answering(acting_person: Person, department: Department) -> None:
    """Refuse whoever does not answer for the department."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    require_member_of(acting_person, department)
