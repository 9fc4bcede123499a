"""One step of an incident: compare and swap, then the record of it, in the caller's transaction."""

import datetime
from typing import Any

from django.db.models import F

from accounts.actions import record_audit
from accounts.errors import Conflict
from departments.actions.outcome import spelled
from departments.models import Incident, IncidentEvent, Person


def swap(incident: Incident, **changes: Any) -> Incident:
    """Change the incident if nobody else has since it was read, and return it as it is now; else raise Conflict."""
    unchanged = Incident.objects.filter(pk=incident.pk, state=incident.state, version=incident.version)
    if not unchanged.update(version=F("version") + 1, **changes):
        raise Conflict(f"Somebody was first. {last_step(incident)}")
    incident.refresh_from_db()
    return incident


def locked_incident(key: int) -> Incident:
    """Return the incident as it is now, and keep others from changing it until the transaction ends.

    Nothing is joined: whoever waits for the lock would be given no row once the department has changed meanwhile.
    Whoever changes rows beside the incident locks it first: two who lock in different orders wait for each other.
    Rows that merely point to it, such as notes, can be written meanwhile.
    """
    return Incident.objects.select_for_update(no_key=True).get(pk=key)


def require_state(incident: Incident, *states: str) -> None:
    """Refuse what the state of the incident does not allow."""
    if incident.state not in states:
        raise Conflict(f"This cannot be done now: {incident.get_state_display().lower()}. {last_step(incident)}")


def last_step(incident: Incident) -> str:
    """Say who did what last: Ann Smith: accepted it, 03 May 14:03 UTC."""
    return spelled(IncidentEvent.objects.filter(incident=incident).select_related("person").order_by("at", "pk").last())


def record_step(
    *, incident: Incident, verb: str, words: str, acting_person: Person | None, details: dict[str, Any]
) -> IncidentEvent:
    """Write the step into the incident's record and into the audit."""
    record_audit(verb=f"incident.{verb}", subject=incident.public_id, details=details, acting_person=acting_person)
    return IncidentEvent.objects.create(
        incident=incident, person=acting_person, verb=verb, words=words, details=details
    )


def moment(value: datetime.datetime) -> str:
    """Spell a moment for the record."""
    return value.astimezone(datetime.UTC).isoformat()
