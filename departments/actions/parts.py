"""A part of an incident beside the holder's: who speaks for it, and what stands in the way of moving it."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.errors import Conflict
from departments.actions.permissions import require, require_member_of
from departments.models import Capability, Department, HandOff, Incident, Person, Responsibility, State

# A part does not lie on the holder's desk: neither its waiting nor its dispute keeps a part where it is.
PART_MOVABLE = (State.NEW, State.IN_WORK, State.WAITING, State.DISPUTED)


def speaks_for_part(acting_person: Person, incident: Incident) -> bool:
    """Return whether it is a part beside the holder's that the person's department answers for.

    Raises NotAllowed for whoever answers neither for the incident nor for a part of it.
    """
    require(acting_person, Capability.ANSWER_INCIDENTS)
    if acting_person.department_id == incident.department_id:
        return False
    if not parts_of(incident).filter(department=acting_person.department_id).exists():
        require_member_of(acting_person, incident.department)
    return True


def parts_of(incident: Incident) -> QuerySet[Responsibility]:
    """Return the parts of an incident that somebody answers for."""
    return Responsibility.objects.filter(incident=incident, share__gt=0)


def own_department(acting_person: Person, incident: Incident) -> Department:
    """Return the department that the person speaks for, as the row that the incident has of it where it holds it."""
    if acting_person.department is None or acting_person.department_id == incident.department_id:
        return incident.department
    return acting_person.department


def refuse_while_asked(incident: Incident) -> None:
    """Refuse what would ask a second question: one department is asked about an incident at a time."""
    if sentence := whom_asked([incident]).get(incident.pk):
        raise Conflict(sentence)


def whom_asked(incidents: Iterable[Incident]) -> dict[int, str]:
    """Return, by incident, who is asked about it and has not answered, in a sentence."""
    pending = HandOff.objects.pending().filter(incident__in=[incident.pk for incident in incidents])
    return {
        asked.incident_id: f"{asked.from_department} asks {asked.to_department} about it, who has not answered yet."
        for asked in pending.select_related("from_department", "to_department")
    }
