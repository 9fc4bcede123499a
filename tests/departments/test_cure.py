"""From containment to proven cure: what is recorded, by whom, and how it is taken back."""

import datetime
from decimal import Decimal

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AuditEntry
from departments.actions import checks, cure, problems
from departments.actions.cure_steps import undo_of_problem, undo_problem_step
from departments.actions.undo import undo, undo_of
from departments.cure.costs import cost_sum, costs_of
from departments.cure.iso import steps
from departments.cure.reading import cure_of, next_step
from departments.models import (
    CorrectiveAction,
    EffectivenessCheck,
    Incident,
    IncidentEvent,
    Person,
    Problem,
    Role,
    State,
    Subject,
)
from retention.notifications.inbox import inbox
from retention.notifications.reminders import send_reminders
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident() -> Incident:
    return make.incident(state=State.IN_WORK)


@pytest.fixture
def head(incident: Incident) -> Person:
    return make.head(incident.department)


def planned(subject: Subject, owner: Person, days: int = 60) -> CorrectiveAction:
    return cure.plan_action(
        subject=subject,
        words="Scan each parcel at the gate.",
        kind="corrective",
        owner=owner,
        due_on=timezone.localdate() + datetime.timedelta(days=10),
        check_after_days=days,
        acting_person=owner,
    )


def done(subject: Subject, owner: Person, days_ago: int, days: int = 60) -> CorrectiveAction:
    action = planned(subject, owner, days)
    cure.finish_action(action=action, words="Scanners are there.", acting_person=owner)
    CorrectiveAction.objects.filter(pk=action.pk).update(done_at=make.ago(days=days_ago))
    action.refresh_from_db()
    return action


def the_step(incident: Incident, person: Person) -> str:
    return next_step(*cure_of(person, incident, incident.problem))


def test_each_step_of_a_cure_is_recorded_and_names_the_next(incident: Incident, head: Person) -> None:
    assert the_step(incident, head) == "contain"
    cure.contain(subject=incident, words="Sent again by express.", done_at=None, acting_person=head)
    assert the_step(incident, head) == "cause"
    cure.find_cause(
        subject=incident, whys=["Late.", " ", "No scan."], cause=None, escape="Nobody looks.", acting_person=head
    )
    assert the_step(incident, head) == "plan"
    action = planned(incident, head)
    assert the_step(incident, head) == "act"
    cure.finish_action(action=action, words="Done.", acting_person=head)
    assert the_step(incident, head) == "wait"
    verbs = list(IncidentEvent.objects.filter(incident=incident).values_list("verb", flat=True))
    assert verbs == ["contained", "cause_found", "action_planned", "action_done"]
    assert AuditEntry.objects.filter(subject=incident.public_id).count() == len(verbs)
    found, _ = cure_of(head, incident, None)
    assert found is not None
    assert found.root_cause is not None
    assert found.root_cause.whys == ["Late.", "No scan."]


