"""How many incidents lie on a department's desk, by tab."""

import datetime
from typing import Any, Final

from django.db import connection

from departments.models import OPEN_STATES, Department, State
from retention.dashboards.triage_queue import RECENT_DAYS, View
from retention.scoring.planned import Planned

# What was resolved is counted up to here: beyond it, how many more no longer tells a desk anything.
MOST_COUNTED = 10_000
# All of a state by a small index, and by a wider one those that are not yet due: of a long desk, few.
_OF_A_STATE: Final = """
    SELECT '{0}', (SELECT count(*) FROM {1}), (SELECT count(*) FROM {1} AND due_at >= %(moment)s)
    UNION ALL"""
_HELD: Final = "departments_incident WHERE department_id = %(department)s AND merged_into_id IS NULL AND state = '{}'"
_BY_STATE: Final = "".join(_OF_A_STATE.format(state.value, _HELD.format(state.value)) for state in OPEN_STATES)
# What the tabs count, as `on_desk` has it: written out and planned once, since either takes as long as to answer.
_COUNTS: Final = Planned(
    f"""{_BY_STATE}
    SELECT 'asked', count(*), 0 FROM departments_handoff
    WHERE to_department_id = %(department)s AND answer = 'pending'
    UNION ALL
    SELECT 'resolved', count(*), 0 FROM (
        SELECT FROM departments_incident
        WHERE department_id = %(department)s AND merged_into_id IS NULL AND state = 'resolved'
            AND resolved_at >= %(since)s
        LIMIT %(most)s) AS resolved
    UNION ALL
    SELECT 'part ' || part.stands, count(*), 0 FROM (
        SELECT CASE
            WHEN EXISTS (SELECT FROM departments_dispute AS dispute
                WHERE dispute.incident_id = part.incident_id AND dispute.department_id = part.department_id
                    AND dispute.ended_at IS NULL) THEN 'disputed'
            WHEN asked.from_department_id = part.department_id THEN 'waiting'
            WHEN asked.to_department_id = part.department_id THEN 'asked'
            WHEN part.is_provisional THEN 'new'
            ELSE 'in_work' END AS stands
        FROM departments_responsibility AS part
        JOIN departments_incident AS incident ON incident.id = part.incident_id
        LEFT JOIN departments_handoff AS asked ON asked.incident_id = part.incident_id AND asked.answer = 'pending'
        WHERE part.department_id = %(department)s AND part.share > 0 AND part.share < 1 AND part.resolved_at IS NULL
            AND incident.department_id <> %(department)s AND incident.merged_into_id IS NULL) AS part
    GROUP BY part.stands
    UNION ALL
    SELECT 'with others', count(*), 0 FROM (
        SELECT dispute.incident_id FROM departments_dispute AS dispute
        JOIN departments_incident AS incident ON incident.id = dispute.incident_id
        WHERE dispute.ended_at IS NULL
            AND (dispute.department_id = %(department)s OR dispute.against_id = %(department)s)
            AND NOT (incident.department_id = %(department)s AND incident.state = 'disputed')
        UNION
        SELECT incident.id FROM departments_incident AS incident
        WHERE incident.state = 'disputed' AND incident.merged_into_id IS NULL
            AND incident.department_id <> %(department)s
            AND EXISTS (SELECT FROM departments_handoff AS back WHERE back.incident_id = incident.id
                AND back.to_department_id = %(department)s AND back.answer = 'returned')) AS disputed
    """,
    {"department": "bigint", "moment": "timestamptz", "since": "timestamptz", "most": "bigint"},
)


def counts(department: Department, moment: datetime.datetime) -> dict[str, int]:
    """Return the number of incidents of each tab, and of all open and past due ones; of resolved ones, up to a most."""
    given: dict[str, Any] = {
        "department": department.pk,
        "moment": moment,
        "since": moment - datetime.timedelta(days=RECENT_DAYS),
        "most": MOST_COUNTED,
    }
    with connection.cursor() as cursor:
        _COUNTS.execute(cursor, given)
        found = {name: (count, to_come) for name, count, to_come in cursor.fetchall()}
    by_state = {state.value: found[state.value][0] for state in OPEN_STATES}
    is_open = sum(by_state.values())
    parts = {state: found.get(f"part {state}", (0, 0))[0] for state in (State.NEW, State.IN_WORK, State.WAITING)}
    return {
        **by_state,
        View.OPEN.value: is_open,
        View.PAST_DUE.value: is_open - sum(found[state.value][1] for state in OPEN_STATES),
        View.NEW.value: by_state[State.NEW] + found["asked"][0] + parts[State.NEW],
        View.IN_WORK.value: by_state[State.IN_WORK] + parts[State.IN_WORK],
        View.WAITING.value: by_state[State.WAITING] + parts[State.WAITING],
        View.DISPUTED.value: by_state[State.DISPUTED] + found["with others"][0],
        View.RESOLVED.value: found["resolved"][0],
    }
