"""Reminders before a deadline and escalation after it: once each, and on the incident's record.

Before: the heads of the department that has to act, and whoever works on it. After: the heads, and the executives. What
holds for the incident's own deadline holds for whoever is asked about a part, answers for one, or has the next word in
a dispute; where a person has it, that person is told instead of heads.
"""

import datetime
import json

from django.db import connection, transaction
from django.utils import timezone

from departments.clocks import calendars
from departments.models import Department

# So many working hours before a deadline, the department is reminded of it.
HOURS_BEFORE = 4
# Of two workers at once, one does it: any number that nothing else locks by.
LOCK = 7_305_114

REMIND = """
    WITH horizon AS (
        SELECT * FROM json_to_recordset(%(horizons)s) AS given (department_id bigint, until timestamptz)
    ), turn AS (
        SELECT incident.id AS incident_id, incident.due_at, incident.assignee_id AS person_id, horizon.department_id
        FROM departments_incident AS incident
        LEFT JOIN departments_handoff AS asked ON asked.incident_id = incident.id AND asked.answer = 'pending'
            AND NOT asked.is_of_part
        LEFT JOIN departments_wait AS wait ON wait.incident_id = incident.id AND wait.ended_at IS NULL
        JOIN horizon ON horizon.department_id
            = coalesce(asked.to_department_id, wait.department_id, incident.department_id)
        WHERE incident.state <> 'resolved' AND incident.due_at <= horizon.until
        UNION
        SELECT asked.incident_id, asked.answer_due_at, NULL, asked.to_department_id
        FROM departments_handoff AS asked
        JOIN departments_incident AS incident ON incident.id = asked.incident_id AND incident.state <> 'resolved'
        JOIN horizon ON horizon.department_id = asked.to_department_id
        WHERE asked.answer = 'pending' AND asked.is_of_part AND asked.answer_due_at <= horizon.until
        UNION
        SELECT part.incident_id, incident.due_at, NULL, part.department_id
        FROM departments_responsibility AS part
        JOIN departments_incident AS incident ON incident.id = part.incident_id
            AND incident.department_id <> part.department_id AND incident.state <> 'resolved'
        JOIN horizon ON horizon.department_id = part.department_id
        WHERE part.share > 0 AND part.share < 1 AND part.resolved_at IS NULL AND incident.due_at <= horizon.until
            AND NOT EXISTS (SELECT FROM departments_handoff AS asked WHERE asked.incident_id = part.incident_id
                AND asked.answer = 'pending'
                AND part.department_id IN (asked.from_department_id, asked.to_department_id))
            AND NOT EXISTS (SELECT FROM departments_dispute AS dispute WHERE dispute.incident_id = part.incident_id
                AND dispute.department_id = part.department_id AND dispute.ended_at IS NULL)
        UNION
        SELECT dispute.incident_id, dispute.answer_due_at, dispute.person_id, dispute.department_id
        FROM (
            SELECT dispute.incident_id, dispute.answer_due_at,
                CASE WHEN upheld_at IS NULL THEN against_id ELSE dispute.department_id END AS department_id,
                CASE WHEN upheld_at IS NULL AND against_id IS NULL
                    THEN coalesce(incident.reporter_id, keeper.person_id) END AS person_id
            FROM departments_dispute AS dispute
            JOIN departments_incident AS incident ON incident.id = dispute.incident_id
            LEFT JOIN departments_assignment AS keeper ON keeper.account_id = incident.account_id
                AND keeper.capacity = 'account_manager' AND keeper.starts_on <= %(today)s
                AND coalesce(keeper.ends_on, %(today)s) >= %(today)s
            WHERE dispute.ended_at IS NULL
                AND NOT EXISTS (SELECT FROM departments_handoff AS asked
                    WHERE asked.incident_id = dispute.incident_id AND asked.answer = 'pending')
                AND NOT EXISTS (SELECT FROM departments_ruling AS ruling WHERE ruling.incident_id = dispute.incident_id
                    AND ruling.state = 'open' AND ruling.regrading_id IS NULL)
        ) AS dispute
        LEFT JOIN horizon ON horizon.department_id = dispute.department_id
        WHERE dispute.answer_due_at <= coalesce(horizon.until, %(company)s)
    ), due AS (
        SELECT *, CASE WHEN due_at <= %(now)s THEN 'late' ELSE 'soon' END AS kind FROM turn
    ), told AS (
        INSERT INTO departments_reminder (incident_id, kind, due_at, person_id, made_at)
        SELECT DISTINCT due.incident_id, due.kind, due.due_at, person.id, %(now)s::timestamptz
        FROM due JOIN departments_person AS person ON person.is_active AND (
            (person.role = 'department_head' AND person.department_id = due.department_id)
            OR (person.id = due.person_id AND (due.kind = 'soon' OR due.department_id IS NULL))
            OR (due.kind = 'late' AND person.role = 'executive'))
        WHERE NOT EXISTS (
            SELECT FROM departments_reminder AS known
            JOIN departments_person AS colleague ON colleague.id = known.person_id
            WHERE known.incident_id = due.incident_id AND known.kind = due.kind AND known.due_at = due.due_at
                AND colleague.department_id IS NOT DISTINCT FROM person.department_id)
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
        given: dict[str, str | datetime.date] = {
            "horizons": json.dumps(horizons),
            "company": known.company.deadline(now, HOURS_BEFORE),
            "now": now,
            "today": timezone.localdate(now),
        }
        cursor.execute(REMIND, given)
        return int(cursor.rowcount)
