"""Query sets of what a reader may see, put together once for each role."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from accounts.prepared import PlannedAnew, Prepared, given
from departments.models import Department, Person, Role

Row = TypeVar("Row", covariant=True)


class PreparedFor(Generic[Row]):
    """A question whose answer depends on what the reader may see: `visible_to` decides once for each role.

    `ask` takes somebody of the role, whom `visible_to` takes for any other person; who it is comes with each asking.
    """

    kind: ClassVar[type[PlannedAnew[Any]]] = Prepared

    def __init__(self, ask: Callable[[Person], QuerySet[Any, Row]]) -> None:
        self._by_role = {str(role): self.kind(partial(_ask, ask, role)) for role in Role}

    def __call__(self, reader: Person, **values: Any) -> list[Row]:
        """Return the rows that the reader may see for these values."""
        today = timezone.localdate()
        return self._by_role[reader.role](reader=reader.pk, department=reader.department_id, day=today, **values)


class PlannedAnewFor(PreparedFor[Row]):
    """The same, planned for the values of each asking, such as how much it is that the reader may see."""

    kind = PlannedAnew


def _ask(ask: Callable[[Person], QuerySet[Any, Row]], role: Role) -> QuerySet[Any, Row]:
    somebody = Person(role=role)
    vars(somebody).update(id=given("reader"), department_id=given("department"), as_of_day=given("day"))
    return ask(somebody)


_DEPARTMENTS = Prepared(Department.objects.all)


def departments_by_slug() -> dict[str, Department]:
    """Return all departments in their order, by slug."""
    return {department.slug: department for department in _DEPARTMENTS()}


def departments_besides(department: Department | None, known: Collection[Department] = ()) -> list[Department]:
    """Return the departments that are at work, in their order, less one; `known` are all, where already read."""
    return [one for one in known or _DEPARTMENTS() if one.is_active and one != department]
