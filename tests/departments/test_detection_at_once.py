"""Detection on real connections: two at once, against people, and when the connection dies in the middle."""

import threading
from functools import partial

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction

from accounts.models import Signal, SignalChange
from departments import seeds
from departments.actions.incidents import accept
from departments.detection import batches, detect_changes, pending
from departments.models import Incident, State
from tests import make
from tests.together import refusals, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _planted() -> None:
    seeds.plant(apps)


def late_signals(count: int) -> list[Signal]:
    account = make.account()
    return [make.signal(account, data={"days_late": 7}) for _ in range(count)]


def test_several_detectors_at_once_open_each_incident_once() -> None:
    late_signals(40)
    together(*(detect_changes for _ in range(4)))
    detect_changes()
    assert Incident.objects.count() == 40
    assert not SignalChange.objects.exists()


def left_after_the_foreground() -> int:
    assert all(detection.marks <= 7 for detection in batches(7))
    return pending()


def test_whoever_detects_in_the_foreground_ends_with_nothing_left() -> None:
    for _ in range(3):
        late_signals(40)
        results = together(detect_changes, left_after_the_foreground, left_after_the_foreground)
        assert results[1:] == [0, 0]
        assert Incident.objects.count() == Signal.objects.count()


def test_a_correction_against_somebody_who_accepts_leaves_one_consistent_story() -> None:
    for _ in range(5):
        signal = late_signals(1)[0]
        detect_changes()
        incident = Incident.objects.select_related("department").get(signal=signal)
        head = make.head(incident.department)
        signal.data = {"days_late": 0}
        signal.save()
        refused = refusals(together(detect_changes, partial(accept, incident=incident, acting_person=head)))
        now = Incident.objects.get(pk=incident.pk)
        story = list(now.events.values_list("verb", flat=True))
        expected = (State.RESOLVED, 0.0, "signal_withdrawn") if refused else (State.IN_WORK, 0.5, "accepted")
        assert (now.state, now.severity, story[-1]) == expected
        assert story == ["detected", expected[2]]


class Detector(threading.Thread):
    """A detector with a connection of its own, which may be taken away."""

    failure: OperationalError | None = None

    def run(self) -> None:
        try:
            detect_changes()
        except OperationalError as error:
            self.failure = error
        finally:
            connection.close()


def terminate_whoever_waits_for_incidents() -> None:
    waiting = """
        SELECT pg_terminate_backend(pid) FROM pg_locks
        WHERE NOT granted AND relation = 'departments_incident'::regclass
    """
    with connection.cursor() as cursor:
        for _ in range(1_000):
            cursor.execute(waiting)
            if cursor.fetchall():
                return
            cursor.execute("SELECT pg_sleep(0.02)")
    raise AssertionError("nobody came to the table of incidents")


def test_a_detector_that_dies_in_the_middle_leaves_its_marks() -> None:
    late_signals(3)
    detector = Detector()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE departments_incident IN ACCESS EXCLUSIVE MODE")
        detector.start()
        terminate_whoever_waits_for_incidents()
    detector.join(timeout=30)
    assert detector.failure is not None
    assert (SignalChange.objects.count(), Incident.objects.count()) == (3, 0)
    assert detect_changes().opened == 3
