"""Past work of an earlier system: recorded at its own times, and as the single actions would have left it."""

import datetime
from collections.abc import Collection
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.errors import ActionError, Conflict, Invalid, NotAllowed
from accounts.models import AuditEntry
from departments.actions import handoffs, incidents, waits
from departments.actions.history import PastStep, PastWait, PastWork, Verb, record_past_work
from departments.actions.opening import NewIncident, open_incidents
from departments.models import Answer, Incident, Person, Role, State
from departments.records import breaches
from tests import make

pytestmark = pytest.mark.django_db

STARTED = make.ago(days=20)


@pytest.fixture
def shipping_head() -> Person:
    return make.head(make.department("shipping"))


@pytest.fixture
def operations_head() -> Person:
    return make.head(make.department("operations"))


@pytest.fixture
def administrator() -> Person:
    return make.person(Role.ADMINISTRATOR)


def opened() -> Incident:
    new = NewIncident(
        account_id=make.account().pk,
        friction_type_id=make.friction_type().pk,
        severity=0.5,
        title="Late shipment",
        happened_at=STARTED,
        recorded_at=STARTED,
        external_id=make.number(),
    )
    result = open_incidents(incidents=[new], acting_person=None)
    return Incident.objects.get(pk=result.incidents[0].incident_id)


def after(days: float, verb: Verb, person: Person, **rest: Any) -> PastStep:
    return PastStep(at=STARTED + datetime.timedelta(days=days), verb=verb, person_id=person.pk, **rest)


def bring(administrator: Person, incident: Incident, *steps: PastStep) -> Incident:
    record_past_work(work=[PastWork(incident.pk, steps)], acting_person=administrator)
    incident.refresh_from_db()
    return incident


def asked(days: float, head: Person, to: Person, share: float = 1.0) -> PastStep:
    words = {"reason": "caused_elsewhere", "words": "Yours.", "share": share}
    return after(days, Verb.HANDED_OFF, head, to_id=to.department_id, **words)


def outcome(incident: Incident, but: Collection[str] = ("hand_off",)) -> dict[str, Any]:
    """Return what an incident has become, but for the times."""
    return {
        "state": incident.state,
        "holder": incident.department.slug,
        "assignee": incident.assignee_id,
        "resolution": incident.resolution,
        "version": incident.version,
        "shares": set(incident.responsibilities.values_list("department__slug", "share", "is_provisional")),
        "hand_offs": list(incident.hand_offs.values_list("from_department", "to_department", "share", "answer")),
        "record": list(incident.events.values_list("verb", "words", "person")),
        "details": [
            {key: value for key, value in event.details.items() if key not in but}
            for event in incident.events.exclude(verb__in=["detected", "reported"])
        ],
    }


def test_the_past_ends_where_the_single_actions_would_have_ended(
    shipping_head: Person, operations_head: Person, administrator: Person
) -> None:
    member = make.member(operations_head.department or make.department())
    done = opened()
    first = handoffs.hand_off(
        incident=done,
        to=make.department("operations"),
        reason="caused_elsewhere",
        words="Yours.",
        expected="",
        share=1.0,
        acting_person=shipping_head,
    )
    handoffs.return_hand_off(hand_off=first, words="Not ours.", acting_person=operations_head)
    second = handoffs.hand_off(
        incident=Incident.objects.get(pk=done.pk),
        to=make.department("operations"),
        reason="caused_elsewhere",
        words="Yours.",
        expected="",
        share=0.75,
        acting_person=shipping_head,
    )
    handoffs.accept_hand_off(hand_off=second, words="All right.", acting_person=operations_head)
    done = incidents.assign(incident=Incident.objects.get(pk=done.pk), assignee=member, acting_person=operations_head)
    incidents.resolve(incident=done, resolution="Sent again.", cause=None, acting_person=operations_head)

    brought = bring(
        administrator,
        opened(),
        asked(1, shipping_head, operations_head),
        after(2, Verb.RETURNED, operations_head, words="Not ours."),
        asked(3, shipping_head, operations_head, share=0.75),
        after(4, Verb.HAND_OFF_ACCEPTED, operations_head, words="All right."),
        after(5, Verb.ASSIGNED, operations_head, assignee_id=member.pk),
        after(6, Verb.RESOLVED, operations_head, words="Sent again."),
    )
    assert outcome(brought) == outcome(Incident.objects.get(pk=done.pk))


def test_waits_of_the_past_end_where_waiting_here_would_have_ended(
    shipping_head: Person, administrator: Person
) -> None:
    done = incidents.accept(incident=opened(), acting_person=shipping_head)
    begun = waits.wait(
        incident=done,
        waited_for="supplier",
        department=None,
        name="Riverline",
        reason="goods",
        words="Parts are ordered.",
        expected_on=timezone.localdate() + datetime.timedelta(days=3),
        acting_person=shipping_head,
    )
    waits.end_wait(wait=begun, end="arrived", words="All there.", acting_person=shipping_head)
    done = Incident.objects.get(pk=done.pk)

    ordered = PastWait(waited_for="supplier", name="Riverline", reason="goods", words="Parts are ordered.", days=3)
    brought = bring(
        administrator,
        opened(),
        after(1, Verb.ACCEPTED, shipping_head),
        after(2, Verb.WAITED, shipping_head, wait=ordered),
        after(4, Verb.WAIT_ENDED, shipping_head, end="arrived", words="All there."),
    )
    whom = ("waiting_department", "waited_for", "name", "reason", "words", "started_by")
    columns = (*whom, "ended_by", "end", "end_words")
    assert list(brought.waits.values_list(*columns)) == list(done.waits.values_list(*columns))
    at_their_own_times = {"wait", "hand_off", "until", "hours_left"}
    assert outcome(brought, at_their_own_times) == outcome(done, at_their_own_times)
    assert brought.due_at == brought.resolve_due_at
    assert breaches() == []


