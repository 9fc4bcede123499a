"""The cases of a log as they stand in the record, and what of a log's events is new to them."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from departments.actions.past_waits import PastWait
from departments.models import HandOff, Incident, State, Wait
from retention.imports.cases import Desk, LogEvent
from retention.models import LoggedCase

DIGEST_BYTES = 8
WORKED_ON = "belongs to a case that was worked on here since its log was last read; no file takes that back"
NOT_OURS = "belongs to an incident that is known already, and not from a log of events; it stays as it is"
OTHER_DATES = "belongs to a case that is recorded with other dates, such as moved ones"


def digest_of(*parts: Any) -> bytes:
    """Return what tells one event of a case from another."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case that is an incident already; `logged` is None where it came by another way."""

    incident: Incident
    desk: Desk
    logged: LoggedCase | None

    def seen(self) -> set[bytes]:
        """Return the digests of the events that were replayed."""
        known = bytes(self.logged.events) if self.logged else b""
        return {known[start : start + DIGEST_BYTES] for start in range(0, len(known), DIGEST_BYTES)}

    def problem(self, fresh: Sequence[LogEvent], opened_at: dt.datetime | None, *, known_events: int) -> str:
        """Say why no event of the case can be replayed; empty where they can."""
        if self.logged is None:
            return NOT_OURS
        if not fresh:
            return ""
        if not known_events and opened_at is not None and opened_at != self.incident.recorded_at:
            return OTHER_DATES
        return WORKED_ON if self.incident.version != self.logged.version else ""


def known_cases(source: str, cases: Iterable[str]) -> dict[str, KnownCase]:
    """Read and lock the incidents that cases are already, by the cases' names."""
    incidents = Incident.objects.filter(source=source, external_id__in=list(cases)).order_by("pk")
    found = {incident.pk: incident for incident in incidents.select_for_update()}
    logged = {one.incident_id: one for one in LoggedCase.objects.filter(incident__in=found)}
    asked = dict(HandOff.objects.pending().filter(incident__in=found).values_list("incident", "to_department"))
    waits = {one.incident_id: _as_told(one) for one in Wait.objects.open().filter(incident__in=found)}
    return {
        one.external_id: KnownCase(
            one, Desk(one.state, one.department_id, asked.get(key), waits.get(key)), logged.get(key)
        )
        for key, one in found.items()
    }


def _as_told(wait: Wait) -> PastWait:
    return PastWait(waited_for=wait.waited_for, reason=wait.reason, department_id=wait.department_id, name=wait.name)


def ends(desk: Desk) -> bool:
    """Return whether a case has come to its end."""
    return desk.state == State.RESOLVED
