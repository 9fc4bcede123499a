"""Doing things at the same time, each on a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from accounts.errors import ActionError

Deed = Callable[[], object]


def together(*deeds: Deed) -> list[object]:
    """Start all at one moment; return what each returned, or the ActionError it was refused with."""
    barrier = threading.Barrier(len(deeds))

    def one(deed: Deed) -> object:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return deed()
        except ActionError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(one, deeds))


def refusals(results: list[object]) -> list[ActionError]:
    """Return those that were refused."""
    return [result for result in results if isinstance(result, ActionError)]
