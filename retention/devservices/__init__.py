"""A real PostgreSQL and a real Valkey for people who have neither, from pip wheels, on Unix sockets.

Needs no Django, since it runs before anything else. `urls()` only computes; `start()` starts.
"""

from retention.devservices.errors import ServiceError
from retention.devservices.places import ServiceUrls
from retention.devservices.services import Status, reset, start, status, stop, urls

__all__ = ["ServiceError", "ServiceUrls", "Status", "reset", "start", "status", "stop", "urls"]
