"""What is on record stays: no page, no call, no configuration and no statement deletes it."""

import re

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, models, transaction
from django.test import RequestFactory
from django.urls import get_resolver

from accounts.models import AuditEntry
from departments.actions.incidents import NewIncident, accept, note, open_incidents
from departments.actions.rows_undo import Undoing, restore_rows
from departments.models import (
    Attachment,
    Dispute,
    HandOff,
    Incident,
    IncidentEvent,
    Note,
    Regrading,
    Responsibility,
    Role,
    Ruling,
    Statement,
    Wait,
)
from tests import make
from tests.populated import populate
from tests.test_permissions import routes

pytestmark = pytest.mark.django_db
KEPT: list[type[models.Model]] = [
    IncidentEvent,
    Note,
    HandOff,
    Wait,
    Attachment,
    Ruling,
    Statement,
    Regrading,
    Dispute,
]
SOUNDS_LIKE_DELETING = re.compile("delete|destroy|erase|purge")


def incident_with_a_note() -> Incident:
    new = NewIncident(
        account_id=make.account().pk,
        friction_type_id=make.friction_type().pk,
        severity=0.5,
        title="Late",
        happened_at=make.ago(days=2),
        external_id=make.number(),
    )
    opened = open_incidents(incidents=[new], acting_person=None).incidents[0]
    incident = Incident.objects.get(pk=opened.incident_id)
    head = make.head(incident.department)
    accept(incident=incident, acting_person=head)
    note(incident=incident, text="Look.", is_internal=False, acting_person=head)
    return incident


def test_the_database_deletes_nothing_that_is_on_record() -> None:
    populate(1)
    for model in KEPT:
        assert model._default_manager.exists(), model
        with pytest.raises(DatabaseError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


def test_no_step_is_rewritten() -> None:
    incident = incident_with_a_note()
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        IncidentEvent.objects.filter(incident=incident).update(words="Nothing happened.")


@pytest.mark.parametrize("of", ["incident", "account", "reporter"])
def test_no_deletion_elsewhere_takes_an_incident_along(of: str) -> None:
    incident = incident_with_a_note()
    owner: models.Model = {
        "incident": incident,
        "account": incident.account,
        "reporter": Note.objects.get(incident=incident).person,
    }[of]
    with pytest.raises(DatabaseError), transaction.atomic():
        owner.delete()
    assert Incident.objects.filter(pk=incident.pk).exists()
    assert Note.objects.filter(incident=incident).exists()


def test_no_address_deletes_what_is_on_record() -> None:
    addresses = [route for route in routes(get_resolver().url_patterns) if not route.startswith("admin/")]
    assert [route for route in addresses if SOUNDS_LIKE_DELETING.search(route)] == []


@pytest.mark.parametrize("model", [Incident, Responsibility, *KEPT], ids=lambda model: model._meta.model_name)
def test_the_configuration_deletes_and_changes_no_record(model: type[models.Model]) -> None:
    request = RequestFactory().get("/")
    request.user = make.person(Role.ADMINISTRATOR)
    page = admin.site._registry.get(model)
    if page is None:
        assert model not in admin.site._registry
        return
    assert not page.has_delete_permission(request)
    assert not page.has_change_permission(request)


def test_a_note_that_is_taken_back_stays_and_its_words_stay_where_they_were() -> None:
    incident = incident_with_a_note()
    member = make.member(incident.department)
    notes = Note.objects.filter(incident=incident)
    undoing = Undoing(member, "A note", notes)
    kept = undoing(lambda: note(incident=incident, text="Our own fault.", is_internal=True, acting_person=member))()
    assert kept is not None
    restore_rows(batch=kept.batch, acting_person=member)
    assert notes.filter(text="Our own fault.", taken_back_at__isnull=False).count() == 1
    assert "Our own fault." not in str([*IncidentEvent.objects.values(), *AuditEntry.objects.values()])
