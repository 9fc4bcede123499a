"""Features, engine, database: scoring a set of accounts, and draining the marks of those that changed."""

import contextlib
import datetime
import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.db import connection, transaction

from retention.models import ModelVersion
from retention.scoring.engine import score
from retention.scoring.features import build_inputs, gather
from retention.scoring.figures import read_open_figures, write_incidents
from retention.scoring.known import Known
from retention.scoring.ledger import build_ledger
from retention.scoring.planned import Planned
from retention.scoring.reading import Scope
from retention.scoring.segments import read_range
from retention.scoring.versions import (
    HOLD_SQL,
    IN_FORCE,
    InForce,
    ModelReplacedError,
    held_in_force,
    latest_in_force,
    version_in_force,
)
from retention.scoring.writing import (
    Scored,
    Standing,
    table_of_scores,
    write_scores,
    written_rows,
)

LOCK_CLASS: Final = 0x5C03E
DRAINER_LOCK: Final = 0xD2A1
ACCOUNTS_A_LOCK: Final = 1024
MARKS_A_BATCH: Final = 2000
# Long enough for a steady stream to come in batches, which cost far less than its single changes.
PAUSE: Final = 0.1

# What was taken from the log of marks enters, in the same statement, the log of what changed since it was kept.
# Nobody waits for the disk: if a crash takes the scores, it takes the taking of their marks, too.
NOT_WAITING_SQL: Final = "SET LOCAL synchronous_commit = off"
TAKE_MARKS: Final = Planned(
    """
    WITH taken AS (
        DELETE FROM accounts_accountchange WHERE id IN (
            SELECT id FROM accounts_accountchange ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
        ) RETURNING account_id
    ), passed_on AS (
        INSERT INTO retention_factchange (account_id) SELECT DISTINCT account_id FROM taken
    )
    SELECT account_id FROM taken
    """,
    {"most": "bigint"},
)
LOCK_SQL: Final = f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, bucket) FROM unnest(%(buckets)s::int[]) AS bucket"
# Asked by a later statement than the locks: it sees what had committed when they were had.
WHAT_HOLDS: Final = Planned(f"SELECT clock_timestamp(), {IN_FORCE}", {})


def rescore_range(*, first: int, last: int, as_of: datetime.datetime, version: ModelVersion) -> int:
    """Score the accounts whose ids lie from first to last as of a moment; return how many were written.

    Nobody waits for the disk here either: if a crash takes the scores, it takes it that the range is done, too.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(NOT_WAITING_SQL)
        buckets = range(first // ACCOUNTS_A_LOCK, last // ACCOUNTS_A_LOCK + 1)
        _, in_force = _lock(buckets, InForce.of(version))
        scope, records = Scope.between(first, last), read_range(first, last, as_of)
        known = Known.beside(records, scope, as_of, read_open_figures(first, last))
        return _rescore(known, scope, as_of, in_force)


def rescore_accounts(
    *, account_ids: Iterable[int], as_of: datetime.datetime | None = None, version: ModelVersion
) -> int:
    """Score some accounts, as of the database's clock if no moment is given; return how many were written."""
    with transaction.atomic():
        return _rescore_accounts(sorted(set(account_ids)), as_of, InForce.of(version))


def _rescore_accounts(ids: Sequence[int], as_of: datetime.datetime | None, believed: InForce) -> int:
    # Read after the locks were waited for: what was recorded meanwhile must count.
    clock, in_force = _lock(sorted({account_id // ACCOUNTS_A_LOCK for account_id in ids}), believed)
    moment, scope = as_of or clock, Scope.of_ids(ids)
    return _rescore(Known.read(scope, moment), scope, moment, in_force)


def drain_all_changes(most_batches: int) -> int:
    """Work off marks, batch by batch, unless another worker is at it already; return how many.

    Several drainers do no harm, but beat asks for one every second: a long queue would fill all workers with them.
    """
    with _alone() as is_mine:
        batches = (drain_changes() for _ in range(most_batches if is_mine else 0))
        return sum(itertools.takewhile(bool, batches))


def drain_as_they_come(seconds: float) -> Iterator[int]:
    """Work off marks for so long while they keep coming, and yield after each batch how many; none if not alone at it.

    After each batch it waits a moment for the next marks, and ends if none have come.
    """
    with _alone() as is_mine:
        ends = time.monotonic() + seconds
        while is_mine and (count := drain_changes()):
            yield count
            if time.monotonic() >= ends:
                return
            if count < MARKS_A_BATCH:
                time.sleep(PAUSE)


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Hold, if it is free, a lock that the database takes back by itself when this worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [DRAINER_LOCK])
        row = cursor.fetchone()
    is_mine = row == (True,)
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [DRAINER_LOCK])


def drain_changes() -> int:
    """Work off one batch of marks; return how many, 0 when none is left that nobody else works on.

    Taking the marks and writing the scores is one transaction: if it dies, the marks are back. The facts are read by
    a later statement than the one that took the marks, so they are at least as new as the marks.
    """
    try:
        return _drain(latest_in_force())
    except ModelReplacedError:
        return _drain(InForce.of(version_in_force().version))


def _drain(believed: InForce) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            TAKE_MARKS.execute(cursor, {"most": MARKS_A_BATCH}, ahead=NOT_WAITING_SQL)
            marked = [account_id for (account_id,) in cursor.fetchall()]
        if marked:
            _rescore_accounts(sorted(set(marked)), None, believed)
    return len(marked)


def _rescore(known: Known, scope: Scope, as_of: datetime.datetime, in_force: InForce) -> int:
    version, model = in_force.version, in_force.model
    gathered = gather(known.records, known.reference, as_of, model.window_days)
    scores = score(build_inputs(gathered.facts, model), model.weights)
    scored = Scored(gathered, scores, build_ledger(scores, model.weights), model.weights, version.pk)
    standing = Standing.of(known.standing, gathered.facts.account_ids)
    written = written_rows(scored, standing)
    write_scores(table_of_scores(scored, standing, written), gathered.left, as_of, scope, version.pk)
    write_incidents(scored, written, known.figures)
    return int(written.sum())


def _lock(buckets: Iterable[int], believed: InForce) -> tuple[datetime.datetime, InForce]:
    """Wait until nobody else scores accounts of these buckets, and keep others waiting until this transaction ends.

    In ascending order, so that two never wait for each other. Not the accounts' own rows: locking a million of those
    writes a million rows, and would hold up everybody who edits an account. Returns the clock's time after that, and
    what is in force, which nobody replaces until this transaction ends; raises ModelReplacedError.
    """
    with connection.cursor() as cursor:
        WHAT_HOLDS.execute(cursor, {"buckets": list(buckets)}, ahead=f"{LOCK_SQL}; {HOLD_SQL}")
        moment, *row = cursor.fetchone()
    assert isinstance(moment, datetime.datetime)  # noqa: S101
    return moment, held_in_force(believed, (row[0], row[1], row[2]))
