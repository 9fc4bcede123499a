"""Deadlines by type and severity: what is severe has hours of its own, where the type gives it any."""

import datetime

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from departments.actions.grading import regrade
from departments.actions.handoffs import accept_hand_off, hand_off
from departments.actions.incidents import accept
from departments.actions.opening import NewIncident, open_incidents
from departments.actions.undo import undo, undo_of
from departments.clocks import Calendar, calendar_of
from departments.models import FrictionType, Incident, Reason, Role
from departments.seeds import plant_severe_hours, severe_hours
from tests import make
from tests.departments.test_clocks import calendars, moments
from tests.retention.api.calls import Caller


@pytest.fixture
def urgent(db: None) -> FrictionType:
    """A type that is answered within 16 hours and resolved within 80; within 2 and 16 from severity 0.8 on."""
    return make.friction_type(
        "line_stopped",
        department=make.department("shipping"),
        answer_hours=16,
        resolve_hours=80,
        severe_from=0.8,
        severe_answer_hours=2,
        severe_resolve_hours=16,
    )


def opened(kind: FrictionType, severity: float) -> Incident:
    """An incident that the department is asked about today."""
    account = make.account()
    new = NewIncident(
        account_id=account.pk,
        friction_type_id=kind.pk,
        severity=severity,
        title="The line stands still",
        happened_at=make.ago(hours=1),
        source="test",
        external_id=make.number(),
    )
    open_incidents(incidents=[new], acting_person=None)
    return Incident.objects.get(account=account)


def hours_given(incident: Incident, due: datetime.datetime) -> float:
    return calendar_of(incident.department).working_hours_between(incident.recorded_at, due)


@pytest.mark.parametrize(("severity", "answer", "resolve"), [(0.79, 16, 80), (0.8, 2, 16), (1.0, 2, 16)])
def test_a_severe_incident_is_due_sooner(urgent: FrictionType, severity: float, answer: float, resolve: float) -> None:
    incident = opened(urgent, severity)
    assert hours_given(incident, incident.answer_due_at) == pytest.approx(answer)
    assert hours_given(incident, incident.resolve_due_at) == pytest.approx(resolve)
    assert incident.due_at == incident.answer_due_at


def test_a_type_without_hours_for_it_gives_severe_ones_those_of_any(db: None) -> None:
    kind = make.friction_type("usual", answer_hours=8, resolve_hours=40)
    assert (kind.hours_to_answer(1.0), kind.hours_to_resolve(1.0)) == (8, 40)


def test_who_is_asked_about_a_severe_incident_answers_and_resolves_sooner(urgent: FrictionType) -> None:
    incident, billing = opened(urgent, 0.9), make.department("billing")
    asked = hand_off(
        incident=incident,
        to=billing,
        reason=Reason.values[0],
        words="Theirs.",
        expected="",
        share=1.0,
        acting_person=make.head(incident.department),
    )
    calendar = calendar_of(billing)
    assert asked.answer_due_at is not None
    assert calendar.working_hours_between(asked.proposed_at, asked.answer_due_at) == pytest.approx(2, abs=1e-3)
    accept_hand_off(hand_off=asked, words="", acting_person=make.head(billing))
    incident.refresh_from_db()
    assert calendar.working_hours_between(asked.proposed_at, incident.resolve_due_at) == pytest.approx(16, abs=1e-3)


