"""Kills in the middle of an import: what was written stays, and the same import again completes it exactly."""

import csv
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.crash.system import System, kill_group, wait_until

pytestmark = pytest.mark.crash

ACCOUNTS = 2_000
ORDERS = 120_000
EVERYTHING = """
SELECT count(*), count(DISTINCT external_id), sum(amount) FROM accounts_order WHERE source = 'files'
"""
WAITING_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
WRITTEN = "SELECT count(*) FROM accounts_order"
MARKED = "SELECT count(DISTINCT account_id) FROM accounts_accountchange"
# Another transaction that writes the last order too: whoever comes to it has to wait for the outcome.
CLAIM_THE_LAST_ORDER = f"""
INSERT INTO accounts_order (source, external_id, account_id, ordered_at, amount)
SELECT 'files', 'order-{ORDERS - 1}', id, now(), 1 FROM accounts_account LIMIT 1
"""


@pytest.fixture
def orders(system: System, tmp_path: Path) -> Path:
    """A file of orders, whose accounts are in the books."""
    accounts = write(
        tmp_path / "accounts.csv",
        ["external_id", "name"],
        [[f"account-{number}", f"Customer {number}"] for number in range(ACCOUNTS)],
    )
    imported = system.manage("import_records", "accounts", str(accounts))
    assert imported.returncode == 0, imported.stderr
    return write(
        tmp_path / "orders.csv",
        ["external_id", "account", "ordered_at", "amount"],
        [
            [f"order-{number}", f"account-{number % ACCOUNTS}", f"2026-0{1 + number % 9}-15 10:00", str(amount(number))]
            for number in range(ORDERS)
        ],
    )


def amount(number: int) -> Decimal:
    return Decimal(100 + number * 7 % 9973) / 100


def write(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_an_import_is_completed_by_repeating_it_after_a_kill_of_the_database(system: System, orders: Path) -> None:
    interrupt(system, orders, lambda process: system.kill_postgresql())
    system.restart_services()
    assert_repeating_completes(system, orders)


def test_an_import_is_completed_by_repeating_it_after_it_was_killed_itself(system: System, orders: Path) -> None:
    interrupt(system, orders, kill_group)
    assert_repeating_completes(system, orders)


def interrupt(system: System, orders: Path, kill: Callable[[subprocess.Popen[str]], None]) -> None:
    """Kill something while an import has written some batches and works on another."""
    with system.held(CLAIM_THE_LAST_ORDER):
        process = system.start_in_background("manage.py", "import_records", "orders", str(orders))
        wait_until(
            lambda: process.poll() is not None or system.number(WAITING_FOR_A_LOCK) == 1, "the import is under way"
        )
        assert process.poll() is None, "the import ended before it could be interrupted"
        assert 0 < system.number(WRITTEN) < ORDERS
        kill(process)
        assert process.wait() != 0


def assert_repeating_completes(system: System, orders: Path) -> None:
    kept = system.number(WRITTEN)
    again = system.manage("import_records", "orders", str(orders))
    assert again.returncode == 0, again.stderr
    assert f"{ORDERS - kept:,} created" in again.stdout
    assert f"{kept:,} unchanged" in again.stdout
    assert system.rows(EVERYTHING) == [(ORDERS, ORDERS, sum(amount(number) for number in range(ORDERS)))]
    assert system.number(MARKED) == ACCOUNTS
    once_more = system.manage("import_records", "orders", str(orders))
    assert f"{ORDERS:,} unchanged" in once_more.stdout
