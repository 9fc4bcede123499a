"""Whether a process is the one we started: process numbers are reused, command lines tell."""

import os
from pathlib import Path

import psutil


def runs_with(pid: int, *, program: str, argument: Path) -> bool:
    """Whether a live process runs `program` with `argument` among its arguments."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        # Gone, or so foreign that we may not even look: either way not ours.
        return False
    return alive and bool(command) and os.path.basename(command[0]) == program and str(argument) in command


def first_number(path: Path) -> int | None:
    """The process number that a lock or pid file starts with, None where there is none."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return None
    word = lines[0].strip() if lines else ""
    return abs(int(word)) if word.lstrip("-").isdigit() else None


def replace_first_line(path: Path, line: str) -> None:
    """Change a lock file's first line in place, keeping its owner, and never through a link."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+", errors="replace") as handle:
        rest = handle.read().splitlines()[1:]
        handle.seek(0)
        handle.truncate()
        handle.write("\n".join([line, *rest]) + "\n")
