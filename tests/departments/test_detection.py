"""Detection: signals become incidents, once; corrections follow as long as nobody has touched them."""

from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import AccountChange, AuditEntry, Signal, SignalChange
from departments.actions.incidents import accept, reopen
from departments.actions.rules import save_rule
from departments.detection import Detection, detect_changes, mark_all_signals, pending
from departments.models import DetectionRule, Incident, Role, State
from tests import make

pytestmark = pytest.mark.django_db


def late(days: float = 7, **fields: Any) -> Signal:
    return make.signal(fields.pop("account", None) or make.account(), data={"days_late": days}, **fields)


def corrected(signal: Signal, **data: Any) -> Detection:
    signal.data = data
    signal.save()
    return detect_changes()


def steps(incident: Incident) -> list[str]:
    return list(incident.events.values_list("verb", flat=True))


def test_a_signal_becomes_an_incident_of_the_department_that_answers() -> None:
    signal = late(7)
    assert detect_changes() == Detection(marks=1, signals=1, opened=1)
    incident = Incident.objects.get()
    assert (incident.severity, incident.title) == (0.5, "Late shipment, 7 days")
    assert (incident.friction_type.slug, incident.department.slug) == ("late_shipment", "shipping")
    assert (incident.signal, incident.happened_at, incident.account) == (signal, signal.happened_at, signal.account)
    assert incident.rule is not None
    assert (incident.rule.slug, incident.rule_version, incident.reporter) == ("late_shipment", 1, None)
    assert steps(incident) == ["detected"]


def test_an_incident_was_known_when_its_signal_was() -> None:
    learned = make.ago(days=200)
    late(recorded_at=learned, happened_at=make.ago(days=201))
    detect_changes()
    incident = Incident.objects.get()
    assert incident.recorded_at == incident.responsibilities.get().recorded_at == learned


def test_a_signal_without_friction_opens_nothing() -> None:
    late(2)
    assert detect_changes() == Detection(marks=1, signals=1)


def test_one_signal_can_show_several_troubles() -> None:
    make.signal(make.account(), data={"days_late": 5, "damaged": True, "missing_parts": 2})
    detect_changes()
    found = set(Incident.objects.values_list("friction_type__slug", flat=True))
    assert found == {"late_shipment", "damaged_goods", "part_missing"}


def test_detecting_again_opens_nothing_twice() -> None:
    late()
    detect_changes()
    assert detect_changes() == Detection()
    assert mark_all_signals() == 1
    assert detect_changes() == Detection(marks=1, signals=1)
    assert Incident.objects.count() == 1


def test_marks_are_worked_off_and_accounts_marked_for_scoring() -> None:
    signal = late()
    AccountChange.objects.all().delete()
    assert pending() == 1
    detect_changes()
    assert pending() == 0
    assert AccountChange.objects.filter(account_id=signal.account_id).exists()


def test_a_credit_weighs_as_much_as_the_share_of_the_order() -> None:
    account = make.account()
    order = make.order(account)
    make.signal(account, "credit_note", {"amount": 125.0, "credited_share": 0.25}, order=order)
    make.signal(account, "credit_note", {"amount": 125.0})
    detect_changes()
    known, unknown = Incident.objects.order_by("signal_id")
    assert (known.severity, known.order, known.title) == (0.25, order, "25% of an order credited")
    assert (unknown.severity, unknown.order, unknown.title) == (0.1, None, "125 credited, order not known")
    assert {known.friction_type.slug, unknown.friction_type.slug} == {"goods_credited"}


def test_a_corrected_signal_corrects_its_incident() -> None:
    signal = late(7)
    detect_changes()
    assert corrected(signal, days_late=14).corrected == 1
    incident = Incident.objects.get()
    assert (incident.severity, incident.title, incident.version) == (1.0, "Late shipment, 14 days", 2)
    assert incident.responsibilities.get().severity == 1.0
    step = incident.events.get(verb="corrected")
    assert step.details == {"severity": [0.5, 1.0], "title": ["Late shipment, 7 days", "Late shipment, 14 days"]}
    assert AuditEntry.objects.filter(verb="incident.correct").count() == 1


