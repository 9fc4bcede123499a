"""Waits of the past: what a wait that is set at its own time would have become."""

import datetime
from dataclasses import dataclass, field

from accounts.errors import Invalid
from departments.clocks import DAY, Calendar
from departments.models import Incident, Wait, WaitedFor, WaitReason

# Nobody waits for longer; where the past tells no day, this is how long it was ready to wait.
LONGEST_DAYS = 365
LONGEST_NAME = 120
NAMED = (WaitedFor.SUPPLIER, WaitedFor.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWait:
    """For whom work waited, by the key of a department or by name, why, and for how many days at the most.

    Two are equal that wait for the same with the same reason.
    """

    waited_for: str
    reason: str
    department_id: int | None = None
    name: str = ""
    words: str = field(default="", compare=False)
    days: int = field(default=LONGEST_DAYS, compare=False)

    def check(self, incident: Incident) -> None:
        """Raise Invalid where no department could have set it."""
        who = incident.external_id
        if self.waited_for not in WaitedFor.values:
            raise Invalid("waited_for", f"Waited for is one of {', '.join(WaitedFor.values)}.")
        if self.reason not in WaitReason.values:
            raise Invalid("reason", f"A reason is one of {', '.join(WaitReason.values)}.")
        if (self.waited_for == WaitedFor.DEPARTMENT) != (self.department_id is not None):
            raise Invalid("department", f"{who} waited for a department that has no name, or for none that has one.")
        if self.department_id == incident.department_id:
            raise Invalid("department", f"{who} waited for the department that held it.")
        if (self.waited_for in NAMED) != bool(self.name):
            raise Invalid(
                "name", f"{who} waited for a supplier or somebody else without a name, or with one needlessly."
            )
        if not self.words:
            raise Invalid("words", f"{who} waited, and nothing says for what.")
        if not 0 <= self.days <= LONGEST_DAYS:
            raise Invalid("days", f"Nobody waits for more than {LONGEST_DAYS} days.")

    def begun(self, incident: Incident, at: datetime.datetime, person_id: int | None, calendar: Calendar) -> Wait:
        """Return the wait that the holder of the incident set; the calendar is the holder's."""
        self.check(incident)
        expected_on = at.astimezone(calendar.zone).date() + self.days * DAY
        return Wait(
            incident=incident,
            waiting_department_id=incident.department_id,
            waited_for=self.waited_for,
            department_id=self.department_id,
            name=self.name,
            reason=self.reason,
            words=self.words,
            expected_on=expected_on,
            expires_at=datetime.datetime.combine(expected_on + DAY, datetime.time(), calendar.zone),
            started_at=at,
            started_by_id=person_id,
            due_at_then=incident.resolve_due_at,
            hours_left=calendar.working_hours_between(at, incident.resolve_due_at),
        )
