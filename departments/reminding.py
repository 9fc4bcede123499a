"""Reminders before a deadline and escalation after it: once each, and on the incident's record.

Before: the heads of the department that has to act, and whoever works on it. After: the heads, and the executives.
"""

import datetime
import json

from django.db import connection, transaction

from departments.clocks import calendars
from departments.models import Department

# So many working hours before a deadline, the department is reminded of it.
HOURS_BEFORE = 4
# Of two workers at once, one does it: any number that nothing else locks by.
LOCK = 7_305_114

REMIND = """
    WITH horizon AS (
        SELECT * FROM json_to_recordset(%(horizons)s) AS given (department_id bigint, until timestamptz)
    ), due AS (
        SELECT incident.id AS incident_id, incident.due_at, incident.assignee_id, horizon.department_id,
               CASE WHEN incident.due_at <= %(now)s THEN 'late' ELSE 'soon' END AS kind
        FROM departments_incident AS incident
        LEFT JOIN departments_handoff AS asked ON asked.incident_id = incident.id AND asked.answer = 'pending'
            AND NOT asked.is_of_part
        LEFT JOIN departments_wait AS wait ON wait.incident_id = incident.id AND wait.ended_at IS NULL
        JOIN horizon ON horizon.department_id
            = coalesce(asked.to_department_id, wait.department_id, incident.department_id)
        WHERE incident.state <> 'resolved' AND incident.due_at <= horizon.until
    ), told AS (
        INSERT INTO departments_reminder (incident_id, kind, due_at, person_id, made_at)
        SELECT due.incident_id, due.kind, due.due_at, person.id, %(now)s
        FROM due JOIN departments_person AS person ON person.is_active AND (
            (person.role = 'department_head' AND person.department_id = due.department_id)
            OR (due.kind = 'soon' AND person.id = due.assignee_id)
            OR (due.kind = 'late' AND person.role = 'executive'))
        WHERE NOT EXISTS (
            SELECT FROM departments_reminder AS known
            WHERE known.incident_id = due.incident_id AND known.kind = due.kind AND known.due_at = due.due_at)
        ON CONFLICT DO NOTHING
        RETURNING incident_id, kind, due_at
    )
    INSERT INTO departments_incidentevent (incident_id, at, verb, words, details)
    SELECT DISTINCT incident_id, %(now)s, CASE kind WHEN 'late' THEN 'escalated' ELSE 'reminded' END, '',
        jsonb_build_object('due_at', due_at)
    FROM told
"""


@transaction.atomic
def remind(now: datetime.datetime) -> int:
    """Tell whoever has to know of each deadline that draws near or has passed; return of how many incidents.

    One statement for all of them; what was told of already is not told again.
    """
    known = calendars()
    departments = Department.objects.values_list("pk", flat=True)
    horizons = [
        {"department_id": pk, "until": known.of(pk).deadline(now, HOURS_BEFORE).isoformat()} for pk in departments
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(REMIND, {"horizons": json.dumps(horizons), "now": now})
        return int(cursor.rowcount)
