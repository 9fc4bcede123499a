"""What rules matched, on record: read and written by the set."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from departments.detection.grouping import Key, Match
from departments.detection.matching import CompiledRule, Finding, SignalRow

WRITE = """
    INSERT INTO departments_rulematch (
        rule_id, version, signal_id, account_id, carrier_id, batch, happened_at, recorded_at, severity, fields,
        incident_id)
    SELECT rule_id, version, signal_id, account_id, carrier_id, batch, happened_at, recorded_at, severity, fields,
        incident_id
    FROM json_to_recordset(%s) AS given (
        rule_id bigint, version integer, signal_id bigint, account_id bigint, carrier_id bigint, batch text,
        happened_at timestamptz, recorded_at timestamptz, severity float8, fields jsonb, incident_id bigint)
    ON CONFLICT (rule_id, signal_id, account_id) DO UPDATE SET
        version = excluded.version, carrier_id = excluded.carrier_id, batch = excluded.batch,
        happened_at = excluded.happened_at, recorded_at = excluded.recorded_at, severity = excluded.severity,
        fields = excluded.fields, incident_id = coalesce(excluded.incident_id, departments_rulematch.incident_id)
"""

BELONGING = """
    SELECT DISTINCT rule_id, signal_id FROM departments_rulematch
    WHERE signal_id = ANY (%s) AND incident_id IS NOT NULL
"""

OLD = """
    SELECT match.id, match.rule_id, match.signal_id, match.account_id, match.batch, match.incident_id
    FROM unnest(%s::bigint[], %s::bigint[]) AS looked_at (rule_id, signal_id)
    JOIN departments_rulematch AS match USING (rule_id, signal_id)
"""

# What a batch led to before: by what the marked signals name now, and by what they had named.
ABOUT_BATCHES = """
    SELECT match.rule_id, match.signal_id FROM departments_rulematch AS match
    WHERE match.rule_id = ANY (%(rules)s) AND match.carrier_id = ANY (%(signals)s)
    UNION
    SELECT match.rule_id, match.signal_id FROM accounts_signal AS marked
    JOIN departments_rulematch AS match ON match.batch = marked.data ->> 'batch' AND match.batch <> ''
    WHERE match.rule_id = ANY (%(rules)s) AND marked.id = ANY (%(signals)s) AND marked.data ? 'batch'
"""

# A version counts anew; what belongs to an incident that has been touched on is judged together.
TOGETHER = """
    SELECT match.rule_id, match.severity, match.batch, match.carrier_id, match.incident_id,
        signal.id, match.account_id, signal.kind,
        CASE WHEN match.carrier_id IS NULL THEN signal.order_id ELSE carrier.order_id END,
        match.happened_at, match.recorded_at, signal.data::text
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::integer[]) AS key (rule_id, account_id, batch, version)
    JOIN departments_rulematch AS match
        ON match.rule_id = key.rule_id AND match.account_id = key.account_id AND match.batch = key.batch
    JOIN accounts_signal AS signal ON signal.id = match.signal_id
    LEFT JOIN accounts_signal AS carrier ON carrier.id = match.carrier_id
    WHERE match.version = key.version OR match.incident_id = ANY (%s)
"""

LINK = """
    UPDATE departments_rulematch AS match SET incident_id = given.incident_id, version = given.version
    FROM json_to_recordset(%s) AS given (
        rule_id bigint, signal_id bigint, account_id bigint, incident_id bigint, version integer)
    WHERE match.rule_id = given.rule_id AND match.signal_id = given.signal_id
        AND match.account_id = given.account_id
"""


@dataclass(frozen=True, slots=True)
class OldMatch:
    """A match as it stood on record before."""

    id: int
    rule_id: int
    signal_id: int
    account_id: int
    batch: str
    incident_id: int | None

    @property
    def key(self) -> Key:
        """Return what it was gathered by."""
        return self.rule_id, self.account_id, self.batch


def belonging(signal_ids: Iterable[int]) -> set[tuple[int, int]]:
    """Return the pairs of rule and signal that belong to an incident already."""
    return {(rule, signal) for rule, signal in _read(BELONGING, [list(signal_ids)])}


def write_findings(found: Iterable[tuple[Finding, int]]) -> None:
    """Keep why each finding led to its incident, which is given by id."""
    _write([_row(finding, finding.signal, finding.severity, incident=incident) for finding, incident in found])


def write_matches(found: Iterable[tuple[Finding, Match]]) -> None:
    """Keep matches that are to be gathered, with the finding that each stands for."""
    _write(
        [
            _row(finding, match.signal, match.severity, batch=match.batch, carrier=match.carrier_id)
            for finding, match in found
        ]
    )


def about_batches(rules: Sequence[int], signal_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Return the pairs of rule and signal whose batch the signals name, or led to."""
    if not rules:
        return set()
    given = {"rules": list(rules), "signals": list(signal_ids)}
    return {(rule, signal) for rule, signal in _read(ABOUT_BATCHES, given)}


def old_matches(looked_at: Iterable[tuple[int, int]]) -> list[OldMatch]:
    """Return what is on record for pairs of rule and signal."""
    pairs = sorted(looked_at)
    return [OldMatch(*row) for row in _read(OLD, [[rule for rule, _ in pairs], [signal for _, signal in pairs]])]


def forget(matches: Iterable[OldMatch]) -> None:
    """Take from the record what is no match any more."""
    ids = [match.id for match in matches]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM departments_rulematch WHERE id = ANY (%s)", [ids])


def gathered_with(keys: Iterable[Key], rules: Mapping[int, CompiledRule], incidents: Iterable[int]) -> list[Match]:
    """Return the matches under the keys: of the rules' versions, and of the incidents whatever their version."""
    wanted = sorted(keys)
    versions = [rules[rule].version for rule, _, _ in wanted]
    columns: list[list[Any]] = [[key[place] for key in wanted] for place in range(3)]
    return [_match(*row) for row in _read(TOGETHER, [*columns, versions, sorted(incidents)])]


def _match(rule: int, severity: float, batch: str, carrier: int | None, incident: int | None, *signal: Any) -> Match:
    identity, account, kind, order, happened_at, recorded_at, data = signal
    row = SignalRow(identity, account, kind, order, happened_at, recorded_at, json.loads(data))
    return Match(rule, row, severity, batch, carrier, incident)


def link(members: Iterable[tuple[Match, int, int]]) -> None:
    """Say of each match to which incident it belongs, and by which version."""
    rows = [
        {
            "rule_id": match.rule_id,
            "signal_id": match.signal.id,
            "account_id": match.signal.account_id,
            "incident_id": incident_id,
            "version": version,
        }
        for match, incident_id, version in members
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(LINK, [json.dumps(rows)])


def _row(
    finding: Finding,
    signal: SignalRow,
    severity: float,
    *,
    incident: int | None = None,
    batch: str = "",
    carrier: int | None = None,
) -> dict[str, Any]:
    return {
        "rule_id": finding.rule.id,
        "version": finding.rule.version,
        "signal_id": signal.id,
        "account_id": signal.account_id,
        "carrier_id": carrier,
        "batch": batch,
        "happened_at": signal.happened_at.isoformat(),
        "recorded_at": signal.recorded_at.isoformat(),
        "severity": severity,
        "fields": finding.why,
        "incident_id": incident,
    }


def _write(rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [json.dumps(rows)])


def _read(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
