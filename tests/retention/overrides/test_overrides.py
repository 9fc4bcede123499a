"""Overriding a risk: with a reason, for a while, above a value by two people, beside the computed one."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from accounts.models import Account, AuditEntry
from departments.models import Person, Role
from retention.models import Approval, Override, Score
from retention.notifications.inbox import inbox
from retention.overrides.actions import approve_override, override_risk, refuse_override, withdraw_override
from tests import make
from tests.retention.dashboards.books import score, troubled

pytestmark = pytest.mark.django_db
SIGNED = "Their buyer signed for two more years yesterday."


def days_from_now(days: int) -> datetime.date:
    return timezone.localdate() + datetime.timedelta(days=days)


@pytest.fixture
def castle() -> Account:
    account = troubled()
    score(account)
    return account


@pytest.fixture
def maya(castle: Account) -> Person:
    return make.manager_of(castle, name="Maya Wu")


@pytest.fixture
def executive() -> Person:
    return make.person(Role.EXECUTIVE)


def of(account: Account, person: Person, risk: float = 0.05, reason: str = SIGNED, days: int = 30) -> Override:
    return override_risk(
        account=account, risk=risk, reason=reason, expires_on=days_from_now(days), acting_person=person
    )


def above_the_limit() -> None:
    make.organisation(override_approval_revenue=Decimal(5000))


def standing() -> list[Override]:
    return list(Override.objects.standing(timezone.now()))


def test_an_override_keeps_what_was_computed_and_who_said_otherwise(castle: Account, maya: Person) -> None:
    computed = Score.objects.get(account=castle).risk
    override = of(castle, maya)
    assert (override.computed_risk, override.made_by, override.approval) == (computed, maya, Approval.NOT_NEEDED)
    assert standing() == [override]
    assert Score.objects.get(account=castle).risk == computed
    assert AuditEntry.objects.get(verb="override.make").details["computed"] == computed


def test_it_ends_by_itself(castle: Account, maya: Person) -> None:
    override = of(castle, maya, days=1)
    assert timezone.localdate(override.expires_at) == days_from_now(1)
    assert not Override.objects.standing(timezone.now() + datetime.timedelta(days=2)).exists()
    long_ago = {"made_at": make.ago(days=9), "expires_at": make.ago(days=2)}
    Override.objects.filter(pk=override.pk).update(**long_ago)
    another = of(castle, maya)
    override.refresh_from_db()
    assert override.ended_at == override.expires_at
    assert standing() == [another]


@pytest.mark.parametrize("risk", [-0.01, 1.01, float("nan")])
def test_a_risk_that_is_none_is_refused(castle: Account, maya: Person, risk: float) -> None:
    with pytest.raises(Invalid, match="0% to 100%"):
        of(castle, maya, risk=risk)


@pytest.mark.parametrize("days", [0, -3, 91])
def test_an_end_out_of_reach_is_refused(castle: Account, maya: Person, days: int) -> None:
    with pytest.raises(Invalid, match="between tomorrow and 90 days"):
        of(castle, maya, days=days)


def test_an_override_without_a_reason_is_refused(castle: Account, maya: Person) -> None:
    with pytest.raises(Invalid, match="Say what you know"):
        of(castle, maya, reason="  ")


def test_only_whoever_looks_after_the_account_overrides(castle: Account) -> None:
    with pytest.raises(NotAllowed, match="not among those you look after"):
        of(castle, make.person())
    for role in (Role.SERVICE_DESK, Role.EXECUTIVE, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            of(castle, make.person(role))


def test_an_account_that_left_or_has_no_score_is_not_overridden(castle: Account, maya: Person) -> None:
    fresh = make.account()
    make.assignment(fresh, maya)
    with pytest.raises(Invalid, match="no score yet"):
        of(fresh, maya)
    Account.objects.filter(pk=castle.pk).update(left_on=timezone.localdate())
    castle.refresh_from_db()
    with pytest.raises(Invalid, match="has left"):
        of(castle, maya)


def test_a_second_override_is_refused_while_the_first_stands(castle: Account, maya: Person) -> None:
    first = of(castle, maya)
    with pytest.raises(Conflict, match="Maya Wu has overridden this risk to 5%"):
        of(castle, maya, risk=0.5)
    withdraw_override(override=first, acting_person=maya)
    assert of(castle, maya, risk=0.5) in standing()
    with pytest.raises(Conflict, match="has ended already"):
        withdraw_override(override=first, acting_person=maya)


def test_above_the_limit_it_holds_only_once_somebody_else_approves(
    castle: Account, maya: Person, executive: Person
) -> None:
    above_the_limit()
    override = of(castle, maya)
    assert override.is_pending
    assert standing() == []
    approve_override(override=override, words="Heard it too.", acting_person=executive)
    assert standing() == [override]
    assert AuditEntry.objects.get(verb="override.answer").person == executive
    with pytest.raises(Conflict, match="was first: approved"):
        refuse_override(override=override, words="No.", acting_person=make.person(Role.EXECUTIVE))


def test_without_a_limit_nobody_is_asked(castle: Account, maya: Person) -> None:
    make.organisation(override_approval_revenue=None)
    Score.objects.update(annual_revenue=1e9)
    assert not of(castle, maya).is_pending


def test_nobody_approves_their_own_even_after_a_promotion(castle: Account, maya: Person) -> None:
    above_the_limit()
    override = of(castle, maya)
    Person.objects.filter(pk=maya.pk).update(role=Role.EXECUTIVE)
    maya.refresh_from_db()
    with pytest.raises(NotAllowed, match="Somebody else"):
        approve_override(override=override, words="", acting_person=maya)
    with pytest.raises(IntegrityError, match="nobody_approves_their_own_override"), transaction.atomic():
        Override.objects.filter(pk=override.pk).update(
            approval=Approval.APPROVED, answered_by=maya, answered_at=timezone.now()
        )


def test_a_refusal_says_why_and_ends_it(castle: Account, maya: Person, executive: Person) -> None:
    above_the_limit()
    override = of(castle, maya)
    with pytest.raises(Invalid, match="Say why it is refused"):
        refuse_override(override=override, words=" ", acting_person=executive)
    refuse_override(override=override, words="Nobody signed.", acting_person=executive)
    assert not Override.objects.unended(timezone.now()).exists()
    assert of(castle, maya, risk=0.3).is_pending


def test_what_expired_before_it_was_approved_is_not_approved(castle: Account, maya: Person, executive: Person) -> None:
    above_the_limit()
    override = of(castle, maya)
    Override.objects.update(made_at=make.ago(days=9), expires_at=make.ago(days=2))
    with pytest.raises(Conflict, match="It has expired"):
        approve_override(override=override, words="", acting_person=executive)


def test_whoever_approves_is_told_what_waits(castle: Account, maya: Person, executive: Person) -> None:
    above_the_limit()
    of(castle, maya)
    waiting = [item for item in inbox(executive) if item.url == reverse("overrides")]
    assert [(item.count, item.words) for item in waiting] == [(1, "override of a risk waits for your approval")]
    assert not [item for item in inbox(maya) if item.url == reverse("overrides")]


def test_the_pages_show_both_risks(client: Client, castle: Account, maya: Person) -> None:
    client.force_login(maya)
    form = {"percent": "5", "reason": SIGNED, "expires_on": days_from_now(20).isoformat()}
    answer = client.post(reverse("account_override", args=[castle.public_id]), form, follow=True)
    text = answer.content.decode()
    assert SIGNED in text
    assert "overridden to 5%" in text
    listed = client.get(reverse("portfolio") + "?tab=all")
    assert "Maya Wu says 5%" in listed.content.decode()
    assert listed.context["rows"][0].score.risk == Score.objects.get(account=castle).risk
    lines = b"".join(client.get(reverse("portfolio_export") + "?tab=all")).decode()
    assert "0.0500,Maya Wu" in lines
    assert SIGNED in client.get(reverse("overrides")).content.decode()


def test_a_wrong_form_says_what_is_wrong(client: Client, castle: Account, maya: Person) -> None:
    client.force_login(maya)
    form = {"percent": "5", "reason": SIGNED, "expires_on": days_from_now(200).isoformat()}
    answer = client.post(reverse("account_override", args=[castle.public_id]), form)
    assert answer.status_code == 400
    assert "between tomorrow and 90 days" in answer.content.decode()


def test_an_executive_approves_and_refuses_on_the_page(
    client: Client, castle: Account, maya: Person, executive: Person
) -> None:
    above_the_limit()
    override = of(castle, maya)
    client.force_login(executive)
    assert SIGNED in client.get(reverse("overrides")).content.decode()
    told = client.post(reverse("override_refuse", args=[override.public_id]), {"words": ""}, follow=True)
    assert "Say why it is refused" in told.content.decode()
    told = client.post(reverse("override_approve", args=[override.public_id]), {"words": "Yes."}, follow=True)
    assert "Approved: it holds from now on." in told.content.decode()
    assert standing() == [override]


def test_the_interface_shows_the_override_beside_the_score(client: Client, castle: Account, maya: Person) -> None:
    client.force_login(maya)
    made = client.post(
        "/api/v1/overrides",
        {"account": str(castle.public_id), "risk": 0.05, "reason": SIGNED, "expires_on": str(days_from_now(9))},
        content_type="application/json",
    )
    assert made.status_code == 201
    shown = client.get(f"/api/v1/scores/{castle.public_id}").json()
    assert shown["override"]["risk"] == 0.05
    assert shown["risk"] == pytest.approx(Score.objects.get(account=castle).risk)
    assert client.get(f"/api/v1/accounts/{castle.public_id}").json()["score"]["override"]["reason"] == SIGNED
    client.force_login(make.head(make.department("shipping")))
    assert client.get(f"/api/v1/scores/{castle.public_id}").json()["override"] is None
