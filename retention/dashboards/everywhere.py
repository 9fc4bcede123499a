"""What many pages read alike."""

from collections.abc import Sequence

from accounts.prepared import Prepared, given
from departments.models import Person
from departments.prepared import PreparedFor
from retention.models import ModelVersion, SavedView

_IN_FORCE = Prepared(lambda: ModelVersion.objects.filter(is_active=True))
_VIEWS = PreparedFor(
    lambda reader: SavedView.objects.visible_to(reader).filter(page=given("page")).select_related("person")
)


def model_in_force() -> ModelVersion | None:
    """Return the version that scores are made by; None before the first."""
    return next(iter(_IN_FORCE()), None)


def saved_views(person: Person, page: str) -> Sequence[SavedView]:
    """Return the ways of looking at a page that the person has kept, and those that others share."""
    return _VIEWS(person, page=page)