def test_an_incident_that_becomes_severe_is_due_sooner_until_that_is_taken_back(urgent: FrictionType) -> None:
    incident = opened(urgent, 0.5)
    head = make.head(incident.department)
    accept(incident=incident, acting_person=head)
    regrade(incident=incident, friction_type=urgent, severity=0.9, words="The line stands.", acting_person=head)
    incident.refresh_from_db()
    assert hours_given(incident, incident.resolve_due_at) == pytest.approx(16, abs=0.01)
    assert incident.due_at == incident.resolve_due_at
    regrade(incident=incident, friction_type=urgent, severity=0.4, words="It runs again.", acting_person=head)
    incident.refresh_from_db()
    assert hours_given(incident, incident.resolve_due_at) == pytest.approx(80, abs=0.01)
    batch = undo_of([incident], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    incident.refresh_from_db()
    assert hours_given(incident, incident.due_at) == pytest.approx(16, abs=0.01)


@given(calendars, moments, st.floats(0, 200), st.floats(-200, 200))
def test_a_moved_deadline_is_not_past_because_it_was_moved(
    calendar: Calendar, now: datetime.datetime, left: float, hours: float
) -> None:
    due = calendar.deadline(now, left)
    moved = calendar.moved(due, hours, now)
    assert moved >= now
    assert calendar.working_hours_between(now, moved) == pytest.approx(max(left + hours, 0.0), abs=1e-6)


def test_the_catalogue_gives_severe_incidents_less_time_but_never_more_than_any(db: None) -> None:
    urgent = FrictionType.objects.filter(severe_answer_hours__isnull=False)
    assert set(urgent.values_list("slug", flat=True)) == set(severe_hours())
    for kind in urgent:
        assert kind.hours_to_answer(1.0) < kind.hours_to_answer(0.5) == kind.answer_hours
        assert kind.hours_to_resolve(1.0) < kind.hours_to_resolve(0.5) == kind.resolve_hours


def test_what_a_company_has_set_is_not_overwritten(db: None) -> None:
    types = FrictionType.objects
    types.update(severe_answer_hours=None, severe_resolve_hours=None, severe_from=0.75)
    types.filter(slug="late_shipment").update(severe_answer_hours=3, severe_resolve_hours=5)
    types.filter(slug="portal_down").update(severe_from=0.5)
    types.filter(slug="defect").update(answer_hours=1)
    plant_severe_hours(apps)
    late, portal, defect, silent = (
        types.get(slug=slug) for slug in ("late_shipment", "portal_down", "defect", "gone_silent")
    )
    assert (late.severe_answer_hours, late.severe_resolve_hours) == (3, 5)
    assert (portal.severe_answer_hours, defect.severe_answer_hours) == (None, None)
    assert (silent.severe_answer_hours, silent.severe_resolve_hours) == (2, 8)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"severe_answer_hours": 2, "severe_resolve_hours": None}, "within how many it is resolved"),
        ({"severe_answer_hours": 0, "severe_resolve_hours": 8}, "an hour at least"),
        ({"severe_from": 1.5}, "less than or equal to 1"),
    ],
)
def test_half_of_the_hours_or_none_at_all_is_refused_with_a_sentence(
    db: None, fields: dict[str, float | None], sentence: str
) -> None:
    kind = FrictionType.objects.get(slug="late_shipment")
    for name, value in fields.items():
        setattr(kind, name, value)
    with pytest.raises(ValidationError, match=sentence):
        kind.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        kind.save()


@pytest.mark.parametrize(("severity", "answer", "resolve"), [(0.5, 16, 80), (0.9, 2, 16)])
def test_the_api_tells_both_hours_and_gives_its_reports_the_deadlines_of_their_severity(
    urgent: FrictionType, severity: float, answer: float, resolve: float
) -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    (kind,) = (one for one in program.get("/friction-types").json()["results"] if one["slug"] == urgent.slug)
    hours = [kind[name] for name in ("severe_from", "severe_answer_hours", "severe_resolve_hours")]
    assert hours == [0.8, 2, 16]
    body = {
        "account": str(account.public_id),
        "friction_type": urgent.slug,
        "severity": severity,
        "title": "The line stands still",
        "happened_at": make.ago(hours=1).isoformat(),
    }
    told = program.post("/incidents", body)
    assert told.status_code == 201, told.content
    due = [datetime.datetime.fromisoformat(told.json()[name]) for name in ("answer_due_at", "resolve_due_at")]
    incident = Incident.objects.get(account=account)
    assert [hours_given(incident, one) for one in due] == pytest.approx([answer, resolve])


def test_grading_it_up_over_the_api_moves_the_deadlines(urgent: FrictionType) -> None:
    incident = opened(urgent, 0.5)
    program = Caller(make.head(urgent.department))
    body = {"severity": 0.9, "friction_type": urgent.slug, "words": "Three lines stand."}
    graded = program.post(f"/incidents/{incident.public_id}/regrade", body)
    assert graded.status_code == 200, graded.content
    due = datetime.datetime.fromisoformat(graded.json()["answer_due_at"])
    assert due < incident.answer_due_at
    assert hours_given(incident, due) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"severe_answer_hours": "2", "severe_resolve_hours": ""}, "or leave both empty"),
        ({"severe_answer_hours": "0", "severe_resolve_hours": "8"}, "an hour at least"),
        ({"severe_from": "1.5"}, "less than or equal to 1"),
    ],
)
def test_the_configuration_says_in_a_sentence_what_is_wrong(
    urgent: FrictionType, client: Client, fields: dict[str, str], sentence: str
) -> None:
    client.force_login(make.person(Role.ADMINISTRATOR))
    address = reverse("admin:departments_frictiontype_change", args=[urgent.pk])
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in sent.items() if value is not False}
    assert client.post(address, {**sent, "severe_answer_hours": "3"}).status_code == 302
    refused = client.post(address, {**sent, **fields})
    assert refused.status_code == 200
    assert sentence in refused.content.decode()
    urgent.refresh_from_db()
    assert (urgent.severe_answer_hours, urgent.severe_from) == (3, 0.8)