def test_a_signal_that_shows_no_friction_any_more_withdraws_its_incident() -> None:
    signal = late()
    detect_changes()
    assert corrected(signal, days_late=0).withdrawn == 1
    incident = Incident.objects.get()
    assert (incident.state, incident.severity) == (State.RESOLVED, 0.0)
    assert incident.resolution.startswith("Withdrawn: the signal was corrected")
    part = incident.responsibilities.get()
    assert (part.severity, part.resolved_at, part.share) == (0.0, incident.resolved_at, 1.0)


def test_a_signal_corrected_back_restores_its_incident() -> None:
    signal = late(7)
    detect_changes()
    corrected(signal, days_late=0)
    corrected(signal, days_late=7)
    incident = Incident.objects.get()
    assert (incident.state, incident.severity, incident.resolved_at, incident.resolution) == (State.NEW, 0.5, None, "")
    assert steps(incident) == ["detected", "signal_withdrawn", "restored"]


def test_what_somebody_has_touched_stays_as_it_is() -> None:
    signal = late(7)
    detect_changes()
    incident = Incident.objects.get()
    accept(incident=incident, acting_person=make.head(incident.department))
    assert corrected(signal, days_late=14) == Detection(marks=1, signals=1)
    assert corrected(signal, days_late=0) == Detection(marks=1, signals=1)
    incident.refresh_from_db()
    assert (incident.severity, incident.state) == (0.5, State.IN_WORK)


def test_what_was_withdrawn_and_reopened_by_a_person_stays_open() -> None:
    signal = late(7)
    detect_changes()
    corrected(signal, days_late=0)
    incident = Incident.objects.get()
    reopen(incident=incident, words="It was late.", acting_person=make.manager_of(incident.account))
    assert corrected(signal, days_late=1).withdrawn == 0
    incident.refresh_from_db()
    assert incident.state == State.IN_WORK


def test_a_signal_that_moves_to_another_account_takes_its_incident_along() -> None:
    signal = late()
    detect_changes()
    signal.account = make.account()
    signal.save()
    detect_changes()
    incident = Incident.objects.get()
    assert incident.account == incident.responsibilities.get().account == signal.account


def test_data_that_do_not_fit_open_nothing_and_stop_nobody(caplog: pytest.LogCaptureFixture) -> None:
    make.signal(make.account(), data={"days_late": "a week"})
    late()
    assert detect_changes() == Detection(marks=2, signals=2, opened=1)
    assert "does not fit the rule “Delivered late”" in caplog.text


def test_a_rule_that_no_longer_compiles_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    DetectionRule.objects.filter(slug="late_shipment").update(condition="days_late >")
    make.signal(make.account(), data={"days_late": 9, "damaged": True})
    assert detect_changes().opened == 1
    assert "late_shipment is left out: The condition breaks off at its end." in caplog.text


def test_a_rule_out_of_use_finds_nothing_and_withdraws_nothing() -> None:
    late()
    detect_changes()
    DetectionRule.objects.filter(slug="late_shipment").update(is_active=False)
    late()
    mark_all_signals()
    detection = detect_changes()
    assert (detection.opened, detection.withdrawn) == (0, 0)


def test_a_changed_rule_applies_from_now_on_and_backwards_on_request() -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    late(7)
    detect_changes()
    rule = DetectionRule.objects.get(slug="late_shipment")
    rule.severity = "days_late / 7"
    save_rule(rule=rule, acting_person=administrator)
    assert detect_changes() == Detection()
    assert Incident.objects.get().severity == 0.5
    mark_all_signals()
    assert detect_changes().corrected == 1
    incident = Incident.objects.get()
    assert (incident.severity, incident.rule_version) == (1.0, 2)
    assert incident.events.get(verb="corrected").words == "The rule was changed."


@transaction.atomic
def detect_and_fail() -> None:
    assert detect_changes().opened == 1
    raise RuntimeError("the power fails before the commit")


