"""How things stood on a past day: shares that rulings and merges moved, grades, resolutions, segments, renewals."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Account, PastAccount
from departments.actions.grading import regrade
from departments.actions.handoffs import accept_hand_off, hand_off, return_hand_off
from departments.actions.incidents import reopen, resolve
from departments.actions.merging import merge
from departments.actions.rulings import ask_for_ruling, rule
from departments.models import Department, Incident, PastPart, Reason, Responsibility, Role, State
from retention.models import ScoreHistory
from retention.scoring.movement import Cause
from retention.scoring.moves import explain_movement
from retention.scoring.moving import Past
from retention.scoring.panel import build_panel
from retention.scoring.panel_arrays import Panel
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version, scoring_model
from tests import make

pytestmark = pytest.mark.django_db

ORIGIN = make.ago(days=200)


@pytest.fixture
def account() -> Account:
    account = make.account(segment="Retail")
    for days in (210, 240, 270):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    # The company's orders are known until now.
    clock = make.account(name="Clock")
    make.order(clock, ordered_at=make.ago(days=1), recorded_at=make.ago(days=1))
    return account


@pytest.fixture
def incident(account: Account) -> Incident:
    long_ago = make.ago(days=210)
    return make.incident(account, severity=0.8, happened_at=long_ago, recorded_at=long_ago, state=State.NEW)


def panel() -> Panel:
    return build_panel(origins=[ORIGIN], model=scoring_model(ensure_active_version()))


def loads(account: Account) -> dict[str, float]:
    """What weighed on the account at the origin, by department."""
    found = panel()
    (row,) = np.flatnonzero(found.account_id == account.pk)
    return {
        slug: load
        for slug, load in zip(found.inputs.departments, found.inputs.loads[row].tolist(), strict=True)
        if load
    }


def test_a_ruling_gives_nobody_a_part_in_what_was_before_it(account: Account, incident: Incident) -> None:
    before, billing = loads(account), make.department("billing")
    ruled(disputed(incident, billing), {billing: 0.7, incident.department: 0.3})
    assert set(before) == {"shipping"}
    assert loads(account) == pytest.approx(before)
    now = dict(Responsibility.objects.filter(incident=incident).values_list("department__slug", "share"))
    assert now == pytest.approx({"billing": 0.7, "shipping": 0.3})


def disputed(incident: Incident, to: Department) -> Incident:
    asked = hand_off(
        incident=incident,
        to=to,
        reason=Reason.SHARED_CAUSE,
        words="Theirs.",
        expected="",
        share=1.0,
        acting_person=make.head(incident.department),
    )
    return return_hand_off(hand_off=asked, words="Not ours.", acting_person=make.head(to)).incident


def ruled(incident: Incident, shares: dict[Department, float]) -> None:
    incident.refresh_from_db()
    ruling = ask_for_ruling(incident=incident, words="Whose?", acting_person=make.head(incident.department))
    rule(
        ruling=ruling,
        shares=shares,
        words="So.",
        regrading_stands=None,
        acting_person=make.person(Role.EXECUTIVE),
    )


def test_one_change_after_another_is_taken_back_in_order(account: Account, incident: Incident) -> None:
    shipping, billing, legal = incident.department, make.department("billing"), make.department("legal")
    moments = [timezone.now()]
    for to, share in ((billing, 1.0), (legal, 0.5)):
        incident.refresh_from_db()
        asked = hand_off(
            incident=incident,
            to=to,
            reason=Reason.SHARED_CAUSE,
            words="Theirs.",
            expected="",
            share=share,
            acting_person=make.head(incident.department),
        )
        accept_hand_off(hand_off=asked, words="", acting_person=make.head(to))
        moments.append(timezone.now())
    past = Past.of([account.pk], moments[0])
    then = [past.shares_of(incident.pk, moment) for moment in moments]
    assert then[0] == {shipping.pk: 1.0}
    assert then[1] == {shipping.pk: 0.0, billing.pk: 1.0}
    assert then[2] is None


def test_a_duplicate_counted_until_it_was_merged_away(account: Account, incident: Incident) -> None:
    other = make.incident(
        account,
        severity=0.8,
        happened_at=incident.happened_at,
        recorded_at=incident.recorded_at,
        state=State.NEW,
    )
    before = loads(account)
    merge(incident=other, into=incident, acting_person=make.head(incident.department))
    assert sum(Responsibility.objects.filter(incident=other).values_list("share", flat=True)) == 0.0
    assert loads(account) == pytest.approx(before)


def test_what_was_reopened_since_had_been_resolved(account: Account, incident: Incident) -> None:
    head = make.head(incident.department)
    resolve(incident=incident, resolution="Done.", cause=None, acting_person=head)
    Incident.objects.update(resolved_at=ORIGIN - datetime.timedelta(days=5))
    before = loads(account)
    incident.refresh_from_db()
    reopen(incident=incident, words="It is not.", acting_person=make.manager_of(account))
    assert Responsibility.objects.get().resolved_at is None
    assert loads(account) == pytest.approx(before)


def test_a_grade_that_was_changed_since_weighed_as_it_was(account: Account, incident: Incident) -> None:
    before = loads(account)
    regrade(
        incident=incident,
        friction_type=incident.friction_type,
        severity=0.1,
        words="Small.",
        acting_person=make.head(incident.department),
    )
    assert loads(account) == pytest.approx(before)


def test_all_parts_of_an_incident_are_kept_at_each_change_and_at_nothing_else(incident: Incident) -> None:
    Incident.objects.update(resolution="Words alone.")
    assert not PastPart.objects.exists()
    ruled(disputed(incident, make.department("billing")), {make.department("billing"): 1.0})
    (kept,) = PastPart.objects.all()
    assert (kept.department, kept.share, kept.severity) == (incident.department, 1.0, 0.8)


def test_a_segment_that_was_changed_since_is_the_one_of_then(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(segment="Wholesale")
    assert segment_in(panel(), account) == "Retail"
    Account.objects.filter(pk=account.pk).update(segment="Export")
    assert segment_in(panel(), account) == "Retail"
    PastAccount.objects.filter(segment="Retail").update(until=ORIGIN - datetime.timedelta(days=1))
    assert segment_in(panel(), account) == "Wholesale"


def segment_in(found: Panel, account: Account) -> str:
    (row,) = np.flatnonzero(found.account_id == account.pk)
    return str(found.segments[found.segment[row]])


def test_a_segment_that_was_only_filled_in_counts_for_the_past_too() -> None:
    account = make.account(segment="")
    for days in (1, 210, 240):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    Account.objects.filter(pk=account.pk).update(segment="Retail")
    assert segment_in(panel(), account) == "Retail"


def test_a_contract_that_was_ended_since_was_one_then(account: Account) -> None:
    renewal = (ORIGIN + datetime.timedelta(days=40)).date()
    Account.objects.filter(pk=account.pk).update(renews_on=renewal)
    Account.objects.filter(pk=account.pk).update(renews_on=None)
    found = panel()
    (row,) = np.flatnonzero(found.account_id == account.pk)
    assert found.is_contract[row]
    assert found.days_to_renewal[row] == pytest.approx(40.0)


def test_what_learning_reads_of_an_account_is_what_it_read_before_anything_changed(
    account: Account, incident: Incident
) -> None:
    billing = make.department("billing")
    before = panel()
    Account.objects.filter(pk=account.pk).update(segment="Wholesale")
    ruled(disputed(incident, billing), {billing: 1.0})
    after = panel()
    for name in ("rhythm_before", "contract", "loads", "exposure", "rhythm_since"):
        known, told = (getattr(one.inputs, name)[one.account_id == account.pk] for one in (before, after))
        assert told == pytest.approx(known), name


def test_a_movement_tells_what_a_ruling_moved_and_what_was_graded_anew(account: Account, incident: Incident) -> None:
    billing, version = make.department("billing"), ensure_active_version()
    rescore_accounts(account_ids=[account.pk], as_of=make.ago(days=8), version=version)
    ruled(disputed(incident, billing), {billing: 1.0})
    incident.refresh_from_db()
    regrade(
        incident=incident,
        friction_type=incident.friction_type,
        severity=0.4,
        words="Half as bad.",
        acting_person=make.head(billing),
    )
    rescore_accounts(account_ids=[account.pk], version=version)
    before, after = ScoreHistory.objects.select_related("model").order_by("as_of")
    explained = explain_movement(before, after)
    found = {(line.cause, line.department): line.points for line in explained.lines}
    assert found[Cause.REATTRIBUTED, "shipping"] < 0 < found[Cause.REATTRIBUTED, "billing"]
    assert min(points for (cause, _), points in found.items() if cause is Cause.REGRADED) < 0
    assert Cause.CORRECTED not in {cause for cause, _ in found}
    total = sum(line.points for line in explained.lines)
    assert total == pytest.approx(after.risk - before.risk, abs=1e-9)
