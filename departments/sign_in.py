"""Who may sign in to the pages."""

from django.contrib.auth.backends import ModelBackend

from accounts.prepared import Prepared, given
from departments.models import Person, Role

# Every page names the department, too.
_PERSON = Prepared(lambda: Person.objects.select_related("department").filter(pk=given("person")))


class PeopleOnly(ModelBackend):
    """Active people, by mail address and password; an integration calls the API with its token and does no more."""

    def user_can_authenticate(self, user: object) -> bool:
        """Return whether one may sign in, and stay signed in."""
        return isinstance(user, Person) and user.is_active and user.role != Role.INTEGRATION

    def get_user(self, user_id: int) -> Person | None:
        """Return whom a session belongs to; None for whoever may no longer sign in."""
        person = next(iter(_PERSON(person=user_id)), None)
        return person if self.user_can_authenticate(person) else None
