"""What waits between departments: hand-offs without an answer, and what was handed back or is in dispute."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Min, Sum

from departments.models import HandOff, Incident, Person, State

SHOWN = 5

# The last step of each incident that was ever handed back or disputed, up to a moment; what was taken back by then left
# everything as it was, and is passed over.
DISPUTED_SQL: Final = """
SELECT count(*) FROM (
    SELECT DISTINCT ON (event.incident_id) event.verb, event.details ->> 'state' AS state
    FROM departments_incidentevent AS event
    JOIN departments_incident AS incident ON incident.id = event.incident_id AND incident.merged_into_id IS NULL
    JOIN accounts_account AS account ON account.id = incident.account_id
    WHERE event.at < %(moment)s AND (%(segment)s = '' OR account.segment = %(segment)s)
      AND event.verb IN ('accepted', 'handed_off', 'offered', 'hand_off_accepted', 'returned', 'disputed',
          'dispute_withdrawn', 'dispute_taken', 'ruled', 'resolved', 'reopened')
      AND event.incident_id IN (
          SELECT incident_id FROM departments_handoff WHERE answer = 'returned' AND answered_at < %(moment)s
          UNION ALL SELECT incident_id FROM departments_dispute WHERE raised_at < %(moment)s)
      AND NOT EXISTS (
          SELECT FROM departments_dispute AS unsaid
          WHERE event.verb = 'disputed' AND unsaid.incident_id = event.incident_id AND unsaid.end = 'taken_back'
            AND unsaid.ended_at < %(moment)s AND unsaid.public_id::text = event.details ->> 'dispute')
      AND NOT EXISTS (
          SELECT FROM departments_handoff AS taken_back
          WHERE event.verb IN ('handed_off', 'offered') AND taken_back.incident_id = event.incident_id
            AND taken_back.answer = 'withdrawn' AND taken_back.answered_at < %(moment)s
            AND taken_back.public_id::text = event.details ->> 'hand_off')
    ORDER BY event.incident_id, event.at DESC, event.id DESC
) AS step WHERE step.verb IN ('returned', 'disputed') OR step.state = 'disputed'
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Hand-offs without an answer, now and at a moment before, and disputes, with the dearest of them."""

    asked: int
    asked_before: int
    asked_since: datetime.datetime | None
    disputed: int
    disputed_money: float
    dearest: Sequence[Incident]


def waiting(person: Person, before: datetime.datetime, *, segment: str) -> Waiting:
    """Return what waits now among what the person sees, and how many hand-offs waited at a moment before."""
    handed = HandOff.objects.visible_to(person).order_by()
    disputes = Incident.objects.visible_to(person).order_by().filter(state=State.DISPUTED, merged_into=None)
    if segment:
        handed = handed.filter(incident__account__segment=segment)
        disputes = disputes.filter(account__segment=segment)
    asked = handed.pending().aggregate(count=Count("pk"), since=Min("proposed_at"))
    disputed = disputes.aggregate(count=Count("pk"), money=Sum("money_at_risk", default=0.0))
    dearest = disputes.select_related("account", "department").order_by("-money_at_risk", "pk")[:SHOWN]
    return Waiting(
        asked["count"],
        handed.filter(proposed_at__lt=before).exclude(answered_at__lt=before).count(),
        asked["since"],
        disputed["count"],
        disputed["money"],
        list(dearest),
    )


def disputed_at(moment: datetime.datetime, *, segment: str) -> int:
    """Count the incidents that were disputed at a moment, by the record of their steps."""
    parameters: dict[str, Any] = {"moment": moment, "segment": segment}
    with connection.cursor() as cursor:
        cursor.execute(DISPUTED_SQL, parameters)
        count: int = cursor.fetchone()[0]
    return count