def test_a_failure_leaves_the_marks_for_the_next_time() -> None:
    late()
    with pytest.raises(RuntimeError, match="power"):
        detect_and_fail()
    assert (SignalChange.objects.count(), Incident.objects.count()) == (1, 0)
    assert detect_changes().opened == 1


def test_the_command_says_what_it_came_to() -> None:
    late()
    output = StringIO()
    call_command("detect", stdout=output)
    assert "Signals looked at: 1. Incidents opened: 1, corrected: 0, withdrawn: 0." in output.getvalue()
    output = StringIO()
    call_command("detect", "--all", stdout=output)
    assert "Signals looked at: 1. Incidents opened: 0, corrected: 0, withdrawn: 0." in output.getvalue()


def test_saving_a_rule_counts_versions_and_keeps_the_old_one_in_the_audit() -> None:
    administrator = make.person(Role.ADMINISTRATOR)
    rule = DetectionRule.objects.get(slug="late_shipment")
    rule.name = "Too late"
    assert save_rule(rule=rule, acting_person=administrator).version == 1
    rule.condition = "days_late > 5"
    assert save_rule(rule=rule, acting_person=administrator).version == 2
    entry = AuditEntry.objects.filter(subject=rule.public_id).latest("pk")
    assert (entry.details["before"]["condition"], entry.details["after"]["condition"]) == (
        "days_late > 2",
        "days_late > 5",
    )


def test_a_rule_that_does_not_compile_is_refused_with_a_sentence() -> None:
    rule = DetectionRule.objects.get(slug="late_shipment")
    rule.condition, rule.title = "day_late > 2", "Late {days"
    with pytest.raises(ValidationError) as refusal:
        rule.full_clean()
    assert set(refusal.value.message_dict) == {"condition", "title"}
    with pytest.raises(Invalid, match="Did you mean days_late"):
        save_rule(rule=rule, acting_person=make.person(Role.ADMINISTRATOR))


def test_rules_are_kept_by_administrators_and_by_the_head_of_the_department_that_answers() -> None:
    rule = DetectionRule.objects.get(slug="late_shipment")
    save_rule(rule=rule, acting_person=make.head(make.department()))
    for person in (make.head(make.department("billing")), make.member(make.department())):
        with pytest.raises(NotAllowed):
            save_rule(rule=rule, acting_person=person)
    rule.friction_type = make.friction_type("wrong_amount")
    with pytest.raises(NotAllowed, match="Billing"):
        save_rule(rule=rule, acting_person=make.head(make.department()))


def test_a_rule_that_somebody_changed_meanwhile_is_not_overwritten() -> None:
    administrator = make.person(Role.ADMINISTRATOR, name="Ada Quick")
    mine = DetectionRule.objects.get(slug="late_shipment")
    theirs = DetectionRule.objects.get(slug="late_shipment")
    theirs.condition = "days_late > 4"
    save_rule(rule=theirs, acting_person=administrator)
    mine.condition = "days_late > 6"
    with pytest.raises(Conflict, match="Ada Quick changed this rule while you worked on it"):
        save_rule(rule=mine, acting_person=make.head(make.department()))
    assert DetectionRule.objects.get(slug="late_shipment").condition == "days_late > 4"


def test_every_version_is_kept_as_it_was() -> None:
    rule = DetectionRule.objects.get(slug="late_shipment")
    rule.condition = "days_late > 5"
    save_rule(rule=rule, acting_person=make.person(Role.ADMINISTRATOR, name="Ada Quick"))
    versions = list(rule.versions.values_list("number", "condition", "made_by"))
    assert versions == [(2, "days_late > 5", "Ada Quick"), (1, "days_late > 2", "")]
    with pytest.raises(IntegrityError, match="kept as they were"), transaction.atomic():
        rule.versions.update(condition="true")


def test_an_incident_says_why_it_was_opened() -> None:
    signal = late(7)
    detect_changes()
    incident = Incident.objects.get()
    match = incident.matches.get()
    assert (match.signal, match.version, match.fields) == (signal, 1, {"days_late": 7})
    corrected(signal, days_late=9)
    assert incident.matches.get().fields == {"days_late": 9}
