"""Marks are never lost: not by two drainers at once, not by a worker that dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from accounts.models import Account, AccountChange
from departments.models import Incident
from retention.models import Score
from retention.scoring import rescoring
from retention.scoring.rescoring import drain_all_changes, drain_as_they_come, drain_changes
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def run_in_threads(*works: threading.Thread) -> None:
    for work in works:
        work.start()
    for work in works:
        work.join(timeout=60)
        assert not work.is_alive()


def drain_until(stop: threading.Event) -> None:
    """Drain as a worker does, with a connection of its own, until told to stop and nothing is left."""
    try:
        while True:
            asked_to_stop = stop.is_set()
            if drain_changes() == 0 and asked_to_stop:
                return
    finally:
        connections.close_all()


def worsen_again_and_again(incidents: list[int], stop: threading.Event) -> None:
    """Change the same incidents over and over, each change in a transaction of its own."""
    try:
        for round_number in range(1, 21):
            for incident in incidents:
                Incident.objects.filter(pk=incident).update(severity=round_number / 20)
    finally:
        stop.set()
        connections.close_all()


@pytest.fixture
def accounts() -> list[Account]:
    made = [make.account() for _ in range(5)]
    for account in made:
        make.incident(account, severity=0.0)
    ensure_active_version()
    return made


def test_two_drainers_at_once_lose_no_change(accounts: list[Account]) -> None:
    incidents = list(Incident.objects.values_list("pk", flat=True))
    stop = threading.Event()
    run_in_threads(
        threading.Thread(target=drain_until, args=(stop,)),
        threading.Thread(target=drain_until, args=(stop,)),
        threading.Thread(target=worsen_again_and_again, args=(incidents, stop)),
    )
    assert not AccountChange.objects.exists()
    final = dict(Score.objects.values_list("account_id", "risk"))
    severest = make.account()
    make.incident(severest, severity=1.0)
    drain_changes()
    expected = Score.objects.get(account=severest).risk
    assert final == pytest.approx({account.pk: expected for account in accounts}, abs=1e-6)


def test_a_second_worker_leaves_the_queue_to_the_first(accounts: list[Account]) -> None:
    marks = AccountChange.objects.count()
    refused: list[int] = []

    def try_meanwhile() -> None:
        try:
            refused.append(drain_all_changes(most_batches=5))
        finally:
            connections.close_all()

    with rescoring._alone() as is_mine:
        assert is_mine
        run_in_threads(threading.Thread(target=try_meanwhile))
    assert refused == [0]
    assert drain_all_changes(most_batches=5) == marks
    assert not AccountChange.objects.exists()


def test_a_drainer_goes_on_while_changes_come(accounts: list[Account]) -> None:
    batches = drain_as_they_come(seconds=60.0)
    assert next(batches) > 0
    Incident.objects.filter(account=accounts[0]).update(severity=1.0)
    assert list(batches) == [1]
    assert not AccountChange.objects.exists()


def test_a_drainer_whose_time_is_up_leaves_the_rest_to_the_next(accounts: list[Account]) -> None:
    batches = drain_as_they_come(seconds=0.0)
    assert next(batches) > 0
    Incident.objects.filter(account=accounts[0]).update(severity=1.0)
    assert list(batches) == []
    assert list(drain_as_they_come(seconds=0.0)) == [1]


def test_a_failure_in_the_middle_brings_the_marks_back(accounts: list[Account]) -> None:
    marks = AccountChange.objects.count()
    with pytest.raises(ZeroDivisionError):
        drain_and_fail()
    assert AccountChange.objects.count() == marks
    assert not Score.objects.exists()


@transaction.atomic
def drain_and_fail() -> None:
    drain_changes()
    raise ZeroDivisionError


DRAIN_AND_STALL = """
import django, time
django.setup()
from django.db import connections, transaction
connections["default"].settings_dict["NAME"] = {database!r}
from retention.scoring.rescoring import drain_changes
with transaction.atomic():
    print(drain_changes(), flush=True)
    time.sleep(60)
"""


def test_a_worker_killed_in_the_middle_leaves_its_marks_to_the_next(accounts: list[Account]) -> None:
    marks = AccountChange.objects.count()
    script = DRAIN_AND_STALL.format(database=settings.DATABASES["default"]["NAME"])
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    try:
        assert worker.stdout is not None
        assert int(worker.stdout.readline()) == marks
        os.kill(worker.pid, signal.SIGKILL)
    finally:
        worker.kill()
        worker.communicate()
    wait_until_no_other_session_is_in_a_transaction()
    assert AccountChange.objects.count() == marks
    assert drain_changes() == marks
    assert Score.objects.count() == len(accounts)


def wait_until_no_other_session_is_in_a_transaction() -> None:
    """The server notices a killed client when it next reads from it."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state LIKE 'idle in transaction%'"
            )
            row = cursor.fetchone()
        if row == (0,):
            return
        time.sleep(0.05)
    raise AssertionError("a killed client's session is still there")


def test_a_slow_drainer_waits_for_another_and_sees_what_it_did_not(accounts: list[Account]) -> None:
    """The second drainer's facts are read after the first has written: from then on nothing old overwrites new."""
    account = accounts[0]
    drain_changes()
    Incident.objects.filter(account=account).update(severity=0.5)
    second = threading.Thread(target=drain_until, args=(_set(),))
    with transaction.atomic():
        assert drain_changes() == 1
        half = Score.objects.get(account=account).risk
        Incident.objects.filter(account=account).update(severity=1.0)
        second.start()
    second.join(timeout=60)
    drain_changes()
    assert Score.objects.get(account=account).risk > half


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event
