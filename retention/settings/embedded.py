"""Where no services are named, the embedded ones stand in: their addresses, and a key for this machine only."""

import os

from retention.devservices import urls


def point_at_embedded_services(instance: str) -> None:
    """Fill what the environment leaves open; starting the services is the business of `make`."""
    services = urls(instance)
    os.environ.setdefault("DATABASE_URL", services.database)
    os.environ.setdefault("REDIS_URL", services.redis)
    os.environ.setdefault("SECRET_KEY", "only-for-this-machine-" + "0123456789" * 4)
