"""A whole Holdfast of its own for tests that kill parts of it: durable services, and processes as in production."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import redis

from retention import devservices

ROOT = Path(__file__).resolve().parents[2]
INSTANCE = "crash"
PATIENCE_SECONDS = 180
QUEUE = "celery"

# Accounts in three parts of a run; amounts and days are scattered by arithmetic, the same each time.
ACCOUNTS_SQL = """
INSERT INTO accounts_account (external_id, name, customer_since, annual_revenue)
SELECT 'account-' || n, 'Customer ' || n, date '2024-01-01', 1000 + n %% 977 FROM generate_series(1, %(accounts)s) AS n
"""
ORDERS_SQL = """
INSERT INTO accounts_order (external_id, account_id, ordered_at, amount, recorded_at)
SELECT %(batch)s || '-' || id || '-' || n, id, day, 10 + id * 7 %% 191, day
FROM accounts_account, generate_series(1, %(orders)s) AS n,
     LATERAL (SELECT now() - ((id * 31 + n * 97) %% 640 + 5) * interval '1 day' AS day) AS days
"""
SCORES_SQL = """
SELECT account_id, as_of, risk, baseline, points, not_attributed, annual_revenue FROM retention_score
"""


@dataclass(frozen=True)
class System:
    """Handles to everything that can be started, asked and killed."""

    urls: devservices.ServiceUrls

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "DATABASE_URL": self.urls.database,
            "REDIS_URL": self.urls.redis,
            "DJANGO_SETTINGS_MODULE": "retention.settings.dev",
            "PYTHONWARNINGS": "default",
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end, whatever that is."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=False, text=True, capture_output=True, timeout=600
        )

    def python(self, program: str) -> None:
        """Run a few lines in a process of the project; they must succeed."""
        result = self.manage("shell", "--no-imports", "-c", program)
        assert result.returncode == 0, result.stderr

    def start_in_background(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        """A worker with two processes, killed at the end if it still lives."""
        options = ["--concurrency", "2", "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle"]
        process = self.start_in_background("-m", "celery", "--quiet", "--app", "retention", "worker", *options)
        try:
            yield process
        finally:
            kill_group(process)

    def send(self, task: str) -> None:
        self.python(f"from retention import celery_app; celery_app.send_task({task!r})")

    def sql(self, statement: str, **values: object) -> None:
        with self.connection() as cursor:
            cursor.execute(statement, values or None)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection() as cursor:
            cursor.execute(statement)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def number(self, statement: str) -> int:
        [(number,)] = self.rows(statement)
        return int(number)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A cursor in a transaction that is committed when the block ends well."""
        connection = psycopg2.connect(self.urls.database)
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    @contextmanager
    def held(self, statement: str) -> Iterator[None]:
        """Hold the locks that a statement takes; closing lets go of them, also where the server is gone by then."""
        connection = psycopg2.connect(self.urls.database)
        try:
            connection.cursor().execute(statement)
            yield
        finally:
            connection.close()

    def queued(self) -> int:
        """How many messages wait in the broker for a worker."""
        with redis.Redis.from_url(self.urls.redis) as client:
            return int(client.llen(QUEUE))

    def in_work(self) -> int:
        """How many messages workers have taken and not yet acknowledged."""
        with redis.Redis.from_url(self.urls.redis) as client:
            return int(client.hlen("unacked"))

    def forget_messages(self) -> None:
        with redis.Redis.from_url(self.urls.redis) as client:
            client.flushall()

    def kill_postgresql(self) -> None:
        _kill(devservices.status(INSTANCE).postgresql)

    def kill_valkey(self) -> None:
        _kill(devservices.status(INSTANCE).valkey)

    def restart_services(self) -> None:
        devservices.start(INSTANCE)

    def scores(self) -> dict[int, tuple[Any, ...]]:
        return {row[0]: row[1:] for row in self.rows(SCORES_SQL)}

    def scores_of_an_undisturbed_run(self) -> dict[int, tuple[Any, ...]]:
        """What the last run would have written if nothing had been killed: computed again, as of its moment."""
        self.python(UNDISTURBED)
        return self.scores()


UNDISTURBED = """
from retention.models import ScoringRun
from retention.scoring.rescoring import rescore_range
from retention.scoring.versions import ensure_active_version
run = ScoringRun.objects.first()
for part in run.ranges.all():
    rescore_range(first=part.first, last=part.last, as_of=run.as_of, version=ensure_active_version())
"""


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that other processes bring about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


def kill_group(process: subprocess.Popen[str]) -> None:
    """End a process and all it started as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
