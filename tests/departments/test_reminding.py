"""Deadlines that draw near or have passed: told once each, to whoever has to know."""

import datetime
from functools import partial
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone

from departments.actions.dispute_answers import answer_dispute
from departments.actions.disputing import dispute
from departments.actions.rulings import ask_for_ruling
from departments.actions.undo import undo, undo_of
from departments.models import Department, Dispute, DisputeEnd, Incident, Person, Reminder, Role, State
from departments.reminding import remind
from retention.notifications.reminders import send_reminders
from tests import make
from tests.together import together

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("Europe/London"))


def due(hours: float, **fields: object) -> Incident:
    moment = NOW + datetime.timedelta(hours=hours)
    return make.incident(due_at=moment, happened_at=NOW - datetime.timedelta(days=9), **fields)  # type: ignore[arg-type]  # passed on


def told(incident: Incident) -> set[tuple[Person, str]]:
    return {(one.person, one.kind) for one in Reminder.objects.filter(incident=incident)}


def test_before_a_deadline_the_heads_and_whoever_works_on_it_are_told_once() -> None:
    shipping = make.department("shipping")
    head, member = make.head(shipping), make.member(shipping)
    make.head(make.department("billing"))
    make.person(Role.EXECUTIVE)
    near, far = due(3, assignee=member), due(9)
    assert remind(NOW) == 1
    assert remind(NOW + datetime.timedelta(minutes=5)) == 0
    assert told(near) == {(head, "soon"), (member, "soon")}
    assert told(far) == set()
    assert list(near.events.values_list("verb", flat=True)) == ["reminded"]


def test_after_a_deadline_it_goes_up_to_the_executives() -> None:
    head, executive = make.head(make.department("shipping")), make.person(Role.EXECUTIVE)
    late = due(-1)
    remind(NOW)
    assert told(late) == {(head, "late"), (executive, "late")}
    assert list(late.events.values_list("verb", flat=True)) == ["escalated"]


def test_the_asked_department_is_told_of_what_it_has_to_answer() -> None:
    billing = make.department("billing")
    make.head(make.department("shipping"))
    asked_head = make.head(billing)
    waiting = due(2, state=State.WAITING)
    make.hand_off(waiting, billing)
    remind(NOW)
    assert told(waiting) == {(asked_head, "soon")}


def test_a_new_deadline_is_told_anew_and_what_is_resolved_is_not() -> None:
    make.head(make.department("shipping"))
    incident, done = due(3), due(3, state=State.RESOLVED)
    remind(NOW)
    Incident.objects.filter(pk=incident.pk).update(due_at=NOW + datetime.timedelta(hours=4))
    remind(NOW)
    assert Reminder.objects.filter(incident=incident).count() == 2
    assert told(done) == set()


def test_each_person_gets_one_mail_with_what_is_new() -> None:
    make.head(make.department("shipping"), email="head@example.com")
    due(3), due(-1)
    assert send_reminders(now=NOW) == 1
    assert send_reminders(now=NOW) == 0
    assert mail.outbox[0].to == ["head@example.com"]
    assert "Due soon" in mail.outbox[0].body
    assert "Past due" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_at_once_one_tells() -> None:
    make.head(make.department("shipping"))
    incident = due(3)
    together(*(partial(remind, NOW) for _ in range(4)))
    assert Reminder.objects.filter(incident=incident).count() == 1
    assert incident.events.count() == 1


def shared(hours: float, beside: Department) -> Incident:
    """An incident that shipping holds and the other answers for a part of."""
    return due(hours, shares={make.department("shipping"): 0.6, beside: 0.4})


def test_whoever_is_asked_about_a_part_is_reminded_of_the_question_and_not_of_the_incident() -> None:
    billing, legal = make.department("billing"), make.department("legal")
    asking, asked = make.head(billing), make.head(legal)
    incident = shared(90, billing)
    soon = NOW + datetime.timedelta(hours=2)
    make.hand_off(incident, legal, from_department=billing, is_of_part=True, answer_due_at=soon)
    assert (remind(NOW), remind(NOW)) == (1, 0)
    assert told(incident) == {(asked, "soon")}
    executive = make.person(Role.EXECUTIVE)
    assert (remind(soon), remind(soon)) == (1, 0)
    assert told(incident) == {(asked, "soon"), (asked, "late"), (executive, "late")}
    assert asking not in {person for person, _ in told(incident)}


def test_whoever_answers_for_a_part_is_reminded_as_the_holder_is_unless_others_are_asked() -> None:
    billing = make.department("billing")
    holder, beside = make.head(make.department("shipping")), make.head(billing)
    incident, asking = shared(3, billing), shared(3, billing)
    later = NOW + datetime.timedelta(days=9)
    elsewhere = make.department("legal")
    make.hand_off(asking, elsewhere, from_department=billing, is_of_part=True, answer_due_at=later)
    assert (remind(NOW), remind(NOW)) == (2, 0)
    assert told(incident) == {(holder, "soon"), (beside, "soon")}
    assert told(asking) == {(holder, "soon")}


