"""How Python collects garbage in a web server: between requests, and without walking through what never goes away."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished, request_started

# A page makes some tens of thousands of objects and drops nearly all of them by itself; with the usual 700, it is
# interrupted a hundred times. What refers to itself stays, some thousands a page. So much of it is swept at a time
# when nobody waits, which takes a few milliseconds; where people always wait, at the latest from the second on.
WORTH_SWEEPING = 1_500
AFTER_OBJECTS = 50_000
BEFORE_OLDER = 10

# A thread is in here while it answers, and is taken out with its next answer if it was left in.
_answering: set[int] = set()


def settle() -> None:
    """Set aside what is loaded, and collect between requests from now on; for the end of a server's start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(AFTER_OBJECTS, BEFORE_OLDER, BEFORE_OLDER)
    request_started.connect(_begin)
    request_finished.connect(_sweep)


@contextmanager
def settled() -> Iterator[None]:
    """Collect as a web server does within the block."""
    before = gc.get_threshold()
    settle()
    try:
        yield
    finally:
        request_started.disconnect(_begin)
        request_finished.disconnect(_sweep)
        gc.set_threshold(*before)
        gc.unfreeze()


def _begin(**_: Any) -> None:
    _answering.add(threading.get_ident())


def _sweep(**_: Any) -> None:
    """Collect what answers left behind, once this one is given and if no other is being made.

    What another thread still needs would be walked through, and count as old from then on. Older objects are looked
    through as seldom as Python would.
    """
    _answering.discard(threading.get_ident())
    young, middle, old = gc.get_count()
    if _answering or young < WORTH_SWEEPING:
        return
    if middle < BEFORE_OLDER:
        gc.collect(0)
    else:
        gc.collect(1 if old < BEFORE_OLDER else 2)
