"""Where the embedded services of one checkout keep their files.

Everything here is arithmetic on paths: settings ask for the sockets long before anything runs.
"""

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from retention.devservices.errors import ServiceError

CHECKOUT = Path(__file__).resolve().parents[2]
DEFAULT_INSTANCE = "dev"
INSTANCE_VARIABLE = "HOLDFAST_SERVICES"
INSTANCE_NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the closing zero.
LONGEST_SOCKET_PATH = 103
PLAIN_PATH = re.compile(r"[A-Za-z0-9._/-]+")

# PostgreSQL refuses to run as root, and another user may not be able to enter the checkout
# (root's home is closed). What root starts therefore lives where every user may pass.
HOME_FOR_ROOT = Path("/var/lib/holdfast-dev")

DATABASE_NAME = "holdfast"
DATABASE_USER = "holdfast"
POSTGRESQL_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"


@dataclass(frozen=True)
class ServiceUrls:
    """How to reach the services, as DATABASE_URL and REDIS_URL would say it."""

    database: str
    redis: str


@dataclass(frozen=True)
class Places:
    """The folders and files of one instance (`dev`, `test`) of one checkout."""

    home: Path
    sockets: Path
    instance: str
    checkout: Path

    @property
    def postgresql_data(self) -> Path:
        return self.home / "postgresql"

    @property
    def postgresql_configuration(self) -> Path:
        return self.home / "postgresql.conf"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def postgresql_log(self) -> Path:
        return self.logs / "postgresql.log"

    @property
    def valkey_data(self) -> Path:
        return self.home / "valkey"

    @property
    def valkey_log(self) -> Path:
        return self.logs / "valkey.log"

    @property
    def valkey_pid(self) -> Path:
        return self.valkey_data / "valkey.pid"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / VALKEY_SOCKET

    @property
    def lock(self) -> Path:
        """Beside the instance's folder, so that a reset can remove the folder while it holds the lock."""
        return self.home.with_suffix(".lock")

    @property
    def urls(self) -> ServiceUrls:
        folder = quote(str(self.sockets), safe="")
        return ServiceUrls(
            database=f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={folder}",
            redis=f"unix://{self.valkey_socket}",
        )


def places(instance: str | None = None, *, root: Path | None = None) -> Places:
    """The places of a checkout's instance; the environment names the instance unless told."""
    checkout = (root or CHECKOUT).resolve()
    name = instance or os.environ.get(INSTANCE_VARIABLE) or DEFAULT_INSTANCE
    if not INSTANCE_NAME.fullmatch(name):
        raise ServiceError(
            f"{name!r} cannot name a set of services: {INSTANCE_VARIABLE} takes up to 16 of a-z, 0-9, _."
        )
    home = _homes(checkout) / name
    return Places(home=home, sockets=_socket_folder(home), instance=name, checkout=checkout)


def runs_as_root() -> bool:
    return os.geteuid() == 0


def _homes(checkout: Path) -> Path:
    if runs_as_root():
        return HOME_FOR_ROOT / f"{checkout.name[:24]}-{_digest(checkout)}"
    return checkout / ".local"


def _socket_folder(home: Path) -> Path:
    folder = home / "sockets"
    longest = folder / POSTGRESQL_SOCKET
    if len(os.fsencode(longest)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(longest)):
        return folder
    # XDG_RUNTIME_DIR would be tidier, but it differs between a login and a su of one person.
    # Whoever starts the services makes sure that the folder is theirs and private.
    temporary = Path("/private/tmp" if sys.platform == "darwin" else "/tmp")  # noqa: S108
    return temporary / f"holdfast-{os.geteuid()}-{_digest(home)}"


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
