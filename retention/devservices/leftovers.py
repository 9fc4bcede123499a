"""Processes of this checkout that a killed `make demo` or `make dev` left behind."""

import contextlib
import os
import signal
from pathlib import Path

import psutil

from retention.devservices.errors import ServiceError

# Every process of a run, and whatever it starts in turn, carries its checkout in this variable.
MARK = "HOLDFAST_RUN"
PATIENCE_SECONDS = 5


class RunRecord:
    """Who runs the demo of this checkout: a file with a process number and when that process began."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self) -> None:
        """Become the one that runs; refuse while another lives."""
        words = self.path.read_text().split() if self.path.exists() else []
        if len(words) == 2 and words != _identity(os.getpid()) and words == _identity(int(words[0])):
            raise ServiceError(f"It runs already, as process {words[0]}: stop that one first (Ctrl-C).")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(" ".join(_identity(os.getpid())))

    def release(self) -> None:
        self.path.unlink(missing_ok=True)


def end_leftovers(mark: str) -> int:
    """End every process that carries the mark, except this one and those it came from; how many there were."""
    found = _marked(mark)
    for process in found:
        _send(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(found, timeout=PATIENCE_SECONDS)
    for process in stubborn:
        _send(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=PATIENCE_SECONDS)
    return len(found)


def _marked(mark: str) -> list[psutil.Process]:
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    return [process for process in psutil.process_iter() if process.pid not in spared and _carries(process, mark)]


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        # Gone in the meantime, or another user's and so none of ours.
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    # psutil compares the time of birth first: a reused number gets no signal.
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _identity(pid: int) -> list[str]:
    """A process as number and birth, which together are never reused; nothing for a dead one."""
    try:
        return [str(pid), str(psutil.Process(pid).create_time())]
    except psutil.NoSuchProcess:
        return []
