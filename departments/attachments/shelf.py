"""The files of one incident as a person sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from departments.actions.attaching import may_remove
from departments.models import Attachment, Incident, Person


@dataclass(frozen=True, slots=True)
class Shelved:
    """One file, and whether the person may remove it."""

    file: Attachment
    may_remove: bool


def shelf(person: Person, incident: Incident) -> Sequence[Shelved]:
    """Return the files of an incident that the person sees, with those whose content was removed."""
    seen = incident.attachments.on_a_visible_one(person).select_related("person", "department", "removed_by", "note")
    return [Shelved(file, not file.is_removed and may_remove(file, person)) for file in seen]