def disputed(due_at: datetime.datetime, **fields: object) -> Dispute:
    """A dispute in which the other side has to say something until the moment."""
    incident = due(90, **fields)
    head = make.head(incident.department)
    dispute(incident=incident, reason="caused_elsewhere", words="Not ours.", acting_person=head)
    question = incident.disputes.get()
    assert question.answer_due_at is not None
    assert question.answer_due_at > question.raised_at
    Dispute.objects.filter(pk=question.pk).update(answer_due_at=due_at)
    question.refresh_from_db()
    return question


def test_each_side_of_a_dispute_is_reminded_while_it_has_the_next_word() -> None:
    billing = make.department("billing")
    attributing = make.head(billing)
    question = disputed(NOW + datetime.timedelta(hours=2), reporting_department=billing)
    incident = question.incident
    assert (remind(NOW), remind(NOW)) == (1, 0)
    assert told(incident) == {(attributing, "soon")}
    answer_dispute(dispute=question, share=0.0, words="The plan says so.", acting_person=attributing)
    question.refresh_from_db()
    assert question.answer_due_at is not None
    assert question.answer_due_at > question.raised_at
    Dispute.objects.filter(pk=question.pk).update(answer_due_at=NOW - datetime.timedelta(hours=1))
    assert (remind(NOW), remind(NOW)) == (1, 0)
    assert told(incident) == {(attributing, "soon"), (question.raised_by, "late")}


def test_the_person_whose_report_is_disputed_is_reminded_before_and_after() -> None:
    question = disputed(NOW, reporter=make.person(Role.SERVICE_DESK))
    reporter, executive = question.incident.reporter, make.person(Role.EXECUTIVE)
    before = NOW - datetime.timedelta(hours=1)
    assert (remind(before), remind(before)) == (1, 0)
    assert told(question.incident) == {(reporter, "soon")}
    assert (remind(NOW), remind(NOW)) == (1, 0)
    assert told(question.incident) == {(reporter, "soon"), (reporter, "late"), (executive, "late")}


def test_of_what_a_detector_found_whoever_keeps_the_account_is_reminded() -> None:
    account = make.account()
    keeper = make.manager_of(account)
    question = disputed(NOW + datetime.timedelta(hours=1), account=account)
    remind(NOW)
    assert told(question.incident) == {(keeper, "soon")}


def test_nobody_is_reminded_of_a_dispute_that_an_executive_is_asked_about() -> None:
    question = disputed(NOW, reporter=make.person(Role.SERVICE_DESK))
    ask_for_ruling(incident=question.incident, words="Please.", acting_person=question.raised_by)
    assert remind(NOW) == 0
    assert told(question.incident) == set()


def test_taking_back_that_it_stays_gives_the_word_back_with_its_deadline() -> None:
    billing = make.department("billing")
    incident = due(90, reporting_department=billing)
    dispute(incident=incident, reason="shared_cause", words="Not ours.", acting_person=make.head(incident.department))
    question = incident.disputes.get()
    Dispute.objects.filter(pk=question.pk).update(answer_due_at=NOW)
    head = make.head(billing)
    answer_dispute(dispute=question, share=0.0, words="It stays.", acting_person=head)
    batch = undo_of([incident], head)
    assert batch is not None
    undo(batch=batch, acting_person=head)
    question.refresh_from_db()
    assert (question.upheld_at, question.answer_due_at) == (None, NOW)


def test_a_head_who_comes_later_is_not_told_again_of_what_the_department_was_told() -> None:
    head = make.head(make.department("shipping"))
    incident = due(3)
    remind(NOW)
    make.head(make.department("shipping"))
    assert remind(NOW) == 0
    assert told(incident) == {(head, "soon")}


def test_a_dispute_that_is_older_than_such_days_gets_one_from_now_on() -> None:
    open_one = disputed(NOW, reporter=make.person(Role.SERVICE_DESK))
    ended = disputed(NOW, reporter=open_one.incident.reporter, external_id="another")
    Dispute.objects.update(answer_due_at=None)
    Dispute.objects.filter(pk=ended.pk).update(ended_at=NOW, end=DisputeEnd.CLOSED)
    import_module("departments.migrations.0028_open_disputes_are_answered_by").give(apps, None)
    for one in (open_one, ended):
        one.refresh_from_db()
    assert open_one.answer_due_at is not None
    hours = (open_one.answer_due_at - timezone.now()).total_seconds() / 3600
    assert hours == pytest.approx(open_one.incident.hours_to_answer * 168 / 40, abs=1)
    assert ended.answer_due_at is None
