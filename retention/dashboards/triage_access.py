"""Whose desk a person may look at."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from accounts.prepared import given
from departments.http import PersonRequest
from departments.models import Capability, Department, Person
from departments.models.person import SEES_EVERYTHING
from departments.prepared import PreparedFor


def departments_open_to(person: Person) -> QuerySet[Department]:
    """Return the departments whose desk the person may see."""
    if person.role in SEES_EVERYTHING:
        return Department.objects.filter(is_active=True)
    return Department.objects.filter(people=person.pk)


_DESK = PreparedFor(lambda reader: departments_open_to(reader).filter(slug=given("slug")))


def desk_open_to(person: Person, slug: str) -> Department:
    """Return the department of a desk that the person may see; 404 for others."""
    department = next(iter(_DESK(person, slug=slug)), None)
    if department is None:
        raise Http404
    return department


def require_desk(request: PersonRequest) -> None:
    """Refuse whoever's role has no desk."""
    if not request.user.can(Capability.SEE_TRIAGE):
        raise PermissionDenied("Your role has no triage desk.")
