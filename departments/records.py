"""Does the record hold: shares that add up, one holder, a path without gaps? Each check is one statement."""

from dataclasses import dataclass

from django.db import connection

# The state that each step leaves an incident in; steps that lead back say so themselves, in their details.
STATE_AFTER = {
    "reported": "new",
    "detected": "new",
    "restored": "new",
    "accepted": "in_work",
    "hand_off_accepted": "in_work",
    "reopened": "in_work",
    "handed_off": "waiting",
    "offered": "waiting",
    "waited": "waiting",
    "returned": "disputed",
    "disputed": "disputed",
    "dispute_taken": "in_work",
    "resolved": "resolved",
    "merged": "resolved",
    "signal_withdrawn": "resolved",
}
_STATES = ", ".join(f"('{verb}', '{state}')" for verb, state in STATE_AFTER.items())


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold, and the statement that finds the incidents where it does not."""

    sentence: str
    sql: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A check that does not hold: for how many incidents, and the first few of them."""

    sentence: str
    count: int
    examples: tuple[int, ...]


CHECKS = (
    Check(
        "The shares of an incident sum to 1.",
        """
        SELECT incident.id FROM departments_incident AS incident
        LEFT JOIN departments_responsibility AS part ON part.incident_id = incident.id
        GROUP BY incident.id
        HAVING abs(coalesce(sum(part.share), 0) - 1) > 1e-9
           AND NOT (incident.merged_into_id IS NOT NULL AND coalesce(sum(part.share), 0) = 0)
        """,
    ),
    Check(
        "Whoever holds an incident is among those who answer for it.",
        """
        SELECT incident.id FROM departments_incident AS incident
        WHERE NOT EXISTS (
            SELECT FROM departments_responsibility AS part
            WHERE part.incident_id = incident.id AND part.department_id = incident.department_id)
        """,
    ),
    Check(
        "What responsibilities repeat of their incident is equal to it.",
        """
        SELECT DISTINCT whole.id FROM departments_incident AS whole
        JOIN departments_responsibility AS part ON part.incident_id = whole.id
        WHERE (part.account_id, part.friction_type_id, part.severity, part.happened_at, part.recorded_at,
               part.resolved_at)
              IS DISTINCT FROM
              (whole.account_id, whole.friction_type_id, whole.severity, whole.happened_at, whole.recorded_at,
               whole.resolved_at)
        """,
    ),
    Check(
        "An incident waits if and only if its holder asks another department, or one wait lasts.",
        """
        SELECT incident.id FROM departments_incident AS incident
        LEFT JOIN departments_handoff AS asked ON asked.incident_id = incident.id AND asked.answer = 'pending'
            AND NOT asked.is_of_part
        LEFT JOIN departments_wait AS wait ON wait.incident_id = incident.id AND wait.ended_at IS NULL
        GROUP BY incident.id
        HAVING (incident.state = 'waiting') <> (count(asked.id) + count(wait.id) = 1)
        """,
    ),
    Check(
        "Every wait has its step when it was set and, unless it was taken back, when it ended.",
        """
        SELECT wait.incident_id FROM departments_wait AS wait
        LEFT JOIN departments_incidentevent AS step
            ON step.incident_id = wait.incident_id AND step.details ->> 'wait' = wait.public_id::text
        GROUP BY wait.id, wait.incident_id, wait.ended_at, wait.end
        HAVING count(*) FILTER (WHERE step.verb = 'waited') <> 1
            OR (wait.ended_at IS NOT NULL AND wait.end <> 'taken_back'
                AND count(*) FILTER (WHERE step.verb = 'wait_ended') = 0)
        """,
    ),
    Check(
        "No wait of an incident begins before the one before it ended.",
        """
        SELECT DISTINCT one.incident_id FROM departments_wait AS one
        JOIN departments_wait AS other ON other.incident_id = one.incident_id AND other.id <> one.id
            AND other.started_at < coalesce(one.ended_at, 'infinity')
            AND one.started_at < coalesce(other.ended_at, 'infinity')
        """,
    ),
    Check(
        "Nothing is handed on while an executive is asked who answers for it.",
        """
        SELECT incident.id FROM departments_incident AS incident
        JOIN departments_ruling AS ruling ON ruling.incident_id = incident.id AND ruling.state = 'open'
        WHERE incident.state = 'waiting' AND ruling.regrading_id IS NULL
        """,
    ),
    Check(
        "What its holder disputes stands as disputed until it is settled, or another department is asked.",
        """
        SELECT incident.id FROM departments_incident AS incident
        JOIN departments_dispute AS dispute ON dispute.incident_id = incident.id AND dispute.ended_at IS NULL
        WHERE NOT dispute.is_of_part
            AND (dispute.department_id <> incident.department_id OR incident.state NOT IN ('disputed', 'waiting'))
        """,
    ),
    Check(
        "Whoever disputes a part answers for it and does not hold the incident.",
        """
        SELECT dispute.incident_id FROM departments_dispute AS dispute
        JOIN departments_incident AS incident ON incident.id = dispute.incident_id
        LEFT JOIN departments_responsibility AS part ON part.incident_id = dispute.incident_id
            AND part.department_id = dispute.department_id AND part.share > 0
        WHERE dispute.ended_at IS NULL AND dispute.is_of_part
            AND (part.id IS NULL OR dispute.department_id = incident.department_id)
        """,
    ),
    Check(
        "Every dispute has the step in which it was raised.",
        """
        SELECT dispute.incident_id FROM departments_dispute AS dispute
        LEFT JOIN departments_incidentevent AS step ON step.incident_id = dispute.incident_id
            AND step.verb IN ('disputed', 'part_disputed')
            AND step.details ->> 'dispute' = dispute.public_id::text
        GROUP BY dispute.id, dispute.incident_id
        HAVING count(step.id) <> 1
        """,
    ),
    Check(
        "Nobody answers for a share of what was merged into another.",
        """
        SELECT incident.id FROM departments_incident AS incident
        JOIN departments_responsibility AS part ON part.incident_id = incident.id
        WHERE incident.merged_into_id IS NOT NULL
        GROUP BY incident.id
        HAVING sum(part.share) <> 0
        """,
    ),
    Check(
        "Every record begins with how the incident came to be known.",
        """
        SELECT incident.id FROM departments_incident AS incident
        LEFT JOIN LATERAL (
            SELECT verb FROM departments_incidentevent AS step
            WHERE step.incident_id = incident.id ORDER BY at, id LIMIT 1) AS first ON true
        WHERE first.verb IS NULL OR first.verb NOT IN ('reported', 'detected')
        """,
    ),
    Check(
        "The state of an incident is the one that the last step of its record left it in.",
        f"""
        SELECT incident.id FROM departments_incident AS incident
        JOIN LATERAL (
            SELECT coalesce(after.state, step.details ->> 'state') AS state
            FROM departments_incidentevent AS step
            LEFT JOIN (VALUES {_STATES}) AS after (verb, state) ON after.verb = step.verb
            WHERE step.incident_id = incident.id AND (after.state IS NOT NULL OR step.details ->> 'state' IS NOT NULL)
            ORDER BY step.at DESC, step.id DESC LIMIT 1) AS last ON true
        WHERE incident.state <> last.state
        """,
    ),
    Check(
        "Whoever holds an incident is the one that the last step of its path names.",
        """
        SELECT incident.id FROM departments_incident AS incident
        JOIN departments_department AS holder ON holder.id = incident.department_id
        JOIN LATERAL (
            SELECT details FROM departments_incidentevent AS step
            WHERE step.incident_id = incident.id
              AND (step.verb IN ('reported', 'detected') OR step.details ->> 'holder' IS NOT NULL)
            ORDER BY at DESC, id DESC LIMIT 1) AS last ON true
        WHERE coalesce(last.details ->> 'holder', '') <> holder.slug
          AND coalesce(last.details ->> 'department_id', '') <> holder.id::text
        """,
    ),
    Check(
        "Every hand-off has its step when it was asked, and when it was answered, unless the answer was taken back.",
        """
        SELECT asked.incident_id FROM departments_handoff AS asked
        LEFT JOIN departments_incidentevent AS step
            ON step.incident_id = asked.incident_id AND step.details ->> 'hand_off' = asked.public_id::text
        GROUP BY asked.id, asked.incident_id, asked.answer
        HAVING count(step.id) - (
                   SELECT count(*) FROM departments_incidentevent AS again
                   WHERE again.incident_id = asked.incident_id
                     AND again.details ->> 'asked_again' = asked.public_id::text)
               <> CASE WHEN asked.answer = 'pending' THEN 1 ELSE 2 END
        """,
    ),
)


def breaches(examples: int = 5) -> list[Breach]:
    """Return the checks that do not hold, with a few of the incidents where they do not."""
    found = []
    with connection.cursor() as cursor:
        for check in CHECKS:
            cursor.execute(
                f"SELECT id, count(*) OVER () FROM ({check.sql}) AS wrong (id) ORDER BY id LIMIT %s", [examples]
            )
            rows = cursor.fetchall()
            if rows:
                found.append(Breach(check.sentence, rows[0][1], tuple(row[0] for row in rows)))
    return found
