"""What every test stands on: a real PostgreSQL and a real Valkey."""

import os

import pytest
from hypothesis import HealthCheck, settings

from retention import devservices

STARTED_HERE = pytest.StashKey[bool]()
INSTANCE = "test"

# A busy machine is no fault of the code: examples are judged by what they show, not by how long they take.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Start the embedded services, unless the environment names others or they run already."""
    embedded = os.environ.get("DATABASE_URL") == devservices.urls(INSTANCE).database
    config.stash[STARTED_HERE] = embedded and not devservices.status(INSTANCE).is_complete
    if config.stash[STARTED_HERE]:
        devservices.start(INSTANCE)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind that this run started."""
    if config.stash.get(STARTED_HERE, False):
        devservices.stop(INSTANCE)
