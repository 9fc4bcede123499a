"""People by file: no file locks everybody out of the configuration, and what it changes in rights is in the audit."""

import uuid
from collections.abc import Collection
from typing import NamedTuple

from accounts.models import AuditEntry
from departments.models import Person, Role
from retention.imports.checks import forget_refused
from retention.imports.sql import execute, fetch, quoted
from retention.imports.staging import Stage

LAST_ADMINISTRATOR = "would leave no active administrator: somebody must be able to configure"


def refuse_last_administrators(stage: Stage, places: tuple[int, int], columns: Collection[str]) -> None:
    """Refuse the rows of a batch that take the last active administrators away, unless the batch brings another.

    `columns` are those that the file changes. Administrators stay locked until the batch is written, so that two
    imports cannot each count on the administrator whom the other takes away.
    """
    administrators = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
    list(administrators.select_for_update().order_by("pk").values_list("pk", flat=True))
    batch = f'(SELECT * FROM "{stage.prepared}" WHERE place BETWEEN %s AND %s)'
    ((somebody_stays,),) = fetch(
        f"SELECT EXISTS (SELECT FROM departments_person AS kept FULL JOIN {batch} AS given "
        f"ON given.email = kept.email WHERE {_stays(columns)})",
        places,
    )
    if somebody_stays:
        return
    execute(
        f'INSERT INTO "{stage.refused}" SELECT given.place, NULL, given.email, {quoted(LAST_ADMINISTRATOR)} '
        f"FROM {batch} AS given JOIN departments_person AS kept ON kept.email = given.email "
        f"WHERE kept.is_active AND kept.role = {quoted(Role.ADMINISTRATOR)}",
        places,
    )
    forget_refused(stage)


def _stays(columns: Collection[str]) -> str:
    """The condition that a person is an active administrator once the batch is written."""
    role = "coalesce(given.role, kept.role)" if "role" in columns else "kept.role"
    # A file says of nobody whether they are active: it makes new people so, and leaves the others as they are.
    return f"{role} = {quoted(Role.ADMINISTRATOR)} AND coalesce(kept.is_active, given.is_active)"


class Rights(NamedTuple):
    """What decides what a person may do and see."""

    role: str
    department_id: int | None


class RightsAudit:
    """Writes down whose rights a batch changes: made before the batch is written, asked to write after it."""

    def __init__(self, stage: Stage, places: tuple[int, int], acting_person: Person | None) -> None:
        self._stage = stage
        self._places = places
        self._acting_person = acting_person
        self._before = self._found("FOR UPDATE OF kept")

    def write(self) -> None:
        """Write an entry for each person whose role or department differs."""
        AuditEntry.objects.bulk_create(
            [
                self._entry(public_id, name, self._before[public_id][1], after)
                for public_id, (name, after) in self._found().items()
                # Who is new is in the summary of the import.
                if public_id in self._before and self._before[public_id][1] != after
            ]
        )

    def _found(self, locking: str = "") -> dict[uuid.UUID, tuple[str, Rights]]:
        rows = fetch(
            "SELECT kept.public_id, kept.name, kept.role, kept.department_id "
            f'FROM departments_person AS kept JOIN "{self._stage.prepared}" AS given ON given.email = kept.email '
            f"WHERE given.place BETWEEN %s AND %s ORDER BY kept.id {locking}",
            self._places,
        )
        return {public_id: (name, Rights(*rights)) for public_id, name, *rights in rows}

    def _entry(self, public_id: uuid.UUID, name: str, before: Rights, after: Rights) -> AuditEntry:
        was, now = before._asdict(), after._asdict()
        differing = [field for field in now if was[field] != now[field]]
        details = {
            "what": name,
            "before": {field: was[field] for field in differing},
            "after": {field: now[field] for field in differing},
        }
        return AuditEntry(verb="person.change", subject=public_id, person=self._acting_person, details=details)
