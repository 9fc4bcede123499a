"""From marks of changed signals to incidents, in batches: a batch is done wholly or not at all.

One detector works at a time: a second would read a signal before its correction and write after it. A worker that
finds the lock taken goes away, since what is left waits for the first, or for the next beat. Whoever detects in the
foreground waits for the lock, and so knows at the end that nothing is left.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import Signal, SignalChange
from accounts.moments import first_id_of
from departments.actions.opening import NewIncident, open_incidents
from departments.detection.correcting import WITHDRAWN, Change, Pair, correct, existing_incidents
from departments.detection.gathering import gather, new_incident
from departments.detection.matching import CompiledRule, Finding, Rules, SignalRow, compile_rules, findings
from departments.detection.records import about_batches, belonging, write_findings
from departments.models import DetectionRule

BATCH = 5_000
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


def mark_signals_since(kind: str, moment: datetime.datetime) -> None:
    """Mark the signals of a kind that came since the moment, to be looked at again; nothing is opened twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_signalchange (signal_id)"
            " SELECT id FROM accounts_signal WHERE kind = %s AND public_id >= %s ORDER BY id",
            [kind, first_id_of(moment)],
        )


def wait_for_detection() -> None:
    """Let whoever detects now come to its end, and nobody begin before the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute(WAIT_FOR_LOCK)


def _detect(marked: Sequence[int]) -> Detection:
    return hold(marked, compile_rules(DetectionRule.objects.filter(is_active=True)))


def hold(marked: Sequence[int], rules: Rules) -> Detection:
    """Hold the rules against the signals, within a transaction and under the lock; open, correct and withdraw."""
    gathering = {rule.id: rule for of_kind in rules.values() for rule in of_kind if rule.gathers}
    signals = _read(set(marked), rules)
    found = list(findings(signals, rules))
    single = {(one.rule.id, one.signal.id): one for one in found if not one.rule.gathers}
    plain = {rule.id for of_kind in rules.values() for rule in of_kind} - gathering.keys()
    result = _settle(single, [signal.id for signal in signals], plain)
    if gathering:
        result += _gather([one for one in found if one.rule.gathers], signals, marked, gathering)
    return result + Detection(marks=len(marked), signals=len(signals))


def _settle(found: Mapping[Pair, Finding], signal_ids: Sequence[int], plain: set[int]) -> Detection:
    """Open and correct the incidents of rules that open one for a signal."""
    known = existing_incidents(signal_ids)
    taken = known.keys() | (belonging(signal_ids) if found else set())
    fresh = [finding for pair, finding in found.items() if pair not in taken]
    done = open_incidents(incidents=[_new_incident(finding) for finding in fresh], acting_person=None)
    write_findings((finding, one.incident_id) for finding, one in zip(fresh, done.incidents, strict=True))
    changes = correct(known, found, plain)
    still = [(found[pair], change.row["id"]) for change in changes if (pair := _pair(change)) in found]
    write_findings(still)
    withdrawn = sum(change.verb == WITHDRAWN for change in changes)
    return Detection(opened=done.opened, corrected=len(changes) - withdrawn, withdrawn=withdrawn)


def _pair(change: Change) -> Pair:
    return change.row["rule_id"], change.row["signal_id"]


def _gather(
    found: list[Finding], signals: Sequence[SignalRow], marked: Sequence[int], rules: Mapping[int, CompiledRule]
) -> Detection:
    """Bring the incidents of rules that gather in line; whoever names a batch brings up what was found in it before."""
    looked_at = {(rule.id, one.id) for one in signals for rule in rules.values() if rule.kind == one.kind}
    following = [rule.id for rule in rules.values() if rule.follows_batches]
    again = about_batches(following, marked) - looked_at
    if again:
        rereading = _by_kind(rules[rule] for rule in {rule for rule, _ in again})
        reread = _read({signal for _, signal in again}, rereading)
        found = [*found, *(one for one in findings(reread, rereading) if (one.rule.id, one.signal.id) in again)]
    done = gather(found, looked_at | again, rules)
    return Detection(opened=done.opened, corrected=done.corrected, withdrawn=done.withdrawn)


def _by_kind(rules: Iterable[CompiledRule]) -> Rules:
    together: dict[str, tuple[CompiledRule, ...]] = {}
    for rule in rules:
        together[rule.kind] = (*together.get(rule.kind, ()), rule)
    return together


def _read(signal_ids: set[int], rules: Rules) -> list[SignalRow]:
    columns = ("id", "account_id", "kind", "order_id", "happened_at", "recorded_at", "data")
    rows = Signal.objects.filter(pk__in=signal_ids, kind__in=rules).order_by("pk").values_list(*columns)
    return [SignalRow(*row) for row in rows]


def _new_incident(finding: Finding) -> NewIncident:
    return new_incident(finding, f"{finding.rule.id}:{finding.signal.id}")
