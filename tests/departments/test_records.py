"""The checks of the record: they hold after whatever people do, and find what is wrong."""

import random
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.errors import ActionError
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off, withdraw_hand_off
from departments.actions.incidents import NewIncident, accept, open_incidents, reopen, resolve
from departments.detection import detect_changes
from departments.models import Department, HandOff, Incident, Person, Reason
from departments.records import CHECKS, breaches
from tests import make

pytestmark = pytest.mark.django_db


def opened(count: int) -> list[int]:
    account, kind = make.account(), make.friction_type()
    incidents = [
        NewIncident(
            account_id=account.pk,
            friction_type_id=kind.pk,
            severity=0.5,
            title="Late",
            happened_at=make.ago(days=2),
            external_id=make.number(),
        )
        for _ in range(count)
    ]
    result = open_incidents(incidents=incidents, acting_person=None)
    return [incident.incident_id for incident in result.incidents]


def ask(incident: Incident, head: Person, departments: list[Department], chance: random.Random) -> object:
    return hand_off(
        incident=incident,
        to=chance.choice(departments),
        reason=Reason.CAUSED_ELSEWHERE,
        words="Theirs.",
        expected="",
        share=chance.choice([1.0, 0.5, 1 / 3]),
        acting_person=head,
    )


def do_something(incident_id: int, heads: dict[Department, Person], chance: random.Random) -> None:
    incident = Incident.objects.select_related("department", "friction_type").get(pk=incident_id)
    head = heads[incident.department]
    asked = HandOff.objects.pending().filter(incident=incident).first()
    deeds: list[Callable[[], object]] = [
        lambda: accept(incident=incident, acting_person=head),
        lambda: resolve(incident=incident, resolution="Done.", cause=None, acting_person=head),
        lambda: reopen(incident=incident, words="Not done.", acting_person=head),
        lambda: ask(incident, head, list(heads), chance),
    ]
    if asked is not None:
        taker = heads[asked.to_department]
        deeds += [
            lambda: accept_hand_off(hand_off=asked, words="", acting_person=taker),
            lambda: return_hand_off(hand_off=asked, words="No.", acting_person=taker),
            lambda: withdraw_hand_off(hand_off=asked, acting_person=head),
        ]
    chance.choice(deeds)()


def test_whatever_people_do_the_record_holds() -> None:
    chance = random.Random(7)
    heads = {make.department(slug): make.head(make.department(slug)) for slug in ("shipping", "billing", "legal")}
    incidents = opened(6)
    done = 0
    for _ in range(150):
        try:
            do_something(chance.choice(incidents), heads, chance)
            done += 1
        except ActionError:
            continue
    assert done > 50
    assert breaches() == []


def test_detection_and_its_corrections_keep_the_record() -> None:
    signal = make.signal(make.account(), data={"days_late": 7})
    for days in (7, 14, 0, 7):
        signal.data = {"days_late": days}
        signal.save()
        detect_changes()
        assert breaches() == []


def test_the_command_says_that_all_holds() -> None:
    opened(2)
    output = StringIO()
    call_command("check_records", stdout=output)
    assert f"All {len(CHECKS)} checks hold for 2 incidents." in output.getvalue()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE departments_responsibility SET share = 0.5", "sum to 1"),
        ("DELETE FROM departments_responsibility", "sum to 1"),
        ("UPDATE departments_responsibility SET severity = 0.9", "repeat of their incident"),
        ("UPDATE departments_incident SET department_id = %(other)s", "among those who answer"),
        ("UPDATE departments_incident SET department_id = %(other)s", "last step of its path"),
        ("UPDATE departments_incident SET state = 'waiting'", "waits if and only if"),
        ("UPDATE departments_incident SET state = 'in_work'", "last step of its record"),
        ("DELETE FROM departments_incidentevent", "how the incident came to be known"),
    ],
)
def test_what_is_wrong_is_found(statement: str, sentence: str) -> None:
    other = make.department("billing")
    opened(1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("departments_responsibility", "departments_incident", "departments_incidentevent"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, {"other": other.pk})
    assert any(sentence in breach.sentence for breach in breaches())
    output = StringIO()
    with pytest.raises(CommandError, match="checks do not hold"):
        call_command("check_records", stderr=output)
    assert "Not so for 1 incidents" in output.getvalue()


def test_a_hand_off_without_its_step_is_found() -> None:
    incident = Incident.objects.get(pk=opened(1)[0])
    make.hand_off(incident, make.department("billing"))
    assert any("Every hand-off has its step" in breach.sentence for breach in breaches())
