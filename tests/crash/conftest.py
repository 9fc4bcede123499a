"""Services that only the crash tests use: durable, unlike those of the other tests, and killed without mercy."""

from collections.abc import Iterator

import pytest

from retention import devservices
from tests.crash.system import INSTANCE, System


@pytest.fixture(scope="package")
def migrated_system() -> Iterator[System]:
    """Empty services, brought up to date once for all crash tests."""
    devservices.reset(INSTANCE)
    system = System(devservices.start(INSTANCE))
    migrated = system.manage("migrate", "--noinput", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    yield system
    devservices.reset(INSTANCE)


@pytest.fixture
def system(migrated_system: System) -> System:
    """The system without accounts, runs, marks and messages."""
    devservices.start(INSTANCE)
    migrated_system.sql("TRUNCATE accounts_account, retention_scoringrun CASCADE")
    migrated_system.sql("TRUNCATE accounts_accountchange, accounts_signalchange")
    migrated_system.forget_messages()
    return migrated_system
