"""Files read ahead by a second process, which unpacks and parses while this one makes records of what came before.

Only where that helps and is safe: on Linux, with a second processor, for files that are worth it, and in a process
without other threads, whose locks a forked one would find held for ever.
"""

import contextlib
import datetime as dt
import fcntl
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from retention.imports.mapping import Mapping
from retention.imports.reading import Deliver, Event, read_file

# Below this the other process would hardly have begun when this one is done.
WORTH_A_PROCESS_BYTES = 1024**2
# Room for some blocks, so that neither process waits for the other at every one.
PIPE_BYTES = 1024**2


class _EndOfFile(NamedTuple):
    """The file was read to its end, or the error why not."""

    error: Exception | None


def can_read_ahead(paths: Sequence[Path]) -> bool:
    """Whether a second process would help."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2 or threading.active_count() > 1:
        return False
    return sum(path.stat().st_size for path in paths if path.is_file()) >= WORTH_A_PROCESS_BYTES


class FilesReadAhead:
    """Files as another process reads them, in their order; it reads no further ahead than a pipe holds."""

    def __init__(self, reader: int, stream: IO[bytes]) -> None:
        self._reader = reader
        self._stream = stream

    def read(self, deliver: Deliver) -> None:
        """Deliver the events of the next file; raises what its reading raised."""
        while not isinstance(event := self._next(), _EndOfFile):
            deliver(event)
        if event.error is not None:
            raise event.error

    def _next(self) -> Event | _EndOfFile:
        try:
            found: Event | _EndOfFile = pickle.load(self._stream)  # noqa: S301 - written by our own process
        except (EOFError, pickle.UnpicklingError) as error:
            raise RuntimeError("the process that reads the files has died") from error
        return found

    def close(self) -> None:
        """End the other process, wherever it is."""
        self._stream.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._reader, signal.SIGKILL)
        os.waitpid(self._reader, 0)


@contextlib.contextmanager
def read_ahead(paths: Sequence[Path], mapping: Mapping, shift: dt.timedelta) -> Iterator[FilesReadAhead]:
    """Let another process read the files."""
    output, entry = os.pipe()
    fcntl.fcntl(entry, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    reader = os.fork()
    if reader == 0:
        os.close(output)
        _read_and_exit(paths, mapping, shift, entry)
    os.close(entry)
    files = FilesReadAhead(reader, os.fdopen(output, "rb", PIPE_BYTES))
    try:
        yield files
    finally:
        files.close()


def _read_and_exit(paths: Sequence[Path], mapping: Mapping, shift: dt.timedelta, entry: int) -> None:
    """Live as the other process. It must not return: what it inherited, such as connections, is not its own."""
    status = 1
    try:
        # Interrupted from the keyboard, both are; the one that imports ends the other.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with os.fdopen(entry, "wb", PIPE_BYTES) as stream:
            _read_all(paths, mapping, shift, stream)
        status = 0
    except BrokenPipeError:
        # Nobody listens any more.
        status = 0
    except Exception:  # noqa: BLE001 - the other process hears of it by the end of the pipe, and the log by this
        traceback.print_exc()
    finally:
        os._exit(status)


def _read_all(paths: Sequence[Path], mapping: Mapping, shift: dt.timedelta, stream: IO[bytes]) -> None:
    def deliver(event: Event | _EndOfFile) -> None:
        stream.write(pickle.dumps(event, pickle.HIGHEST_PROTOCOL))
        stream.flush()

    for path in paths:
        try:
            read_file(path, mapping, shift, deliver)
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the files are imported
            deliver(_EndOfFile(error))
            return
        deliver(_EndOfFile(None))
