"""One starter at a time: two commands given together must not race for the same data."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retention.devservices.errors import ServiceError

LONGEST_WAIT_SECONDS = 360


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the file lock at `path`; the kernel lets go of it when its holder dies, however it dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        _acquire(handle.fileno(), path)
        yield


def _acquire(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ServiceError(f"Another command has held {path} for too long.") from None
            time.sleep(0.1)
