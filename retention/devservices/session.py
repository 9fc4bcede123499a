"""Services for as long as something needs them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from retention.devservices.services import start, status, stop


def are_replaced() -> bool:
    """Whether the environment names both services, so that none has to be started here."""
    return bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


@contextmanager
def services_for(instance: str | None) -> Iterator[None]:
    """Have the services up inside the block; what it started, it stops."""
    if are_replaced():
        yield
        return
    ran_before = status(instance).is_complete
    try:
        start(instance)
        yield
    finally:
        if not ran_before:
            stop(instance)
