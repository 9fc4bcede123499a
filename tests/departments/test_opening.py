"""Opening incidents by the set: once each, with who answers for them, in a constant number of statements."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.errors import Invalid, NotAllowed
from accounts.models import AccountChange, AuditEntry
from departments.actions.incidents import NewIncident, OpenedIncidents, open_incidents
from departments.models import Incident, IncidentEvent, Responsibility, Role, State
from tests import make

pytestmark = pytest.mark.django_db


def new(**changes: Any) -> NewIncident:
    values: dict[str, Any] = {
        "account_id": changes.get("account_id") or make.account().pk,
        "friction_type_id": make.friction_type().pk,
        "severity": 0.4,
        "title": "Late shipment, 3 days",
        "happened_at": make.ago(days=2),
        "source": "helpdesk",
        "external_id": make.number(),
        **changes,
    }
    return NewIncident(**values)


def opened(*incidents: NewIncident) -> OpenedIncidents:
    return open_incidents(incidents=incidents, acting_person=None)


def test_an_incident_opens_with_the_department_that_answers_by_default() -> None:
    kind = make.friction_type()
    result = opened(new(friction_type_id=kind.pk))
    incident = Incident.objects.get(pk=result.incidents[0].incident_id)
    assert (incident.department, incident.state, incident.public_id) == (
        kind.department,
        State.NEW,
        result.incidents[0].public_id,
    )
    part = incident.responsibilities.get()
    assert (part.department, part.share, part.is_provisional) == (kind.department, 1.0, True)
    assert part.severity == incident.severity


def test_opening_twice_changes_nothing_and_says_so() -> None:
    incident = new()
    first, second = opened(incident), opened(incident)
    assert (first.opened, second.opened) == (1, 0)
    assert second.incidents[0].incident_id == first.incidents[0].incident_id
    assert (Incident.objects.count(), Responsibility.objects.count(), IncidentEvent.objects.count()) == (1, 1, 1)


def test_the_same_incident_twice_in_one_call_opens_once() -> None:
    incident = new()
    result = opened(incident, incident)
    assert [one.is_new for one in result.incidents] == [True, False]
    assert Incident.objects.count() == 1


def test_a_rule_opens_one_incident_for_a_signal_under_whatever_name() -> None:
    account = make.account()
    rule, signal = make.rule(make.friction_type()), make.signal(account)
    names = {"account_id": account.pk, "rule_id": rule.pk, "rule_version": 1, "signal_id": signal.pk}
    first, second = opened(new(**names)), opened(new(**names))
    assert second.opened == 0
    assert second.incidents[0].public_id == first.incidents[0].public_id


def test_known_and_new_ones_come_back_in_the_order_given() -> None:
    known, fresh = new(), new()
    before = opened(known)
    result = opened(fresh, known)
    assert [one.is_new for one in result.incidents] == [True, False]
    assert result.incidents[1].incident_id == before.incidents[0].incident_id


def test_several_departments_answer_in_their_shares() -> None:
    shipping, billing = make.department("shipping"), make.department("billing")
    opened(new(shares={shipping.pk: 0.25, billing.pk: 0.75}))
    incident = Incident.objects.get()
    assert incident.department == billing
    assert dict(incident.responsibilities.values_list("department__slug", "share")) == {
        "shipping": 0.25,
        "billing": 0.75,
    }


def test_what_is_over_already_opens_resolved() -> None:
    resolved_at = make.ago(days=1)
    opened(new(resolved_at=resolved_at, resolution="Sent again."))
    incident = Incident.objects.get()
    assert (incident.state, incident.resolved_at, incident.resolution) == (State.RESOLVED, resolved_at, "Sent again.")
    assert incident.responsibilities.get().resolved_at == resolved_at
    assert [event.verb for event in incident.events.all()] == ["reported", "resolved"]


def test_clocks_run_from_the_day_it_was_learned_of() -> None:
    kind = make.friction_type("answered_in_a_day", answer_hours=8)
    learned = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
    opened(new(friction_type_id=kind.pk, recorded_at=learned, happened_at=learned - datetime.timedelta(days=3)))
    incident = Incident.objects.get()
    assert incident.recorded_at == learned
    assert incident.answer_due_at == learned + datetime.timedelta(hours=kind.answer_hours)
    assert incident.due_at == incident.answer_due_at


def test_it_marks_each_account_and_records_each_step() -> None:
    accounts = [make.account(), make.account()]
    AccountChange.objects.all().delete()
    opened(*(new(account_id=account.pk) for account in accounts))
    assert set(AccountChange.objects.values_list("account_id", flat=True)) == {account.pk for account in accounts}
    assert list(IncidentEvent.objects.values_list("verb", flat=True)) == ["reported", "reported"]
    assert AuditEntry.objects.get(verb="incident.open").details["opened"] == 2


def statements(count: int) -> int:
    account = make.account()
    incidents = [new(account_id=account.pk) for _ in range(count)]
    with CaptureQueriesContext(connection) as queries:
        opened(*incidents)
    return len(queries)


def test_many_take_as_many_statements_as_one() -> None:
    assert statements(1) == statements(60)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("severity", {"severity": 1.5}),
        ("severity", {"severity": float("nan")}),
        ("title", {"title": "  "}),
        ("shares", {"shares": {1: 0.5, 2: 0.4}}),
        ("shares", {"shares": {1: 1.5, 2: -0.5}}),
        ("resolved_at", {"resolved_at": make.ago(days=3)}),
    ],
)
def test_one_wrong_incident_opens_none(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        opened(new(), new(**changes))
    assert refusal.value.field == field
    assert not Incident.objects.exists()


def test_a_person_opens_none_at_accounts_they_cannot_see() -> None:
    account = make.account()
    manager = make.manager_of(account)
    result = open_incidents(incidents=[new(account_id=account.pk)], acting_person=manager)
    assert Incident.objects.get(pk=result.incidents[0].incident_id).reporter == manager
    with pytest.raises(NotAllowed, match="cannot see"):
        open_incidents(incidents=[new(account_id=account.pk), new()], acting_person=manager)


def test_an_executive_opens_none() -> None:
    with pytest.raises(NotAllowed):
        open_incidents(incidents=[new()], acting_person=make.person(Role.EXECUTIVE))


def test_none_at_all_is_no_work() -> None:
    assert opened().incidents == ()
