"""Kills in the middle of detection: every signal is judged, and every incident is opened once."""

import pytest

from tests.crash.system import ACCOUNTS_SQL, System, kill_group, wait_until

pytestmark = pytest.mark.crash

ACCOUNTS = 3_000
LATE_SHIPMENTS_SQL = """
INSERT INTO accounts_signal (external_id, account_id, kind, happened_at, data)
SELECT 'late-' || id, id, 'shipment', now() - interval '3 days', '{"days_late": 7}' FROM accounts_account
"""
WAITING_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
OTHER_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
MARKS = "SELECT count(*) FROM accounts_signalchange"
INCIDENTS = "SELECT count(*) FROM departments_incident"


def test_a_worker_killed_while_it_opens_incidents_leaves_its_marks_to_another(system: System) -> None:
    system.sql(ACCOUNTS_SQL, accounts=ACCOUNTS)
    system.sql(LATE_SHIPMENTS_SQL)
    with system.held("LOCK TABLE departments_incident IN ACCESS EXCLUSIVE MODE"):
        # Detection has taken its marks by then, and waits here to open what it found.
        system.send("retention.detect_changes")
        with system.worker() as worker:
            wait_until(lambda: system.number(WAITING_FOR_A_LOCK) == 1, "the worker hangs in the middle")
            kill_group(worker)
    wait_until(lambda: system.number(OTHER_CONNECTIONS) == 0, "the killed worker's connections are gone")
    assert (system.number(MARKS), system.number(INCIDENTS)) == (ACCOUNTS, 0)

    system.send("retention.detect_changes")
    with system.worker():
        wait_until(lambda: system.number(MARKS) == 0, "another worker has worked off the marks")
    assert system.number(INCIDENTS) == ACCOUNTS
    checked = system.manage("check_records")
    assert checked.returncode == 0, checked.stderr