@pytest.mark.parametrize(
    ("wait", "sentence"),
    [
        (PastWait(waited_for="nobody", reason="goods", words="?"), "Waited for is one of"),
        (PastWait(waited_for="customer", reason="whim", words="?"), "A reason is one of"),
        (PastWait(waited_for="customer", reason="goods", name="Ann", words="?"), "or with one needlessly"),
        (PastWait(waited_for="supplier", reason="goods", words="?"), "without a name"),
        (PastWait(waited_for="department", reason="goods", words="?"), "a department that has no name"),
        (PastWait(waited_for="customer", reason="goods"), "nothing says for what"),
        (PastWait(waited_for="customer", reason="goods", words="?", days=400), "more than 365 days"),
    ],
)
def test_a_wait_that_nobody_could_have_set_is_refused(
    shipping_head: Person, administrator: Person, wait: PastWait, sentence: str
) -> None:
    steps = (after(1, Verb.ACCEPTED, shipping_head), after(2, Verb.WAITED, shipping_head, wait=wait))
    with pytest.raises(Invalid, match=sentence):
        bring(administrator, opened(), *steps)


def test_everything_has_its_own_time(shipping_head: Person, administrator: Person) -> None:
    accepted, resolved = after(1, Verb.ACCEPTED, shipping_head), after(9, Verb.RESOLVED, shipping_head, words="Done.")
    incident = bring(administrator, opened(), accepted, resolved)
    assert (incident.answered_at, incident.resolved_at) == (accepted.at, resolved.at)
    assert incident.responsibilities.get().resolved_at == resolved.at
    assert [event.at for event in incident.events.order_by("at")] == [STARTED, accepted.at, resolved.at]


@pytest.mark.parametrize(
    ("steps", "state"),
    [(0, State.NEW), (1, State.WAITING), (2, State.DISPUTED), (3, State.IN_WORK), (4, State.RESOLVED)],
)
def test_work_under_way_is_left_where_it_is(
    steps: int, state: str, shipping_head: Person, operations_head: Person, administrator: Person
) -> None:
    story = [
        asked(1, shipping_head, operations_head),
        after(2, Verb.RETURNED, operations_head, words="Not ours."),
        after(3, Verb.ACCEPTED, shipping_head),
        after(4, Verb.RESOLVED, shipping_head, words="Sent again."),
    ]
    incident = bring(administrator, opened(), *story[:steps])
    assert incident.state == state
    assert incident.hand_offs.filter(answer=Answer.PENDING).count() == (1 if steps == 1 else 0)


def test_brought_and_lived_work_go_together(
    shipping_head: Person, operations_head: Person, administrator: Person
) -> None:
    incident = bring(administrator, opened(), asked(1, shipping_head, operations_head))
    handoffs.accept_hand_off(hand_off=incident.hand_offs.get(), words="", acting_person=operations_head)
    incident.refresh_from_db()
    assert (incident.state, incident.department.slug) == (State.IN_WORK, "operations")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda head: [after(2, Verb.ACCEPTED, head), after(1, Verb.RESOLVED, head)], Invalid),
        (lambda head: [after(40, Verb.ACCEPTED, head)], Invalid),
        (lambda head: [after(1, Verb.RETURNED, head)], Conflict),
        (lambda head: [after(1, Verb.ACCEPTED, head), after(2, Verb.ACCEPTED, head)], Conflict),
        (lambda head: [after(1, Verb.RESOLVED, head), after(2, Verb.ASSIGNED, head)], Conflict),
        (lambda head: [asked(1, head, head)], Invalid),
    ],
)
def test_a_past_that_cannot_have_been_is_refused_and_writes_nothing(
    wrong: Any, error: type[ActionError], shipping_head: Person, administrator: Person
) -> None:
    good, bad = opened(), opened()
    work = [
        PastWork(good.pk, (after(1, Verb.ACCEPTED, shipping_head),)),
        PastWork(bad.pk, tuple(wrong(shipping_head))),
    ]
    with pytest.raises(error):
        record_past_work(work=work, acting_person=administrator)
    assert Incident.objects.get(pk=good.pk).state == State.NEW


def test_what_somebody_worked_on_already_is_refused(shipping_head: Person, administrator: Person) -> None:
    incident = incidents.accept(incident=opened(), acting_person=shipping_head)
    with pytest.raises(Conflict, match="worked on already"):
        bring(administrator, incident, after(1, Verb.RESOLVED, shipping_head))


def test_only_who_imports_records_brings_the_past(shipping_head: Person) -> None:
    with pytest.raises(NotAllowed):
        bring(shipping_head, opened(), after(1, Verb.ACCEPTED, shipping_head))


def test_it_is_audited_once(shipping_head: Person, administrator: Person) -> None:
    bring(administrator, opened(), after(1, Verb.ACCEPTED, shipping_head))
    entry = AuditEntry.objects.get(verb="incident.bring_past_work")
    assert (entry.person_id, entry.details) == (administrator.pk, {"incidents": 1, "steps": 1})


def test_many_incidents_take_as_many_statements_as_few(
    shipping_head: Person, operations_head: Person, administrator: Person
) -> None:
    def statements(count: int) -> int:
        story = (
            asked(1, shipping_head, operations_head, share=0.5),
            after(2, Verb.HAND_OFF_ACCEPTED, operations_head),
            after(3, Verb.RESOLVED, shipping_head, words="Done."),
        )
        work = [PastWork(opened().pk, story) for _ in range(count)]
        with CaptureQueriesContext(connection) as queries:
            record_past_work(work=work, acting_person=administrator)
        return len(queries)

    assert statements(2) == statements(9)
