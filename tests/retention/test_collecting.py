"""How garbage is collected in a web server."""

import gc

from retention.collecting import AFTER_OBJECTS, settled


def test_a_server_collects_seldom_and_leaves_what_was_loaded_alone() -> None:
    before = gc.get_threshold()
    with settled():
        assert gc.get_threshold()[0] == AFTER_OBJECTS
        assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
