"""A corrected signal corrects its incidents, as long as nobody has touched them: a person's judgement stands.

Nothing is deleted. An incident whose signal shows no friction any more is resolved with severity 0 and says why;
if the signal is corrected back, it opens again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.actions import record_audit
from departments.actions.opening import LONGEST_TITLE
from departments.detection.matching import Finding
from departments.models import State

CORRECTED = "corrected"
WITHDRAWN = "signal_withdrawn"
RESTORED = "restored"
JOINED = "joined"
# Whoever does something with an incident leaves another step in its record than these.
OWN_STEPS = ("detected", CORRECTED, WITHDRAWN, RESTORED, JOINED)
NO_FRICTION = "Withdrawn: the signal was corrected and shows no friction any more."

_INCIDENTS = """
    SELECT incident.id, incident.version, incident.rule_id, incident.signal_id, incident.state, incident.severity,
        incident.title, incident.rule_version, incident.account_id, incident.order_id, incident.happened_at,
        incident.external_id, NOT EXISTS (
            SELECT FROM departments_incidentevent AS step
            WHERE step.incident_id = incident.id AND step.verb <> ALL (%s)) AS is_untouched
    FROM departments_incident AS incident
"""
EXISTING = f"{_INCIDENTS} WHERE incident.signal_id = ANY (%s) AND incident.rule_id IS NOT NULL"
OF_IDS = f"{_INCIDENTS} WHERE incident.id = ANY (%s)"
OF_NAMES = f"{_INCIDENTS} WHERE incident.source = 'detection' AND incident.external_id = ANY (%s)"

# Compared by version, so that whoever acts on the incident in this very moment wins.
CORRECT = """
    UPDATE departments_incident AS incident
    SET severity = given.severity, title = given.title, signal_id = given.signal_id,
        account_id = given.account_id, order_id = given.order_id,
        happened_at = given.happened_at, rule_version = given.rule_version, state = given.state,
        resolved_at = CASE WHEN given.state = 'resolved' THEN greatest(now(), given.happened_at) END,
        resolution = given.resolution, version = incident.version + 1
    FROM json_to_recordset(%s) AS given (
        id bigint, version integer, severity float8, title text, signal_id bigint, account_id bigint, order_id bigint,
        happened_at timestamptz, rule_version integer, state text, resolution text)
    WHERE incident.id = given.id AND incident.version = given.version
    RETURNING incident.id
"""

RECORD = """
    INSERT INTO departments_incidentevent (incident_id, verb, words, details)
    SELECT incident_id, verb, words, details
    FROM json_to_recordset(%s) AS step (incident_id bigint, verb text, words text, details jsonb)
"""

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one incident: the row as it shall be, and the step that says so."""

    row: dict[str, Any]
    verb: str
    words: str
    details: dict[str, Any]


def existing_incidents(signal_ids: Sequence[int]) -> dict[Pair, dict[str, Any]]:
    """Return the incidents that rules opened for the signals, by rule and signal."""
    return {(row["rule_id"], row["signal_id"]): row for row in _read(EXISTING, list(signal_ids))}


def incidents_of(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the incidents by id."""
    return {row["id"]: row for row in _read(OF_IDS, list(ids))}


def incidents_named(external_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the incidents that detection opened under these names, by name."""
    return {row["external_id"]: row for row in _read(OF_NAMES, list(external_ids))}


def _read(sql: str, wanted: "list[int] | list[str]") -> list[dict[str, Any]]:
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(OWN_STEPS), wanted])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def correct(
    known: Mapping[Pair, dict[str, Any]], found: Mapping[Pair, Finding], rule_ids: Iterable[int]
) -> list[Change]:
    """Bring untouched incidents in line with what the rules find now; returns what was really changed."""
    in_use = set(rule_ids)
    changes = [
        change
        for pair, incident in known.items()
        if incident["is_untouched"] and pair[0] in in_use and (change := _change(incident, found.get(pair)))
    ]
    return apply_changes(changes)


def settle(incident: dict[str, Any], finding: Finding | None, words: str) -> Change | None:
    """Return what becomes of an untouched incident that stands for several signals; `words` say why it is withdrawn."""
    return _change(incident, finding, words) if incident["is_untouched"] else None


def _change(incident: dict[str, Any], finding: Finding | None, words: str = NO_FRICTION) -> Change | None:
    is_open = incident["state"] == State.NEW
    if finding is None:
        return _withdrawal(incident, words) if is_open else None
    wanted = _wanted(finding)
    if is_open:
        differing = [name for name, value in wanted.items() if incident[name] != value]
        return _amendment(incident, wanted, differing) if differing else None
    return _restoration(incident, wanted)


def _wanted(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "title": finding.title[:LONGEST_TITLE],
        "signal_id": finding.signal.id,
        "account_id": finding.signal.account_id,
        "order_id": finding.signal.order_id,
        "happened_at": finding.signal.happened_at,
        "rule_version": finding.rule.version,
    }


def _withdrawal(incident: dict[str, Any], words: str) -> Change:
    row = {**incident, "severity": 0.0, "state": State.RESOLVED, "resolution": words}
    return Change(row, WITHDRAWN, words, {"severity": [incident["severity"], 0.0]})


def _amendment(incident: dict[str, Any], wanted: dict[str, Any], differing: Iterable[str]) -> Change:
    details = {name: [_plain(incident[name]), _plain(wanted[name])] for name in differing}
    words = "The rule was changed." if "rule_version" in details else "The signal was corrected."
    return Change({**incident, **wanted, "resolution": ""}, CORRECTED, words, details)


def _restoration(incident: dict[str, Any], wanted: dict[str, Any]) -> Change:
    row = {**incident, **wanted, "state": State.NEW, "resolution": ""}
    return Change(row, RESTORED, "The signal shows friction again.", {"severity": [0.0, wanted["severity"]]})


def apply_changes(changes: Sequence[Change]) -> list[Change]:
    """Write the changes, and return those that nobody was faster than."""
    if not changes:
        return []
    with connection.cursor() as cursor:
        cursor.execute(CORRECT, [json.dumps([change.row for change in changes], default=str)])
        done = {row[0] for row in cursor.fetchall()}
        applied = [change for change in changes if change.row["id"] in done]
    record_steps([_step(change) for change in applied])
    if applied:
        details = {"incidents": len(applied), "withdrawn": sum(change.verb == WITHDRAWN for change in applied)}
        record_audit(verb="incident.correct", subject=None, details=details, acting_person=None)
    return applied


def record_steps(steps: Sequence[dict[str, Any]]) -> None:
    """Write steps into the records of incidents: incident_id, verb, words, details."""
    if steps:
        with connection.cursor() as cursor:
            cursor.execute(RECORD, [json.dumps(steps)])


def _step(change: Change) -> dict[str, Any]:
    return {
        "incident_id": change.row["id"],
        "verb": change.verb,
        "words": change.words,
        "details": change.details,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
