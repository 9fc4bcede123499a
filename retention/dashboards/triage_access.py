"""Whose desk a person may look at."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from departments.http import PersonRequest
from departments.models import Capability, Department, Person
from departments.models.person import SEES_EVERYTHING


def departments_open_to(person: Person) -> QuerySet[Department]:
    """Return the departments whose desk the person may see."""
    if person.role in SEES_EVERYTHING:
        return Department.objects.filter(is_active=True)
    return Department.objects.filter(people=person)


def require_desk(request: PersonRequest) -> None:
    """Refuse whoever's role has no desk."""
    if not request.user.can(Capability.SEE_TRIAGE):
        raise PermissionDenied("Your role has no triage desk.")
