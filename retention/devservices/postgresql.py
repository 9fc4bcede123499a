"""The life of the embedded PostgreSQL server: created, started, recovered, stopped."""

import locale
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from retention.devservices.account import Account, own_environment, remove
from retention.devservices.errors import ServiceError
from retention.devservices.identity import first_number, replace_first_line, runs_with
from retention.devservices.places import DATABASE_NAME, DATABASE_USER, POSTGRESQL_SOCKET, Places
from retention.devservices.programs import Programs

RECOVERY_SECONDS = 15
# Above every system's highest process number, so that nobody can be meant by it.
NO_PROCESS = 2**31 - 1

CONFIGURATION = """\
# Written at every start; edit retention/devservices/postgresql.py instead.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
effective_cache_size = 2GB
random_page_cost = 1.1
jit = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 15min
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
default_text_search_config = 'pg_catalog.english'
"""
# A test database is made anew each time: nothing is lost that a crash could take.
DISPOSABLE_CONFIGURATION = """\
fsync = off
synchronous_commit = off
full_page_writes = off
"""
DISPOSABLE_INSTANCE = "test"
# What is measured at ten million rows is to be held in memory, as on any server of that size. Later lines win.
MEASURED_CONFIGURATION = """\
shared_buffers = 4GB
work_mem = 64MB
maintenance_work_mem = 1GB
effective_cache_size = 8GB
max_wal_size = 8GB
checkpoint_timeout = 30min
"""
MEASURED_INSTANCE = "bench"


@dataclass(frozen=True)
class PostgreSQL:
    """One server over one data folder, reached by one socket."""

    places: Places
    programs: Programs
    account: Account

    @property
    def lock_file(self) -> Path:
        return self.places.postgresql_data / "postmaster.pid"

    def start(self) -> None:
        """Start the server unless it runs, creating its data the first time."""
        if self.pid() is not None and self.is_ready():
            return
        if not (self.places.postgresql_data / "PG_VERSION").exists():
            self._create()
        self._configure()
        self._start_after_a_crash_too()

    def stop(self) -> None:
        """Stop the server if it is ours and runs; open transactions are rolled back."""
        for mode in ("fast", "immediate"):
            if self.pid() is None or self._pg_ctl("-m", mode, "-t", "60", "stop") == 0:
                return
        raise ServiceError(f"PostgreSQL does not stop; its log is {self.places.postgresql_log}.")

    def pid(self) -> int | None:
        """The process number of our live server, or None."""
        number = first_number(self.lock_file)
        return number if number is not None and self._is_ours(number) else None

    def is_ready(self) -> bool:
        """Whether the server accepts connections now."""
        program = str(self.programs.postgresql / "pg_isready")
        command = [program, "-q", "-h", str(self.places.sockets), "-t", "5"]
        return subprocess.run(command, check=False, env=own_environment()).returncode == 0

    def _is_ours(self, pid: int) -> bool:
        return runs_with(pid, program="postgres", argument=self.places.postgresql_data)

    def _create(self) -> None:
        """Make the data folder and the database beside their final name, so that half a one is never used."""
        unfinished = self.places.home / "postgresql.unfinished"
        remove(unfinished)
        remove(self.places.postgresql_data)
        self.account.own(unfinished)
        self._run("initdb", "-D", unfinished, "-U", DATABASE_USER, *_initdb_options(), *self._initdb_speed())
        self._create_database(unfinished)
        unfinished.rename(self.places.postgresql_data)

    def _create_database(self, data: Path) -> None:
        # One statement by the single-user server: nothing to wait for, nothing left running.
        statement = self.places.home / "create.sql"
        statement.write_text(f"CREATE DATABASE {DATABASE_NAME} OWNER {DATABASE_USER}\n")
        statement.chmod(0o644)
        shell = 'exec "$0" --single -D "$1" postgres < "$2"'
        program = self.programs.postgresql / "postgres"
        status = self.account.run(["/bin/sh", "-c", shell, program, data, statement], output=self.places.postgresql_log)
        statement.unlink()
        self._check("create the database", status)

    def _configure(self) -> None:
        folder = str(self.places.sockets).replace("'", "''")
        text = CONFIGURATION.format(sockets=folder)
        if self.places.instance == DISPOSABLE_INSTANCE:
            text += DISPOSABLE_CONFIGURATION
        if self.places.instance.startswith(MEASURED_INSTANCE):
            text += MEASURED_CONFIGURATION
        self.places.postgresql_configuration.write_text(text)
        self.places.postgresql_configuration.chmod(0o644)

    def _start_after_a_crash_too(self) -> None:
        # Children of a killed server take a moment to notice, and hold its memory until then.
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            self._disown_stale_locks()
            if self._start() == 0 and self.is_ready():
                return
            if time.monotonic() > deadline:
                raise ServiceError(f"PostgreSQL does not start:\n{tail(self.places.postgresql_log)}")
            time.sleep(0.5)

    def _disown_stale_locks(self) -> None:
        """Take a foreign process's number out of lock files that a crash left behind.

        PostgreSQL believes any live process of that number to be its predecessor. The rest of the
        file stays: by it the server makes sure that no child of the predecessor is still at work.
        """
        for path in (self.lock_file, self.places.sockets / f"{POSTGRESQL_SOCKET}.lock"):
            number = first_number(path)
            if number is not None and not self._is_ours(number):
                replace_first_line(path, str(NO_PROCESS))
            elif number is None:
                path.unlink(missing_ok=True)

    def _pg_ctl(self, *arguments: str | Path) -> int:
        program, log = self.programs.postgresql / "pg_ctl", self.places.postgresql_log
        command = [program, "-D", self.places.postgresql_data, "-l", log, *arguments]
        return self.account.run(command, output=log)

    def _start(self) -> int:
        # Configuration lies outside the data, where only who starts the server can change it.
        options = f"-c config_file={shlex.quote(str(self.places.postgresql_configuration))}"
        return self._pg_ctl("-w", "-t", "300", "-o", options, "start")

    def _run(self, program: str, *arguments: str | Path) -> None:
        status = self.account.run([self.programs.postgresql / program, *arguments], output=self.places.postgresql_log)
        self._check(f"run {program}", status)

    def _check(self, what: str, status: int) -> None:
        if status != 0:
            raise ServiceError(f"Could not {what} for PostgreSQL:\n{tail(self.places.postgresql_log)}")

    def _initdb_speed(self) -> list[str]:
        return ["--no-sync"] if self.places.instance == DISPOSABLE_INSTANCE else []


def tail(path: Path) -> str:
    """The last lines of a log, for an error message."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-12:])


def _initdb_options() -> list[str]:
    # The built-in provider sorts alike on every machine; the system's locale only classifies letters.
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["-A", "trust", "-E", "UTF8", "--no-instructions", *provider, f"--locale={_system_locale()}"]


def _system_locale() -> str:
    """C.UTF-8 where the system has it, which an older macOS has not."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
