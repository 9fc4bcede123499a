"""Removed files, statements, hours, rules and calls are taken back for ten seconds, unless somebody has acted since."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Account, AuditEntry, Order, Touchpoint
from departments.actions.attaching import attach, empty_attachments, remove_attachment
from departments.actions.call_requests import ask_for_call
from departments.actions.incidents import report_friction
from departments.actions.rulings import ask_for_ruling, rule, state_case
from departments.detection import detect_changes
from departments.models import (
    Attachment,
    AttachmentContent,
    CallRequest,
    DetectionRule,
    Incident,
    Person,
    Role,
    Ruling,
    RulingState,
    State,
    Statement,
    WorkingCalendar,
)
from departments.records import breaches
from tests import make
from tests.departments.test_call_requests import tomorrow
from tests.departments.test_disputes import asked_to_rule
from tests.retention.api.calls import Caller

pytestmark = pytest.mark.django_db


def batch_of(response: Any) -> str:
    """Return by what the page that answered offers to take the deed back."""
    tags = [str(message.extra_tags) for message in response.context["messages"]]
    return next(tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:"))


def sent(client: Client, address: str, body: Mapping[str, object]) -> str:
    return batch_of(client.post(address, body, follow=True))


def taken_back(client: Client, batch: str) -> str:
    response = client.post(reverse("undo", args=[batch]), {"next": reverse("home")}, follow=True)
    return " ".join(str(message) for message in response.context["messages"])


def audited() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


# Files


@pytest.fixture
def file() -> Attachment:
    incident = make.incident()
    member = make.member(incident.department)
    held = SimpleUploadedFile("label.txt", b"To: Northgate")
    return attach(incident=incident, file=held, words="", is_internal=False, acting_person=member)


def removed(client: Client, file: Attachment) -> str:
    return sent(client, reverse("attachment_remove", args=[file.public_id]), {"words": "By mistake."})


def test_a_removed_file_is_with_its_incident_again(client: Client, file: Attachment) -> None:
    client.force_login(file.person)
    batch = removed(client, file)
    address = reverse("attachment", args=[file.public_id])
    assert client.get(address).status_code == 404
    assert "label.txt is with the incident again" in taken_back(client, batch)
    assert client.get(address).content == b"To: Northgate"
    empty_attachments(before=make.ago(days=-1))
    assert AttachmentContent.objects.filter(attachment=file).exists()
    verbs = list(file.incident.events.values_list("verb", flat=True))
    assert verbs[-2:] == ["attachment_removed", "attachment_restored"]
    assert audited()[-1] == "deed.undone"


def test_what_a_file_held_does_not_come_back_once_it_is_gone(client: Client, file: Attachment) -> None:
    client.force_login(file.person)
    batch = removed(client, file)
    empty_attachments(before=make.ago(days=-1))
    assert "It has been changed since" in taken_back(client, batch)
    assert Attachment.objects.get().is_removed
    assert not AttachmentContent.objects.exists()


def test_a_file_that_is_removed_again_meanwhile_stays_removed(client: Client, file: Attachment) -> None:
    client.force_login(file.person)
    first = removed(client, file)
    taken_back(client, first)
    remove_attachment(attachment=file, words="After all.", acting_person=make.head(file.incident.department))
    assert "It has been taken back already" in taken_back(client, first)
    assert Attachment.objects.get().removal_words == "After all."


# Statements


@pytest.fixture
def ruling() -> Ruling:
    return asked_to_rule(make.department("billing"))


def stated(client: Client, ruling: Ruling) -> str:
    client.force_login(make.head(ruling.incident.department))
    return sent(client, reverse("ruling_state", args=[ruling.public_id]), {"words": "The label was right."})


def test_what_a_side_said_is_struck_through_and_stays(client: Client, ruling: Ruling) -> None:
    batch = stated(client, ruling)
    assert "what you said is marked as taken back" in taken_back(client, batch)
    assert Statement.objects.get().taken_back_at is not None
    page = client.get(reverse("ruling", args=[ruling.public_id])).content.decode()
    assert '<span class="taken-back">“The label was right.”</span>' in page
    verbs = list(ruling.incident.events.values_list("verb", flat=True))
    assert verbs[-2:] == ["case_stated", "statement_taken_back"]
    assert breaches() == []


def test_what_was_ruled_on_since_stays(client: Client, ruling: Ruling) -> None:
    batch = stated(client, ruling)
    sides = {ruling.incident.department: 1.0, make.department("billing"): 0.0}
    executive = make.person(Role.EXECUTIVE, name="Eve Hall")
    rule(ruling=ruling, shares=sides, words="So.", regrading_stands=None, acting_person=executive)
    told = taken_back(client, batch)
    assert "Somebody has acted on it since, so what you said stays. Eve Hall: ruled on it" in told
    assert Statement.objects.get().taken_back_at is None


def test_what_the_other_side_has_answered_stays(client: Client, ruling: Ruling) -> None:
    batch = stated(client, ruling)
    state_case(ruling=ruling, words="It was not.", acting_person=make.head(make.department("billing"), name="Bo Lund"))
    assert "Bo Lund: spoke for the own side" in taken_back(client, batch)
    assert not Statement.objects.exclude(taken_back_at=None).exists()


def test_what_nobody_is_asked_about_any_more_stays(client: Client, ruling: Ruling) -> None:
    batch = stated(client, ruling)
    Ruling.objects.filter(pk=ruling.pk).update(state=RulingState.SETTLED, decided_at=make.ago(days=0))
    assert "What you said stays: settled between them." in taken_back(client, batch)


def test_a_statement_is_taken_back_over_the_api(ruling: Ruling) -> None:
    program = Caller(make.head(ruling.incident.department))
    answer = program.post(f"/rulings/{ruling.public_id}/state", {"words": "The label was right."})
    assert program.post("/deeds/undo", {"undo": answer.headers["Holdfast-Undo"]}).status_code == 200
    (one,) = program.get(f"/rulings/{ruling.public_id}").json()["statements"]
    assert one["taken_back_at"] is not None


def test_taking_back_a_statement_leaves_the_step_before_it(client: Client) -> None:
    incident = asked_to_rule(make.department("billing")).incident
    side = make.head(incident.department)
    Ruling.objects.update(state=RulingState.WITHDRAWN, decided_at=make.ago(days=0))
    incident.refresh_from_db()
    asked = ask_for_ruling(incident=incident, words="Who?", acting_person=side)
    client.force_login(side)
    taken_back(client, sent(client, reverse("ruling_state", args=[asked.public_id]), {"words": "Not us."}))
    assert Ruling.objects.get(pk=asked.pk).is_open


# Hours

HOURS = {"time_zone": "Europe/London", "country": "GB", "closing_days": "2026-12-24"}


def hours(version: int, day: str = "09:00-12:00, 13:00-17:00") -> dict[str, object]:
    return {**HOURS, "day_0": day, "version": str(version)}


def set_by(client: Client, person: Person, body: Mapping[str, object]) -> str:
    client.force_login(person)
    return sent(client, reverse("department_hours", args=["shipping"]), body)


def shifts(calendar: WorkingCalendar) -> list[tuple[int, int, int]]:
    return list(calendar.spans.values_list("weekday", "opens", "closes"))


def test_a_department_works_by_the_hours_before(client: Client) -> None:
    head = make.head(make.department())
    set_by(client, head, hours(0))
    calendar = WorkingCalendar.objects.get()
    batch = set_by(client, head, hours(1, "06:00-10:00") | {"closing_days": "", "country": ""})
    assert shifts(calendar) == [(0, 360, 600)]
    assert "Shipping works by the hours before" in taken_back(client, batch)
    calendar.refresh_from_db()
    assert shifts(calendar) == [(0, 540, 720), (0, 780, 1020)]
    assert (calendar.country, calendar.closing_days.count()) == ("GB", 1)
    assert audited()[-3:] == ["calendar.set", "calendar.set", "deed.undone"]


def test_whoever_read_the_hours_that_were_taken_back_is_told(client: Client) -> None:
    head = make.head(make.department())
    set_by(client, head, hours(0))
    taken_back(client, set_by(client, head, hours(1, "06:00-10:00")))
    late = client.post(reverse("department_hours", args=["shipping"]), hours(2))
    assert "Somebody has changed these hours meanwhile" in late.content.decode()
    assert WorkingCalendar.objects.get().version == 3


def test_a_department_without_hours_of_its_own_has_none_again(client: Client) -> None:
    batch = set_by(client, make.head(make.department()), hours(0))
    taken_back(client, batch)
    assert not WorkingCalendar.objects.exists()


def test_hours_that_others_have_changed_since_stay(client: Client) -> None:
    head = make.head(make.department())
    batch = set_by(client, head, hours(0))
    set_by(client, make.person(Role.ADMINISTRATOR), hours(1, "06:00-10:00"))
    client.force_login(head)
    assert "It has been changed since" in taken_back(client, batch)
    assert shifts(WorkingCalendar.objects.get()) == [(0, 360, 600)]


def test_hours_are_taken_back_over_the_api() -> None:
    program = Caller(make.head(make.department()))
    week = [{"weekday": 0, "opens": 540, "closes": 1020}]
    body = {"time_zone": "Europe/London", "country": "", "subdivision": "", "shifts": week, "version": 0}
    answer = program.post("/departments/shipping/hours", body)
    assert program.post("/deeds/undo", {"undo": answer.headers["Holdfast-Undo"]}).status_code == 200
    assert not WorkingCalendar.objects.exists()


# Rules


@pytest.fixture
def head(client: Client) -> Person:
    person = make.head(make.department())
    client.force_login(person)
    return person


def late_shipment() -> DetectionRule:
    return DetectionRule.objects.get(slug="late_shipment")


def said(revision: int, **changes: str) -> dict[str, str]:
    return {
        "revision": str(revision),
        "name": "Delivered late",
        "condition": "days_late > 20",
        "friction_type": "late_shipment",
        "title": "Late, {days_late} days",
        "severity_by": "expression",
        "severity": "0.5",
        "gathers": "single",
        **changes,
    }


def edited(client: Client) -> str:
    rule = late_shipment()
    return sent(client, reverse("rule_edit", args=[rule.public_id]), said(rule.revision))


def test_a_rule_says_again_what_it_said_and_every_version_stays(client: Client, head: Person) -> None:
    before = late_shipment()
    batch = edited(client)
    assert "the rule is as it was before" in taken_back(client, batch)
    rule = late_shipment()
    assert (rule.condition, rule.severity, rule.title) == (before.condition, before.severity, before.title)
    assert (rule.version, rule.revision) == (3, 3)
    versions = rule.versions.order_by("number").values_list("number", "condition")
    assert list(versions) == [(1, before.condition), (2, "days_late > 20"), (3, before.condition)]
    assert list(rule.versions.exclude(taken_back_at=None).values_list("number", flat=True)) == [2]
    assert "taken back" in client.get(reverse("rule", args=[rule.public_id])).content.decode()
    assert audited()[-3:] == ["rule.change", "rule.change", "deed.undone"]


def test_what_came_meanwhile_is_looked_at_again(client: Client, head: Person) -> None:
    batch = edited(client)
    make.signal(make.account(), data={"days_late": 7})
    assert detect_changes().opened == 0
    taken_back(client, batch)
    assert detect_changes().opened == 1
    assert Incident.objects.get().rule_version == 3


def test_a_rule_that_has_found_friction_since_stays(client: Client, head: Person) -> None:
    batch = edited(client)
    make.signal(make.account(), data={"days_late": 21})
    assert detect_changes().opened == 1
    assert "It has found friction since, which stays on record" in taken_back(client, batch)
    assert (late_shipment().version, late_shipment().condition) == (2, "days_late > 20")


def test_a_rule_that_others_have_changed_since_stays(client: Client, head: Person) -> None:
    batch = edited(client)
    client.force_login(make.person(Role.ADMINISTRATOR))
    rule = late_shipment()
    sent(client, reverse("rule_edit", args=[rule.public_id]), said(rule.revision, condition="days_late > 30"))
    client.force_login(head)
    assert "It has been changed since" in taken_back(client, batch)
    assert late_shipment().condition == "days_late > 30"


def test_a_rule_that_is_held_against_the_past_stays(client: Client, head: Person) -> None:
    batch = edited(client)
    days = {"first_day": "2026-01-05", "last_day": "2026-01-09"}
    client.post(reverse("rule_backfill", args=[late_shipment().public_id]), days)
    assert "It is held against the past since" in taken_back(client, batch)


def test_a_rule_that_was_switched_off_finds_what_came_meanwhile(client: Client, head: Person) -> None:
    rule = late_shipment()
    form = {"is_active": "no", "revision": str(rule.revision)}
    batch = sent(client, reverse("rule_switch", args=[rule.public_id]), form)
    make.signal(make.account(), data={"days_late": 7})
    assert detect_changes().opened == 0
    taken_back(client, batch)
    assert late_shipment().is_active
    assert detect_changes().opened == 1
    assert not late_shipment().versions.exclude(taken_back_at=None).exists()


def test_a_new_rule_finds_nothing_and_stays_as_taken_back(client: Client, head: Person) -> None:
    batch = sent(client, reverse("rule_new") + "?kind=shipment", said(0, name="Very late"))
    taken_back(client, batch)
    rule = DetectionRule.objects.get(slug="very_late")
    assert (rule.is_active, rule.version, rule.versions.get().taken_back_at is None) == (False, 1, False)
    make.signal(make.account(), data={"days_late": 30})
    detect_changes()
    assert not Incident.objects.filter(rule=rule).exists()


def test_rules_are_taken_back_over_the_api(head: Person) -> None:
    program = Caller(head)
    rule = late_shipment()
    meaning = {"condition": "days_late > 20", "friction_type": "late_shipment", "severity": "0.5", "title": "Late"}
    changed = program.post(f"/rules/{rule.public_id}/change", {"revision": 1, "name": rule.name, **meaning})
    assert program.post("/deeds/undo", {"undo": changed.headers["Holdfast-Undo"]}).status_code == 200
    shown = program.get(f"/rules/{rule.public_id}").json()
    assert (shown["condition"], shown["version"]) == (rule.condition, 3)
    assert [one["number"] for one in shown["versions"] if one["taken_back_at"]] == [2]


# Calls

CALL = {"purpose": "work_in_process", "minutes": "12", "summary": "Two orders discussed.", "severity": "0.5"}


@pytest.fixture
def account() -> Account:
    return make.account("Castle Gifts")


@pytest.fixture
def desk(account: Account, client: Client) -> Person:
    person = make.person(Role.SERVICE_DESK)
    make.assignment(account, person)
    client.force_login(person)
    return person


def called(client: Client, account: Account, **more: str) -> str:
    return sent(client, reverse("desk_account", args=[account.public_id]), {**CALL, **more})


def everything(client: Client, account: Account) -> str:
    """Hold a call that answers what was asked, takes an order and reports friction."""
    manager = make.manager_of(account)
    ask_for_call(account=account, words="Ask them.", due_on=tomorrow(), acting_person=manager)
    kind = make.friction_type()
    return called(client, account, answers="on", order_amount="640.50", friction_type=kind.slug)


def test_a_call_is_taken_back_with_all_that_came_of_it(client: Client, account: Account, desk: Person) -> None:
    batch = everything(client, account)
    assert (Order.objects.count(), Touchpoint.objects.count(), CallRequest.objects.get().is_open) == (1, 1, False)
    assert "the call with Castle Gifts is not on record" in taken_back(client, batch)
    assert not Order.objects.exists()
    assert not Touchpoint.objects.exists()
    assert CallRequest.objects.get().is_open
    incident = Incident.objects.get()
    assert (incident.state, incident.severity) == (State.RESOLVED, 0.0)
    assert {"order.take", "contact.log", "deed.undone", "incident.undone"} <= set(audited())
    assert "640.50" in str(AuditEntry.objects.get(verb="deed.undone").details)


def test_what_others_work_on_by_now_keeps_the_whole_call(client: Client, account: Account, desk: Person) -> None:
    batch = everything(client, account)
    incident = Incident.objects.get()
    client.force_login(make.head(incident.department, name="Ana Reed"))
    client.post(reverse("incident_accept", args=[incident.public_id]))
    client.force_login(desk)
    told = taken_back(client, batch)
    assert "Somebody has acted on it since. Ana Reed: accepted it" in told
    assert (Order.objects.count(), Touchpoint.objects.count(), CallRequest.objects.get().is_open) == (1, 1, False)


def test_an_order_with_an_incident_about_it_stays(client: Client, account: Account, desk: Person) -> None:
    batch = called(client, account, order_amount="640.50")
    report_friction(
        account=account,
        friction_type=make.friction_type(),
        severity=0.5,
        title="",
        description="Wrong price.",
        happened_at=make.ago(days=0),
        order=Order.objects.get(),
        acting_person=make.manager_of(account),
    )
    assert "Others have built on it since" in taken_back(client, batch)
    assert Touchpoint.objects.get().order_taken == Order.objects.get()


def test_an_order_that_was_changed_since_stays(client: Client, account: Account, desk: Person) -> None:
    batch = called(client, account, order_amount="640.50")
    Order.objects.update(amount=Decimal("641.00"))
    assert "It has been changed since" in taken_back(client, batch)
    assert Order.objects.count() == 1


def test_an_order_is_taken_back_over_the_api(account: Account, desk: Person) -> None:
    program = Caller(desk)
    answer = program.post("/orders", {"account": str(account.public_id), "amount": "640.50"})
    assert program.post("/deeds/undo", {"undo": answer.headers["Holdfast-Undo"]}).status_code == 200
    assert not Order.objects.exists()
