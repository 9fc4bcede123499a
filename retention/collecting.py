"""How Python collects garbage in a web server: seldom, and without walking through all that was loaded at the start."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A page makes some tens of thousands of objects and drops nearly all of them by itself. With the usual 700, it is
# interrupted a hundred times.
AFTER_OBJECTS = 50_000
BEFORE_OLDER = 10


def settle() -> None:
    """Set aside what is loaded, and collect more seldom from now on; for the end of a server's start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(AFTER_OBJECTS, BEFORE_OLDER, BEFORE_OLDER)


@contextmanager
def settled() -> Iterator[None]:
    """Collect as a web server does within the block."""
    before = gc.get_threshold()
    settle()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
