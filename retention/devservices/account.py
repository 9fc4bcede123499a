"""The operating system's user that the services run as, and running programs as that user."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from retention.devservices.errors import ServiceError
from retention.devservices.places import runs_as_root

# Users without rights of their own that systems already have; PostgreSQL wants one with a name.
UNPRIVILEGED = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user to hand files to and to run programs as; None means whoever runs this."""

    user: int | None = None
    group: int | None = None

    def own(self, folder: Path) -> None:
        """Make a private folder that belongs to this account."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
        owner = os.geteuid() if self.user is None else self.user
        if folder.is_symlink() or facts.st_uid not in (owner, os.geteuid()):
            raise ServiceError(f"{folder} belongs to somebody else; remove it and start again.")
        folder.chmod(0o700)
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)

    def run(self, command: Sequence[str | Path], *, output: Path) -> int:
        """Run a program to its end as this account, appending what it says to a file; its exit status."""
        # A file and not a pipe: a server that stays behind would keep a pipe open for ever.
        with self._append_to(output) as sink:
            return subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=own_environment(),
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
                # Ctrl-C in the terminal is for the command that the person gave, not for a server on its way up.
                start_new_session=True,
                check=False,
            ).returncode

    def _append_to(self, path: Path) -> BinaryIO:
        """Open a log in this account's folder, never through a link that the account may have put there."""
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if self.user is not None and self.group is not None:
            os.fchown(descriptor, self.user, self.group)
        return os.fdopen(descriptor, "ab")


def service_account() -> Account:
    """Whoever runs this, except that root steps down to a user without rights."""
    if not runs_as_root():
        return Account()
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user=entry.pw_uid, group=entry.pw_gid)
    raise ServiceError(
        "PostgreSQL does not run as root and this machine has no user named "
        f"{' or '.join(UNPRIVILEGED)}: add one, or run as an ordinary user."
    )


def remove(folder: Path) -> None:
    """Remove a folder with all it holds, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)


def own_environment() -> dict[str, str]:
    """The environment without variables that would send PostgreSQL's programs somewhere else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    # Where no locale is named, macOS starts threads to find one, and a PostgreSQL with threads refuses to start.
    return kept | {"LC_ALL": "C"}
