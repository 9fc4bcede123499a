"""Both services together: started, stopped, looked at, emptied."""

from dataclasses import dataclass
from pathlib import Path

from retention.devservices.account import Account, remove, service_account
from retention.devservices.errors import ServiceError
from retention.devservices.interrupts import held_back
from retention.devservices.lock import exclusive
from retention.devservices.places import Places, ServiceUrls, places, runs_as_root
from retention.devservices.postgresql import PostgreSQL
from retention.devservices.programs import programs
from retention.devservices.valkey import Valkey


@dataclass(frozen=True)
class Status:
    """What runs: process numbers, None for what does not."""

    postgresql: int | None
    valkey: int | None

    @property
    def is_complete(self) -> bool:
        return self.postgresql is not None and self.valkey is not None


def urls(instance: str | None = None, *, root: Path | None = None) -> ServiceUrls:
    """Where the services are, or will be once started; starts and touches nothing."""
    return places(instance, root=root).urls


def start(instance: str | None = None, *, root: Path | None = None) -> ServiceUrls:
    """Start what does not run yet, recovering from a crash, and wait until it answers."""
    where = places(instance, root=root)
    with exclusive(where.lock), held_back():
        account = service_account()
        _prepare_folders(where, account)
        postgresql, valkey = _services(where, account)
        postgresql.start()
        valkey.start()
    return where.urls


def stop(instance: str | None = None, *, root: Path | None = None) -> None:
    """Stop what runs; data stay."""
    where = places(instance, root=root)
    if where.home.exists():
        with exclusive(where.lock):
            _stop(where)


def status(instance: str | None = None, *, root: Path | None = None) -> Status:
    """What runs now."""
    where = places(instance, root=root)
    if not where.home.exists():
        return Status(postgresql=None, valkey=None)
    postgresql, valkey = _services(where, service_account())
    return Status(postgresql=postgresql.pid(), valkey=valkey.pid())


def reset(instance: str | None = None, *, root: Path | None = None) -> None:
    """Stop what runs and remove its data."""
    where = places(instance, root=root)
    if where.home.exists():
        with exclusive(where.lock):
            _stop(where)
            remove(where.home)
            remove(where.sockets)


def _services(where: Places, account: Account) -> tuple[PostgreSQL, Valkey]:
    available = programs()
    return PostgreSQL(where, available, account), Valkey(where, available, account)


def _stop(where: Places) -> None:
    failures = []
    for service in _services(where, service_account()):
        try:
            service.stop()
        except ServiceError as failure:
            failures.append(str(failure))
    if failures:
        raise ServiceError("\n".join(failures))


def _prepare_folders(where: Places, account: Account) -> None:
    """A home of whoever starts the services, and in it the folders that the service account fills."""
    where.home.mkdir(exist_ok=True)
    where.home.chmod(0o711 if runs_as_root() else 0o700)
    (where.home.parent / "CHECKOUT").write_text(f"{where.checkout}\n")
    for folder in (where.sockets, where.logs):
        account.own(folder)
