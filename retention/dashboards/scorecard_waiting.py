"""What waits between departments: hand-offs without an answer, and what was handed back or is in dispute."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Min, Q, Sum, Value

from accounts.prepared import given
from departments.models import HandOff, Incident, Person, State
from departments.prepared import PreparedFor

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
    questions, values = (_IN_SEGMENT, {"segment": segment}) if segment else (_IN_ALL, {})
    asked, asked_before, disputed, dearest = questions
    count, since = next(iter(asked(person, **values)), (0, None))
    (count_before,) = next(iter(asked_before(person, before=before, **values)), (0,))
    # Most of the time there is none, and the dearest need not be asked for.
    disputes, money = next(iter(disputed(person, **values)), (0, 0.0))
    return Waiting(count, count_before, since, disputes, money, dearest(person, **values) if disputes else [])


def _handed(reader: Person, within: Q) -> Any:
    return HandOff.objects.visible_to(reader).order_by().filter(within)


def _asked(reader: Person, within: Q) -> Any:
    pending = _handed(reader, within).pending().values("answer")
    return pending.annotate(count=Count("pk"), since=Min("proposed_at")).values_list("count", "since")


def _asked_before(reader: Person, within: Q) -> Any:
    moment = given("before")
    # Of those, too, that have an answer by now.
    open_then = _handed(reader, within).filter(proposed_at__lt=moment).exclude(answered_at__lt=moment)
    return open_then.annotate(all=Value(1)).values("all").annotate(count=Count("pk")).values_list("count")


def _in_dispute(reader: Person, within: Q) -> Any:
    return Incident.objects.visible_to(reader).order_by().filter(within, state=State.DISPUTED, merged_into=None)


def _disputed(reader: Person, within: Q) -> Any:
    summed = _in_dispute(reader, within).values("state").annotate(count=Count("pk"), money=Sum("money_at_risk"))
    return summed.values_list("count", "money")


def _dearest(reader: Person, within: Q) -> Any:
    disputes = _in_dispute(reader, within).select_related("account", "department")
    return disputes.order_by("-money_at_risk", "pk")[:SHOWN]


def _questions(of_hand_offs: Q, of_incidents: Q) -> tuple[PreparedFor[Any], ...]:
    return (
        PreparedFor(lambda reader: _asked(reader, of_hand_offs)),
        PreparedFor(lambda reader: _asked_before(reader, of_hand_offs)),
        PreparedFor(lambda reader: _disputed(reader, of_incidents)),
        PreparedFor(lambda reader: _dearest(reader, of_incidents)),
    )


_IN_ALL = _questions(Q(), Q())
_IN_SEGMENT = _questions(Q(incident__account__segment=given("segment")), Q(account__segment=given("segment")))


def disputed_at(moment: datetime.datetime, *, segment: str) -> int:
    """Count the incidents that were disputed at a moment, by the record of their steps."""
    parameters: dict[str, Any] = {"moment": moment, "segment": segment}
    with connection.cursor() as cursor:
        cursor.execute(DISPUTED_SQL, parameters)
        count: int = cursor.fetchone()[0]
    return count
