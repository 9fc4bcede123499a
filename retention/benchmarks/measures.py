"""What is measured, each as a function that does the work once and returns the seconds it took."""

import resource
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.models import Account
from departments.models import Incident
from retention.scoring.binary import to_copy
from retention.scoring.reading import copy_out
from retention.scoring.rescoring import drain_changes, rescore_accounts, rescore_range
from retention.scoring.runs import account_ranges
from retention.scoring.versions import ensure_active_version

# The floor: every order and every responsibility read once from its covering index, and nothing computed.
SCAN_SQL = """
    SELECT count(*), max(ordered_at), max(amount), max(recorded_at) FROM accounts_order WHERE account_id > 0
    UNION ALL
    SELECT count(*), max(happened_at), max(share)::numeric, max(resolved_at)
    FROM departments_responsibility WHERE account_id > 0
"""
TURN_BACK_SQL = """
    DELETE FROM retention_scorehistory WHERE as_of > now();
    UPDATE retention_score AS score
    SET as_of = least(score.as_of, now()), history_as_of = kept.as_of, history_risk = kept.risk,
        history_before = kept.before
    FROM (SELECT account_id, as_of, risk, lag(as_of) OVER history AS before,
                 lead(as_of) OVER history IS NULL AS is_last
          FROM retention_scorehistory WINDOW history AS (PARTITION BY account_id ORDER BY as_of)) AS kept
    WHERE kept.account_id = score.account_id AND kept.is_last
"""
COPY_TABLE_SQL = "CREATE TEMPORARY TABLE floor_score (account_id bigint PRIMARY KEY, risk float8) ON COMMIT DROP"


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work took, in seconds of wall time."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def scan() -> None:
    """Read every order and responsibility from the indexes that scoring reads."""
    with connection.cursor() as cursor:
        cursor.execute(SCAN_SQL)
        cursor.fetchall()


def account_ids() -> npt.NDArray[np.int64]:
    """Return the ids of all accounts."""
    return copy_out("SELECT id FROM accounts_account ORDER BY id", {}, {"id": ">i8"})["id"]


def write(ids: npt.NDArray[np.int64]) -> None:
    """Write a number for every account by COPY into a table with a primary key."""
    rows = to_copy({"account_id": ids, "risk": np.zeros(len(ids))})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COPY_TABLE_SQL)
        cursor.copy_expert("COPY floor_score FROM STDIN (FORMAT BINARY)", rows)


def rescore_everything() -> None:
    """Score every account as the nightly run does, range by range, in this process."""
    version, now = ensure_active_version(), timezone.now()
    for first, last in account_ranges():
        rescore_range(first=first, last=last, as_of=now, version=version)


def turn_back() -> None:
    """Forget the nights to come: today's changes count again, and scores say of their history what stands in it."""
    with connection.cursor() as cursor:
        cursor.execute(TURN_BACK_SQL)


def rescore_one_by_one(sample: int) -> None:
    """Score each account of a sample by itself, by the same statements as all of them; nothing of it is kept."""
    version = ensure_active_version()
    with transaction.atomic():
        for account_id in list(Account.objects.order_by("pk").values_list("pk", flat=True)[:sample]):
            rescore_accounts(account_ids=[account_id], version=version)
        transaction.set_rollback(True)


def some_accounts(count: int) -> list[Account]:
    """Return accounts chosen at random of those that have an open incident."""
    return list(
        Account.objects.filter(Exists(Incident.objects.open().filter(account=OuterRef("pk")))).order_by("?")[:count]
    )


def state_revenue(account: Account) -> None:
    """Change what an account is worth by one."""
    Account.objects.filter(pk=account.pk).update(annual_revenue=F("annual_revenue") + 1)


def grade_incident(account: Account) -> None:
    """Call an open incident of an account severe that was slight, or slight that was severe; its money moves too."""
    graded = Incident.objects.open().filter(account=account).order_by("pk").values_list("pk")[:1]
    Incident.objects.filter(pk__in=graded).update(severity=1 - F("severity"))


def single_changes(accounts: Iterable[Account], change_one: Callable[[Account], None]) -> Iterator[float]:
    """Change one account after another and yield the seconds from its commit to its stored score."""
    drain_changes()
    for account in accounts:
        change_one(account)
        yield seconds(drain_changes)


def sweep() -> None:
    """Clear away what was kept before, so that the database does not do it while something is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM retention_factsegment, retention_factchange, retention_score")
        cursor.execute("CHECKPOINT")


def change(count: int) -> None:
    """Change so many accounts, chosen at random."""
    chosen = Account.objects.order_by("?").values_list("pk", flat=True)[:count]
    Account.objects.filter(pk__in=list(chosen)).update(annual_revenue=F("annual_revenue") + 1)


def peak_memory() -> float:
    """Return the most memory that this process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