def test_every_step_is_taken_back_at_once_and_stays_in_the_record(incident: Incident, head: Person) -> None:
    cure.contain(subject=incident, words="Sent again.", done_at=None, acting_person=head)
    batch = undo_of([incident], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    assert the_step(incident, head) == "contain"
    assert list(IncidentEvent.objects.filter(incident=incident).values_list("verb", flat=True)) == [
        "contained",
        "undone",
    ]


def test_a_done_action_is_planned_again_when_it_is_taken_back(incident: Incident, head: Person) -> None:
    action = planned(incident, head)
    cure.finish_action(action=action, words="Done.", acting_person=head)
    batch = undo_of([Incident.objects.get(pk=incident.pk)], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    action.refresh_from_db()
    assert (action.state, action.done_words, action.done_by) == ("planned", "", None)


def test_only_the_department_that_holds_it_cures_and_the_owner_says_it_is_done(
    incident: Incident, head: Person
) -> None:
    stranger = make.head(make.department("legal"))
    with pytest.raises(NotAllowed):
        cure.contain(subject=incident, words="No.", done_at=None, acting_person=stranger)
    with pytest.raises(Invalid, match="nothing to do with it"):
        cure.plan_action(
            subject=incident,
            words="Something.",
            kind="corrective",
            owner=stranger,
            due_on=timezone.localdate(),
            check_after_days=None,
            acting_person=head,
        )
    member = make.member(incident.department)
    action = planned(incident, member)
    with pytest.raises(NotAllowed):
        cure.finish_action(action=action, words="Done.", acting_person=stranger)
    cure.finish_action(action=action, words="Done.", acting_person=member)
    with pytest.raises(Conflict, match="done already"):
        cure.finish_action(action=action, words="Done.", acting_person=member)


def test_an_action_is_planned_anew_or_dropped_with_a_reason(incident: Incident, head: Person) -> None:
    member = make.member(incident.department)
    action = planned(incident, head)
    later = timezone.localdate() + datetime.timedelta(days=30)
    cure.replan_action(action=action, owner=member, due_on=later, words="She knows it.", acting_person=head)
    assert (action.owner, action.due_on) == (member, later)
    incident.refresh_from_db()
    cure.drop_action(action=action, words="The gate closes.", acting_person=head)
    assert the_step(incident, head) == "contain"
    with pytest.raises(Conflict, match="dropped"):
        cure.finish_action(action=action, words="Done.", acting_person=head)


def test_the_check_opens_by_itself_with_the_figures_that_it_is_read_from(incident: Incident, head: Person) -> None:
    Incident.objects.filter(pk=incident.pk).update(happened_at=make.ago(days=200))
    account = incident.account
    done(incident, head, days_ago=61)
    for days in (70, 80, 100):
        make.incident(account, happened_at=make.ago(days=days))
        make.order(account, ordered_at=make.ago(days=days))
    make.order(account, ordered_at=make.ago(days=20))
    make.incident(account, happened_at=make.ago(days=20))
    make.incident(account, make.friction_type("damaged_goods"), happened_at=make.ago(days=20))
    now = timezone.now()
    assert checks.open_due_checks(now - datetime.timedelta(days=2)) == 0
    assert checks.open_due_checks(now) == 1
    assert checks.open_due_checks(now) == 0
    check = EffectivenessCheck.objects.get()
    figures = (check.incidents_before, check.orders_before, check.incidents_after, check.orders_after)
    assert figures == (3, 3, 1, 1)
    assert (check.ratio, check.verdict) == (1.0, "too_few")
    assert the_step(incident, head) == "decide"
    assert "effectiveness check waits for your decision" in {item.words for item in inbox(head)}


def test_a_head_closes_an_action_after_its_check_or_plans_it_again(incident: Incident, head: Person) -> None:
    action = done(incident, head, days_ago=8, days=7)
    checks.open_due_checks(timezone.now())
    check = EffectivenessCheck.objects.get()
    with pytest.raises(NotAllowed):
        checks.confirm_check(check=check, words="Good.", thanks="", acting_person=make.member(incident.department))
    later = timezone.localdate() + datetime.timedelta(days=5)
    checks.reopen_action(check=check, words="Still late.", due_on=later, acting_person=head)
    action.refresh_from_db()
    assert (action.state, action.due_on, action.reopened) == ("planned", later, 1)
    with pytest.raises(Conflict, match="decided"):
        checks.confirm_check(check=check, words="Good.", thanks="", acting_person=head)
    batch = undo_of([Incident.objects.get(pk=incident.pk)], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    action.refresh_from_db()
    check.refresh_from_db()
    assert (action.state, action.reopened, check.decision) == ("done", 0, "")
    confirmed = checks.confirm_check(check=check, words="Good.", thanks="The gate.", acting_person=head)
    assert (confirmed.decision, confirmed.decided_by) == ("confirmed", head)
    cure.contain(subject=Incident.objects.get(pk=incident.pk), words="Sent.", done_at=None, acting_person=head)
    cure.find_cause(
        subject=Incident.objects.get(pk=incident.pk), whys=["So."], cause=None, escape="", acting_person=head
    )
    assert the_step(incident, head) == "done"


def test_costs_count_a_credit_note_once_and_hours_by_the_rate(head: Person, incident: Incident) -> None:
    make.organisation(hourly_rate=Decimal("50.00"))
    signal = make.signal(incident.account, "credit_note", {"amount": 120.5})
    credited = make.incident(incident.account, signal=signal, state=State.IN_WORK)
    assert costs_of(credited).direct == Decimal("120.50")
    cure.record_cost(incident=credited, kind="hours", amount=None, hours=Decimal(3), words="", acting_person=head)
    assert costs_of(credited).direct == Decimal("270.50")
    make.incident(incident.account, signal=signal)
    everything = Incident.objects.filter(account=incident.account)
    assert cost_sum(everything).direct == Decimal("270.50")
    credited.refresh_from_db()
    row = cure.record_cost(
        incident=credited, kind="credit", amount=Decimal(100), hours=None, words="", acting_person=head
    )
    assert costs_of(credited).direct == Decimal("250.00")
    credited.refresh_from_db()
    cure.strike(row=row, words="Typed twice.", acting_person=head)
    assert costs_of(credited).direct == Decimal("270.50")
    with pytest.raises(Invalid, match="above zero"):
        cure.record_cost(incident=credited, kind="rework", amount=None, hours=None, words="", acting_person=head)


def test_the_steps_of_a_complaint_are_read_off_the_record(head: Person, incident: Incident) -> None:
    manager = make.manager_of(incident.account)
    cure.record_customer_step(
        incident=incident, kind="asked", happened_at=None, score=8, words="Fine.", acting_person=manager
    )
    told = list(incident.customersteps.select_related("person"))
    events = list(incident.events.select_related("person"))
    read = {step.key: step for step in steps(incident, events, told, None)}
    assert (read["asked"].who, read["asked"].words) == (manager, "8 of 10: Fine.")
    assert {key for key, step in read.items() if step.at is None} == {
        "acknowledged",
        "assessed",
        "investigated",
        "answered",
        "closed",
    }
    with pytest.raises(Invalid, match="score"):
        cure.record_customer_step(
            incident=incident, kind="answered", happened_at=None, score=8, words="", acting_person=manager
        )


def opened(incidents: list[Incident], head: Person) -> Problem:
    return problems.open_problem(
        title="The gate",
        description="",
        department=incidents[0].department,
        friction_type=None,
        incidents=incidents,
        acting_person=head,
    )


def test_a_problem_gathers_incidents_and_its_cure_counts_for_each(incident: Incident, head: Person) -> None:
    second = make.incident(state=State.IN_WORK)
    problem = opened([incident, second], head)
    assert set(problem.incidents.all()) == {incident, second}
    cure.contain(subject=problem, words="All parcels by hand.", done_at=None, acting_person=head)
    assert the_step(Incident.objects.get(pk=second.pk), head) == "cause"
    with pytest.raises(Conflict, match="already"):
        problems.link_incident(incident=Incident.objects.get(pk=second.pk), problem=problem, acting_person=head)
    batch = undo_of_problem(problem, head)
    assert batch is not None
    undo_problem_step(batch=batch, acting_person=head)
    assert the_step(Incident.objects.get(pk=second.pk), head) == "contain"


def test_opening_a_problem_is_taken_back_as_one_deed(incident: Incident, head: Person) -> None:
    second = make.incident(state=State.IN_WORK)
    opened([incident, second], head)
    batch = undo_of([incident, second], head)
    assert batch is not None
    assert len(undo(batch=batch, acting_person=head).incidents) == 2
    assert not Problem.objects.visible_to(head).exists()
    assert not Incident.objects.filter(problem__isnull=False).exists()


def test_a_problem_is_seen_by_whoever_sees_one_of_its_incidents(incident: Incident, head: Person) -> None:
    problem = opened([incident], head)
    seeing = (head, make.manager_of(incident.account), make.person(Role.EXECUTIVE))
    assert all(Problem.objects.visible_to(person).filter(pk=problem.pk).exists() for person in seeing)
    blind = (make.person(), make.head(make.department("legal")))
    assert not any(Problem.objects.visible_to(person).filter(pk=problem.pk).exists() for person in blind)


def test_a_problem_is_closed_by_its_department_and_opened_again(incident: Incident, head: Person) -> None:
    problem = opened([incident], head)
    with pytest.raises(NotAllowed):
        problems.close_problem(problem=problem, words="Done.", acting_person=make.head(make.department("legal")))
    problems.close_problem(problem=problem, words="Done.", acting_person=head)
    with pytest.raises(Conflict, match="closed"):
        problems.link_incident(incident=make.incident(), problem=problem, acting_person=head)
    problems.reopen_problem(problem=problem, words="Again.", acting_person=head)
    assert problem.is_open
    incident.refresh_from_db()
    problems.unlink_incident(incident=incident, words="Another cause.", acting_person=head)
    incident.refresh_from_db()
    assert incident.problem is None


def test_the_pages_do_what_they_offer(client: Client, incident: Incident, head: Person) -> None:
    client.force_login(head)
    page = reverse("incident", args=[incident.public_id])
    assert "Record first aid" in client.get(page).content.decode()
    refused = client.post(reverse("incident_contain", args=[incident.public_id]), {"words": ""})
    assert refused.status_code == 422
    client.post(reverse("incident_contain", args=[incident.public_id]), {"words": "Sent again."})
    client.post(reverse("incident_cause", args=[incident.public_id]), {"why_1": "Late.", "why_2": "No scan."})
    due_on = (timezone.localdate() + datetime.timedelta(days=5)).isoformat()
    sent = {"words": "Scan.", "kind": "corrective", "owner": str(head.public_id), "due_on": due_on}
    client.post(reverse("incident_plan", args=[incident.public_id]), sent)
    action = CorrectiveAction.objects.get()
    client.post(reverse("action_done", args=[action.public_id]), {"words": "There."})
    shown = client.get(page).content.decode()
    assert all(text in shown for text in ("Sent again.", "No scan.", "Opens by itself"))
    gathered = client.post(
        reverse("incidents_problem"),
        {"incident": [str(incident.public_id)], "title": "The gate", "department": incident.department.slug},
    )
    problem = client.get(gathered["Location"]).content.decode()
    assert "The gate" in problem
    assert incident.title in problem
    assert "The gate" in client.get(reverse("problems")).content.decode()


def test_an_owner_is_told_before_the_day_and_once_it_has_passed(
    incident: Incident, head: Person, mailoutbox: list[EmailMessage]
) -> None:
    Incident.objects.filter(pk=incident.pk).update(due_at=timezone.now() + datetime.timedelta(days=30))
    action = planned(incident, head)
    send_reminders(now=timezone.now())
    assert mailoutbox == []
    for days in (2, -1):
        day = timezone.localdate() + datetime.timedelta(days=days)
        CorrectiveAction.objects.filter(pk=action.pk).update(due_on=day)
        send_reminders(now=timezone.now())
        send_reminders(now=timezone.now())
    assert [(mail.to, action.words in str(mail.body)) for mail in mailoutbox] == [([head.email], True)] * 2
    words = {item.words for item in inbox(head)}
    assert "corrective action of yours is past due" in words
