"""Recoveries: started with the risk of the day, worked on step by step, closed with words."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account, AuditEntry
from departments.models import Person, Role
from retention.care.recoveries import (
    NewStep,
    add_step,
    change_recovery,
    change_step,
    close_recovery,
    finish_step,
    remove_step,
    reopen_step,
    start_recovery,
)
from retention.models import Recovery, RecoveryStep, Score
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return troubled()


@pytest.fixture
def manager(account: Account) -> Person:
    return make.manager_of(account)


def on(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)


def started(account: Account, manager: Person, *steps: NewStep) -> Recovery:
    return start_recovery(
        account=account,
        goal="They order again by Christmas",
        owner=manager,
        due_on=on(30),
        incidents=list(account.incidents.all()),
        steps=steps,
        acting_person=manager,
    )


def test_it_keeps_the_risk_of_its_start_and_of_its_end(account: Account, manager: Person) -> None:
    (before,) = score(account)
    recovery = started(account, manager)
    assert (recovery.risk_at_start, recovery.model_at_start) == (before.risk, before.model)
    Score.objects.filter(account=account).update(risk=0.31)
    closed = close_recovery(recovery=recovery, outcome="succeeded", words="They stay.", acting_person=manager)
    assert (closed.state, closed.risk_at_start, closed.risk_at_close) == ("succeeded", before.risk, 0.31)
    assert closed.closed_by == manager


def test_what_is_not_scored_is_recovered_without_a_risk(account: Account, manager: Person) -> None:
    assert started(account, manager).risk_at_start is None


def test_it_links_the_incidents_of_the_account_and_no_others(account: Account, manager: Person) -> None:
    recovery = started(account, manager)
    assert set(recovery.incidents.all()) == set(account.incidents.all())
    with pytest.raises(Invalid, match="alone"):
        change_recovery(
            recovery=recovery,
            goal=recovery.goal,
            owner=manager,
            due_on=recovery.due_on,
            incidents=[make.incident()],
            acting_person=manager,
        )


def test_one_is_under_way_at_a_time(account: Account, manager: Person) -> None:
    first = started(account, manager)
    with pytest.raises(Conflict, match="They order again"):
        started(account, manager)
    close_recovery(recovery=first, outcome="abandoned", words="Too early.", acting_person=manager)
    assert started(account, manager) != first


def test_a_step_may_be_anybodys_who_then_sees_the_recovery_and_says_when_it_is_done(
    account: Account, manager: Person
) -> None:
    shipping = make.member(make.department("shipping"))
    recovery = started(account, manager, NewStep("Find the parcel", shipping, on(2)))
    step = recovery.steps.get()
    assert list(Recovery.objects.visible_to(shipping)) == [recovery]
    done = finish_step(step=step, acting_person=shipping)
    assert (done.done_by, done.is_done) == (shipping, True)
    with pytest.raises(Conflict, match="already"):
        finish_step(step=step, acting_person=manager)
    assert not reopen_step(step=step, acting_person=manager).is_done
    with pytest.raises(NotAllowed):
        close_recovery(recovery=recovery, outcome="failed", words="No.", acting_person=shipping)


def test_steps_are_added_changed_and_removed_but_what_was_done_stays(account: Account, manager: Person) -> None:
    recovery = started(account, manager)
    step = add_step(recovery=recovery, words="Visit", owner=manager, due_on=on(3), acting_person=manager)
    changed = change_step(step=step, words="Visit Leeds", owner=manager, due_on=on(4), acting_person=manager)
    assert (changed.words, changed.due_on) == ("Visit Leeds", on(4))
    finish_step(step=step, acting_person=manager)
    with pytest.raises(Conflict, match="stays on record"):
        remove_step(step=step, acting_person=manager)
    reopen_step(step=step, acting_person=manager)
    remove_step(step=step, acting_person=manager)
    assert not recovery.steps.exists()
    verbs = AuditEntry.objects.filter(subject=recovery.public_id).order_by("pk").values_list("verb", flat=True)
    assert [verb.removeprefix("recovery.") for verb in verbs] == [
        "start", "add_step", "change_step", "finish_step", "reopen_step", "remove_step",
    ]  # fmt: skip


def test_what_is_closed_stays_as_it_was(account: Account, manager: Person) -> None:
    recovery = started(account, manager, NewStep("Visit", manager, on(2)))
    step = recovery.steps.get()
    with pytest.raises(Invalid, match="in words"):
        close_recovery(recovery=recovery, outcome="failed", words=" ", acting_person=manager)
    with pytest.raises(Invalid, match="succeeded"):
        close_recovery(recovery=recovery, outcome="open", words="Hm.", acting_person=manager)
    close_recovery(recovery=recovery, outcome="failed", words="They left.", acting_person=manager)
    with pytest.raises(Conflict, match="closed: failed"):
        finish_step(step=step, acting_person=manager)
    with pytest.raises(Conflict):
        add_step(recovery=recovery, words="More", owner=manager, due_on=on(1), acting_person=manager)
    with pytest.raises(Conflict):
        close_recovery(recovery=recovery, outcome="succeeded", words="No!", acting_person=manager)


def test_only_those_who_look_after_the_account_start_one(account: Account, manager: Person) -> None:
    desk = make.person(Role.SERVICE_DESK)
    make.assignment(account, desk)
    for person in (desk, make.person(), make.person(Role.EXECUTIVE), make.head(make.department())):
        with pytest.raises(NotAllowed):
            started(account, person)
    covering = make.person()
    make.absence(manager, covering)
    assert started(account, covering).owner == covering


def test_a_plan_must_be_possible(account: Account, manager: Person) -> None:
    wrong: dict[str, dict[str, object]] = {
        "goal": {"goal": " "},
        "due_on": {"due_on": on(-1)},
        "owner": {"owner": make.person(Role.EXECUTIVE)},
    }
    for field, change in wrong.items():
        plan = {"goal": "Stay", "due_on": on(9), "owner": manager, **change}
        with pytest.raises(Invalid) as refused:
            start_recovery(account=account, incidents=[], steps=[], acting_person=manager, **plan)  # type: ignore[arg-type]  # the values fit their names
        assert refused.value.field == field
    with pytest.raises(Invalid):
        started(account, manager, NewStep("Decide", make.person(Role.EXECUTIVE), on(2)))
    assert not Recovery.objects.exists()


def test_overdue_are_those_past_their_day_and_those_with_such_a_step(account: Account, manager: Person) -> None:
    recovery = started(account, manager, NewStep("Visit", manager, on(2)))
    assert not Recovery.objects.overdue(on(2)).exists()
    assert list(Recovery.objects.overdue(on(3))) == [recovery]
    finish_step(step=recovery.steps.get(), acting_person=manager)
    assert not Recovery.objects.overdue(on(3)).exists()
    assert list(Recovery.objects.overdue(on(31))) == [recovery]


def test_the_database_keeps_recoveries_whole(account: Account, manager: Person) -> None:
    recovery = started(account, manager, NewStep("Visit", manager, on(2)))
    wrong: tuple[dict[str, object], ...] = ({"state": "failed"}, {"closed_at": timezone.now()}, {"risk_at_start": 1.5})
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Recovery.objects.filter(pk=recovery.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        RecoveryStep.objects.update(done_at=timezone.now())
