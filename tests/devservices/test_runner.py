"""`make dev` from the outside: what it says when it cannot start, and that nothing outlives it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retention import devservices
from retention.devservices.leftovers import MARK, end_leftovers
from retention.devservices.places import CHECKOUT
from retention.devservices.runner import environment_on

COMMAND = [sys.executable, "-m", "retention.devservices.runner", "dev"]
INSTANCE = "runnertest"
OUR_MARK = f"{INSTANCE} {CHECKOUT}"
PATIENCE_SECONDS = 180


def environment(port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", MARK)}
    return {**inherited, "PORT": str(port), "HOLDFAST_SERVICES": INSTANCE}


@pytest.fixture
def port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        number: int = attempt.getsockname()[1]
    return number


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file for the output; whatever a failed test leaves running is ended."""
    yield tmp_path / "output"
    end_leftovers(OUR_MARK)


@pytest.fixture(scope="module", autouse=True)
def _own_services() -> Iterator[None]:
    """Services that only these tests use: a demo that runs in this checkout stays as it is."""
    yield
    devservices.reset(INSTANCE)
    shutil.rmtree(CHECKOUT / ".local" / f"{INSTANCE}-run", ignore_errors=True)


def run(port: int, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(COMMAND, env=environment(port), stdout=output, stderr=output, cwd=CHECKOUT)


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "Ready: " not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def marked_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == OUR_MARK and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_an_interrupt_ends_everything_that_was_started(port: int, log: Path) -> None:
    process = run(port, log)
    wait_until_ready(process, log)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
        assert answer.status == 200
    assert len(marked_processes()) > 3
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 0, log.read_text()
    assert marked_processes() == []
    assert devservices.status(INSTANCE) == devservices.Status(postgresql=None, valkey=None)


def test_a_start_after_a_kill_ends_what_the_killed_one_left(port: int, log: Path) -> None:
    killed = run(port, log)
    wait_until_ready(killed, log)
    killed.kill()
    killed.wait()
    left_behind = marked_processes()
    assert left_behind
    again = run(port, log)
    wait_until_ready(again, log)
    assert not any(process.is_running() and process.status() != "zombie" for process in left_behind)
    again.terminate()
    assert again.wait(PATIENCE_SECONDS) == 0, log.read_text()


def test_one_dead_process_ends_the_others_and_says_so(port: int, log: Path) -> None:
    process = run(port, log)
    wait_until_ready(process, log)
    beat = next(each for each in marked_processes() if "beat" in each.cmdline())
    beat.kill()
    assert process.wait(PATIENCE_SECONDS) == 1
    assert "One of the processes ended" in log.read_text()
    assert marked_processes() == []


def test_a_busy_port_is_named_before_anything_starts(log: Path) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        busy = occupant.getsockname()[1]
        process = run(busy, log)
        assert process.wait(PATIENCE_SECONDS) == 1
    assert f"Port {busy} is in use by another program" in log.read_text()
    assert devservices.status(INSTANCE) == devservices.Status(postgresql=None, valkey=None)


@pytest.mark.parametrize("number", [0, 70_000])
def test_a_port_that_cannot_be_is_refused(number: int, log: Path) -> None:
    assert run(number, log).wait(PATIENCE_SECONDS) == 1
    assert "write a number from 1 to 65535" in log.read_text()


def test_mails_lead_to_the_port_unless_an_address_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SITE_URL", raising=False)
    assert environment_on("8123")["SITE_URL"] == "http://127.0.0.1:8123"
    monkeypatch.setenv("SITE_URL", "https://holdfast.example")
    assert environment_on("8123")["SITE_URL"] == "https://holdfast.example"
