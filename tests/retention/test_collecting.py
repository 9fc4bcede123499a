"""How garbage is collected in a web server."""

import gc
import weakref

import pytest
from django.core.signals import request_finished, request_started

from retention.collecting import AFTER_OBJECTS, WORTH_SWEEPING, settled


class Knot:
    """Refers to itself, so that only a collection takes it away."""

    def __init__(self) -> None:
        self.itself = self


def test_a_server_collects_seldom_and_leaves_what_was_loaded_alone() -> None:
    before = gc.get_threshold()
    with settled():
        assert gc.get_threshold()[0] == AFTER_OBJECTS
        assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("rounds", [1, 150])
def test_what_an_answer_left_behind_is_swept_once_it_is_given_however_often(rounds: int) -> None:
    with settled():
        for _ in range(rounds):
            request_started.send(sender=None, environ={})
            left = [weakref.ref(Knot()) for _ in range(WORTH_SWEEPING)]
            assert any(knot() for knot in left)
            request_finished.send(sender=None)
            assert not any(knot() for knot in left)


def test_nothing_is_swept_by_requests_outside_of_a_server() -> None:
    with settled():
        pass
    gc.disable()
    try:
        left = [weakref.ref(Knot()) for _ in range(WORTH_SWEEPING)]
        request_finished.send(sender=None)
        assert all(knot() for knot in left)
    finally:
        gc.enable()
