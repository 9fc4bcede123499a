"""What people do with incidents: who may, what it changes, what is recorded."""

from typing import Any

import pytest

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AuditEntry
from departments.actions.incidents import accept, assign, note, reopen, report_friction, resolve
from departments.models import Incident, Note, Person, Role, State
from tests import make

pytestmark = pytest.mark.django_db


def report(person: Person, **changes: Any) -> Incident:
    values: dict[str, Any] = {
        "account": make.account(),
        "friction_type": make.friction_type(),
        "severity": 0.5,
        "title": "",
        "description": " Came on Friday instead of Monday. ",
        "happened_at": make.ago(days=1),
        "order": None,
        **changes,
    }
    return report_friction(acting_person=person, **values)


def verbs(incident: Incident) -> list[str]:
    return list(incident.events.values_list("verb", flat=True))


def test_a_manager_reports_friction_at_an_account_of_theirs() -> None:
    account = make.account()
    manager = make.manager_of(account)
    incident = report(manager, account=account)
    assert (incident.reporter, incident.title, incident.state) == (manager, incident.friction_type.name, State.NEW)
    assert incident.description == "Came on Friday instead of Monday."
    assert incident.department == incident.friction_type.department
    assert AuditEntry.objects.get(subject=incident.public_id).person == manager


def test_nobody_reports_friction_where_they_see_nothing() -> None:
    with pytest.raises(NotAllowed, match="not among the accounts"):
        report(make.person())


@pytest.mark.parametrize(
    ("field", "value"), [("severity", 0), ("severity", 1.1), ("happened_at", make.ago(days=-1)), ("order", "foreign")]
)
def test_a_report_that_cannot_be_right_names_its_field(field: str, value: Any) -> None:
    account = make.account()
    manager = make.manager_of(account)
    with pytest.raises(Invalid) as refusal:
        report(manager, account=account, **{field: make.order(make.account()) if value == "foreign" else value})
    assert refusal.value.field == field


def test_a_type_out_of_use_is_refused() -> None:
    account = make.account()
    kind = make.friction_type("fax_lost", is_active=False)
    with pytest.raises(Invalid, match="no longer in use"):
        report(make.manager_of(account), account=account, friction_type=kind)


def test_the_head_accepts_what_the_department_holds() -> None:
    incident = make.incident()
    head = make.head(incident.department)
    accept(incident=incident, acting_person=head)
    incident.refresh_from_db()
    assert (incident.state, incident.due_at, incident.version) == (State.IN_WORK, incident.resolve_due_at, 2)
    assert incident.answered_at is not None
    assert not incident.responsibilities.get().is_provisional
    assert verbs(incident) == ["accepted"]


def test_a_head_answers_only_for_their_own_department() -> None:
    incident = make.incident()
    with pytest.raises(NotAllowed, match="you do not work there"):
        accept(incident=incident, acting_person=make.head(make.department("billing")))


@pytest.mark.parametrize("role", [Role.DEPARTMENT_MEMBER, Role.ACCOUNT_MANAGER, Role.EXECUTIVE, Role.ADMINISTRATOR])
def test_only_a_head_accepts_and_resolves(role: Role) -> None:
    incident = make.incident()
    person = make.person(role, incident.department)
    with pytest.raises(NotAllowed):
        accept(incident=incident, acting_person=person)
    with pytest.raises(NotAllowed):
        resolve(incident=incident, resolution="Done.", cause=None, acting_person=person)
    assert Incident.objects.get().version == 1


def test_who_comes_second_is_told_who_was_first() -> None:
    incident = make.incident()
    stale = Incident.objects.get(pk=incident.pk)
    first = make.head(incident.department, name="Ann Smith")
    accept(incident=incident, acting_person=first)
    with pytest.raises(Conflict, match=r"Somebody was first\. Ann Smith: accepted"):
        accept(incident=stale, acting_person=make.head(incident.department))
    with pytest.raises(Conflict, match="in work"):
        accept(incident=incident, acting_person=first)


def test_a_member_takes_work_on_and_gives_it_to_nobody() -> None:
    incident = make.incident()
    member, colleague = make.member(incident.department), make.member(incident.department)
    assert assign(incident=incident, assignee=member, acting_person=member).assignee == member
    with pytest.raises(NotAllowed, match="does not give it to others"):
        assign(incident=incident, assignee=colleague, acting_person=member)


