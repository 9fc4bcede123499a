"""From marks of changed signals to incidents, in batches: a batch is done wholly or not at all.

One detector works at a time: a second would read a signal before its correction and write after it. A worker that
finds the lock taken goes away, since what is left waits for the first, or for the next beat. Whoever detects in the
foreground waits for the lock, and so knows at the end that nothing is left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import Signal, SignalChange
from departments.actions.opening import NewIncident, open_incidents
from departments.detection.correcting import WITHDRAWN, correct, existing_incidents
from departments.detection.matching import Finding, Rules, SignalRow, compile_rules, findings
from departments.models import DetectionRule

BATCH = 5_000
SOURCE = "detection"
LOCK_IF_FREE = "SELECT pg_try_advisory_xact_lock(hashtext('holdfast.detection'))"
WAIT_FOR_LOCK = "SELECT true FROM pg_advisory_xact_lock(hashtext('holdfast.detection'))"

# Skipping locked rows, not "after the last id": ids are not handed out in the order of commits.
TAKE = """
    DELETE FROM accounts_signalchange
    WHERE id IN (SELECT id FROM accounts_signalchange ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING signal_id
"""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a batch came to: marks worked off, signals looked at, incidents opened, corrected and withdrawn."""

    marks: int = 0
    signals: int = 0
    opened: int = 0
    corrected: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Detection") -> "Detection":
        return Detection(
            self.marks + other.marks,
            self.signals + other.signals,
            self.opened + other.opened,
            self.corrected + other.corrected,
            self.withdrawn + other.withdrawn,
        )


def pending() -> int:
    """Return how many marks wait for detection."""
    return SignalChange.objects.count()


def detect_changes() -> Detection:
    """Work off the marks that wait, unless somebody else does, and return what it came to."""
    return sum(_batches(BATCH, LOCK_IF_FREE), Detection())


def batches(size: int = BATCH) -> Iterator[Detection]:
    """Work off every mark and yield what each batch came to, after its commit; none is left at the end."""
    return _batches(size, WAIT_FOR_LOCK)


def _batches(size: int, lock: str) -> Iterator[Detection]:
    while (detection := _detect_batch(size, lock)).marks:
        yield detection


@transaction.atomic
def _detect_batch(size: int, lock: str) -> Detection:
    """Work off so many marks at most; a failure leaves them all for the next time."""
    with connection.cursor() as cursor:
        cursor.execute(lock)
        if not cursor.fetchone()[0]:
            return Detection()
        cursor.execute(TAKE, [size])
        marked = [row[0] for row in cursor.fetchall()]
    return _detect(marked) if marked else Detection()


def mark_all_signals() -> int:
    """Mark every signal, so that the rules of today are held against all of them; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_signalchange (signal_id) SELECT id FROM accounts_signal ORDER BY id")
        return int(cursor.rowcount)


def _detect(marked: Sequence[int]) -> Detection:
    rules = compile_rules(DetectionRule.objects.filter(is_active=True))
    signals = _read(set(marked), rules)
    found = {(finding.rule.id, finding.signal.id): finding for finding in findings(signals, rules)}
    known = existing_incidents([signal.id for signal in signals])
    fresh = [_new_incident(finding) for pair, finding in found.items() if pair not in known]
    opened = open_incidents(incidents=fresh, acting_person=None).opened
    changes = correct(known, found, (rule.id for of_kind in rules.values() for rule in of_kind))
    withdrawn = sum(change.verb == WITHDRAWN for change in changes)
    return Detection(len(marked), len(signals), opened, len(changes) - withdrawn, withdrawn)


def _read(signal_ids: set[int], rules: Rules) -> list[SignalRow]:
    columns = ("id", "account_id", "kind", "order_id", "happened_at", "recorded_at", "data")
    rows = Signal.objects.filter(pk__in=signal_ids, kind__in=rules).order_by("pk").values_list(*columns)
    return [SignalRow(*row) for row in rows]


def _new_incident(finding: Finding) -> NewIncident:
    """What is found was known as soon as its signal was: history that is loaded later is judged by its own time."""
    signal, rule = finding.signal, finding.rule
    return NewIncident(
        account_id=signal.account_id,
        friction_type_id=rule.friction_type_id,
        severity=finding.severity,
        title=finding.title,
        happened_at=signal.happened_at,
        recorded_at=signal.recorded_at,
        order_id=signal.order_id,
        signal_id=signal.id,
        rule_id=rule.id,
        rule_version=rule.version,
        source=SOURCE,
        external_id=f"{rule.id}:{signal.id}",
    )
