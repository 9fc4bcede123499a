"""The life of the embedded Valkey server."""

import contextlib
import os
import signal
import socket
import time
from dataclasses import dataclass

from retention.devservices.account import Account
from retention.devservices.errors import ServiceError
from retention.devservices.identity import first_number, runs_with
from retention.devservices.places import Places
from retention.devservices.postgresql import tail
from retention.devservices.programs import Programs

START_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True)
class Valkey:
    """One server over one append-only file, reached by one socket."""

    places: Places
    programs: Programs
    account: Account

    def start(self) -> None:
        """Start the server unless it runs; what it had acknowledged is there again."""
        if self.is_ready():
            return
        # A live one that is not ready is still reading its file: a second would steal its socket.
        if self.pid() is None:
            self.account.own(self.places.valkey_data)
            if self.account.run(self._command(), output=self.places.valkey_log) != 0:
                raise self._failure("does not start")
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server if it is ours and runs, after it has written everything."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        if not self._ends_within(STOP_SECONDS):
            raise self._failure("does not stop")

    def pid(self) -> int | None:
        """The process number of our live server, or None."""
        number = first_number(self.places.valkey_pid)
        ours = number is not None and runs_with(number, program="valkey-server", argument=self.places.valkey_socket)
        return number if ours else None

    def is_ready(self) -> bool:
        """Whether the server answers now, with its data loaded."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.places.valkey_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        return False

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.places.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.places.valkey_data),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",
            "pidfile": str(self.places.valkey_pid),
            "logfile": str(self.places.valkey_log),
            # The arguments tell our server from a stranger with the same process number.
            "set-proc-title": "no",
        }
        command = [str(self.programs.valkey_server)]
        for name, value in options.items():
            command += [f"--{name}", value]
        return command

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if time.monotonic() > deadline:
                raise self._failure("does not answer")
            time.sleep(0.02)

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _failure(self, what: str) -> ServiceError:
        return ServiceError(f"Valkey {what}:\n{tail(self.places.valkey_log)}")