def test_the_head_assigns_people_of_the_department_alone() -> None:
    incident = make.incident()
    head = make.head(incident.department)
    assign(incident=incident, assignee=make.member(incident.department, name="Bo"), acting_person=head)
    assert incident.events.get().details == {"from": None, "to": "Bo"}
    with pytest.raises(Invalid, match="does not work in"):
        assign(incident=incident, assignee=make.member(make.department("billing")), acting_person=head)
    with pytest.raises(Invalid, match="does not work in"):
        assign(incident=incident, assignee=make.member(incident.department, is_active=False), acting_person=head)
    assert assign(incident=incident, assignee=None, acting_person=head).assignee is None


def test_resolving_says_how_and_why_and_accepts_on_the_way() -> None:
    incident = make.incident()
    cause = make.cause(incident.department)
    resolve(incident=incident, resolution=" Sent again. ", cause=cause, acting_person=make.head(incident.department))
    assert (incident.state, incident.resolution, incident.cause) == (State.RESOLVED, "Sent again.", cause)
    part = incident.responsibilities.get()
    assert (part.resolved_at, part.is_provisional) == (incident.resolved_at, False)
    assert incident.answered_at == incident.resolved_at


def test_resolving_needs_words_and_a_cause_of_ones_own() -> None:
    incident = make.incident()
    head = make.head(incident.department)
    with pytest.raises(Invalid, match="how it was put right"):
        resolve(incident=incident, resolution=" ", cause=None, acting_person=head)
    foreign = make.cause(make.department("billing"))
    with pytest.raises(Invalid, match="another department"):
        resolve(incident=incident, resolution="Done.", cause=foreign, acting_person=head)


def test_the_manager_of_the_account_reopens_what_is_not_resolved() -> None:
    incident = make.incident()
    resolve(incident=incident, resolution="Done.", cause=None, acting_person=make.head(incident.department))
    resolved_at = incident.resolved_at
    reopen(incident=incident, words="It never came.", acting_person=make.manager_of(incident.account))
    assert (incident.state, incident.resolved_at, incident.resolution, incident.reopened) == (
        State.IN_WORK,
        None,
        "",
        1,
    )
    assert incident.responsibilities.get().resolved_at is None
    step = incident.events.get(verb="reopened")
    assert (step.words, step.details["resolution"]) == ("It never came.", "Done.")
    assert resolved_at is not None
    assert step.details["resolved_at"] == resolved_at.isoformat()


def test_reopening_needs_words_sight_and_a_resolved_incident() -> None:
    incident = make.incident(state=State.RESOLVED)
    with pytest.raises(NotAllowed, match="not among those"):
        reopen(incident=incident, words="No.", acting_person=make.person())
    manager = make.manager_of(incident.account)
    with pytest.raises(Invalid, match="Say why"):
        reopen(incident=incident, words="", acting_person=manager)
    with pytest.raises(Conflict):
        reopen(incident=make.incident(incident.account), words="No.", acting_person=manager)


def test_an_internal_note_stays_in_its_department() -> None:
    incident = make.incident()
    head = make.head(incident.department)
    manager = make.manager_of(incident.account)
    internal = note(incident=incident, text="Our forklift.", is_internal=True, acting_person=head)
    shared = note(incident=incident, text="On its way.", is_internal=False, acting_person=head)
    assert set(Note.objects.visible_to(head)) == {internal, shared}
    assert set(Note.objects.visible_to(manager)) == {shared}
    assert set(Note.objects.visible_to(make.person(Role.EXECUTIVE))) == {shared}
    assert set(Note.objects.visible_to(make.person())) == set()
    assert "forklift" not in str(list(incident.events.values_list("words", "details")))


def test_a_note_needs_words_and_an_internal_one_a_department() -> None:
    incident = make.incident()
    manager = make.manager_of(incident.account)
    with pytest.raises(Invalid, match="words"):
        note(incident=incident, text=" ", is_internal=False, acting_person=manager)
    with pytest.raises(Invalid, match="no department"):
        note(incident=incident, text="Secret.", is_internal=True, acting_person=manager)
    with pytest.raises(NotAllowed):
        note(incident=incident, text="Hm.", is_internal=False, acting_person=make.person(Role.EXECUTIVE))
