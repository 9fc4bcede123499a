"""The embedded services under rough treatment: real servers in a folder of their own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from retention import devservices
from retention.devservices.identity import replace_first_line
from retention.devservices.places import places

INSTANCE = "dev"


@pytest.fixture(scope="module")
def used_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder like a checkout whose services hold facts, shared since making a database takes a while."""
    checkout = tmp_path_factory.mktemp("used")
    write_facts(start(checkout))
    yield checkout
    forget(checkout)


@pytest.fixture
def checkout(used_checkout: Path) -> Path:
    """The folder whose services hold facts, and run."""
    start(used_checkout)
    return used_checkout


@pytest.fixture
def empty_checkout(tmp_path: Path) -> Iterator[Path]:
    """A folder like a checkout whose services were never started."""
    yield tmp_path
    forget(tmp_path)


def forget(checkout: Path) -> None:
    devservices.reset(INSTANCE, root=checkout)
    shutil.rmtree(places(INSTANCE, root=checkout).home.parent)


def start(checkout: Path) -> devservices.ServiceUrls:
    return devservices.start(INSTANCE, root=checkout)


def status(checkout: Path) -> devservices.Status:
    return devservices.status(INSTANCE, root=checkout)


def write_facts(urls: devservices.ServiceUrls) -> None:
    with psycopg2.connect(urls.database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE fact AS SELECT 42 AS answer")
    connection.close()
    with redis.Redis.from_url(urls.redis) as client:
        client.set("answer", 42)


def read_facts(urls: devservices.ServiceUrls) -> tuple[int, int]:
    connection = psycopg2.connect(urls.database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM fact")
        [in_database] = cursor.fetchall()[0]
    connection.close()
    with redis.Redis.from_url(urls.redis) as client:
        return in_database, int(client.get("answer"))


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def wait_for_end(pid: int) -> None:
    while psutil.pid_exists(pid):
        time.sleep(0.01)


def test_data_outlive_a_kill_of_both_servers(checkout: Path) -> None:
    before = status(checkout)
    kill(before.postgresql)
    kill(before.valkey)
    assert read_facts(start(checkout)) == (42, 42)
    after = status(checkout)
    assert after.is_complete
    assert after.postgresql != before.postgresql
    assert after.valkey != before.valkey


def test_data_outlive_an_orderly_stop(checkout: Path) -> None:
    devservices.stop(INSTANCE, root=checkout)
    assert status(checkout) == devservices.Status(postgresql=None, valkey=None)
    assert read_facts(start(checkout)) == (42, 42)


def test_a_second_start_leaves_running_servers_alone(checkout: Path) -> None:
    before = status(checkout)
    start(checkout)
    assert status(checkout) == before


def test_a_strangers_process_number_in_stale_files_neither_stops_a_start_nor_is_harmed(checkout: Path) -> None:
    where = places(INSTANCE, root=checkout)
    for pid in (status(checkout).postgresql, status(checkout).valkey):
        kill(pid)
        wait_for_end(pid or 0)
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        replace_first_line(where.postgresql_data / "postmaster.pid", str(stranger.pid))
        replace_first_line(where.sockets / ".s.PGSQL.5432.lock", str(stranger.pid))
        replace_first_line(where.valkey_pid, str(stranger.pid))
        assert status(checkout) == devservices.Status(postgresql=None, valkey=None)
        devservices.stop(INSTANCE, root=checkout)
        assert read_facts(start(checkout)) == (42, 42)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("remains", ["", "garbage\n"])
def test_unreadable_lock_files_do_not_stop_a_start(checkout: Path, remains: str) -> None:
    where = places(INSTANCE, root=checkout)
    kill(status(checkout).postgresql)
    (where.postgresql_data / "postmaster.pid").write_text(remains)
    (where.sockets / ".s.PGSQL.5432.lock").write_text(remains)
    assert read_facts(start(checkout)) == (42, 42)


def test_half_made_data_are_made_again(empty_checkout: Path) -> None:
    where = places(INSTANCE, root=empty_checkout)
    unfinished = where.home / "postgresql.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    write_facts(start(empty_checkout))
    assert read_facts(start(empty_checkout)) == (42, 42)
    assert not unfinished.exists()


def test_two_starters_at_once_get_one_pair_of_servers(empty_checkout: Path) -> None:
    program = "import pathlib, sys; from retention import devservices"
    program += "; devservices.start('dev', root=pathlib.Path(sys.argv[1]))"
    starters = [subprocess.Popen([sys.executable, "-c", program, str(empty_checkout)]) for _ in range(3)]
    assert [starter.wait() for starter in starters] == [0, 0, 0]
    assert status(empty_checkout).is_complete


def test_a_reset_forgets_everything(empty_checkout: Path) -> None:
    write_facts(start(empty_checkout))
    devservices.reset(INSTANCE, root=empty_checkout)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        read_facts(start(empty_checkout))


def test_the_servers_run_without_roots_rights_and_behind_a_private_folder(checkout: Path) -> None:
    where = places(INSTANCE, root=checkout)
    assert where.sockets.stat().st_mode & 0o777 == 0o700
    assert where.postgresql_data.stat().st_uid != 0
    assert where.valkey_data.stat().st_uid != 0
