"""Who may sign in to the pages."""

from django.contrib.auth.backends import ModelBackend

from departments.models import Person, Role


class PeopleOnly(ModelBackend):
    """Active people, by mail address and password; an integration calls the API with its token and does no more."""

    def user_can_authenticate(self, user: object) -> bool:
        """Return whether one may sign in, and stay signed in."""
        return isinstance(user, Person) and user.is_active and user.role != Role.INTEGRATION
