"""What if a set of incidents had not been: rescored, for whoever may see them, over many accounts at once."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from departments.models import Incident, Person, Role, State
from retention.models import Score
from retention.scoring import what_if as module
from retention.scoring.bands import Band
from retention.scoring.explaining import explain
from retention.scoring.rescoring import rescore_accounts
from retention.scoring.versions import ensure_active_version
from retention.scoring.what_if import Answer, Question, TooManyAccounts, what_if
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.random_company import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def executive() -> Person:
    return make.person(Role.EXECUTIVE)


def asked(question: Question, person: Person, as_of: datetime.datetime | None = None) -> Answer:
    return what_if(question, person=person, as_of=as_of or timezone.now())


def rescored(accounts: list[Account], moment: datetime.datetime) -> dict[int, float]:
    rescore_accounts(account_ids=[one.pk for one in accounts], as_of=moment, version=ensure_active_version())
    return dict(Score.objects.values_list("account_id", "risk"))


def after_by_account(answer: Answer) -> dict[int, float]:
    return dict(zip(answer.account_ids.tolist(), answer.after.tolist(), strict=True))


def test_it_is_what_a_scoring_says_once_the_incidents_are_gone(executive: Person) -> None:
    accounts = random_company.build(5, accounts=20)
    before = rescored(accounts, NOW)
    since = NOW - datetime.timedelta(days=300)
    answer = asked(Question(departments=("shipping",), happened_from=since), executive, NOW)
    assert answer.before.tolist() == pytest.approx([before[key] for key in answer.account_ids.tolist()], abs=1e-9)
    gone = Incident.objects.filter(responsibilities__department__slug="shipping", happened_at__gte=since)
    make_go("shipping", gone)
    without = rescored(accounts, NOW)
    assert after_by_account(answer) == pytest.approx(
        {key: without[key] for key in answer.account_ids.tolist()}, abs=1e-9
    )
    assert answer.total_kept > 0


def make_go(slug: str, incidents: object) -> None:
    """Take out the parts of one department alone; what others share in the same incidents stays."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    for incident in incidents:  # type: ignore[attr-defined]  # a queryset
        incident.responsibilities.filter(department__slug=slug).delete()


def test_of_one_account_it_is_the_same_as_on_its_page(executive: Person) -> None:
    account = steady()
    incidents = [make.incident(account, severity=0.7) for _ in range(3)]
    rescored([account], timezone.now())
    explanation = explain(account)
    assert explanation is not None
    two = tuple(one.public_id for one in incidents[:2])
    as_of = Score.objects.get(account=account).as_of
    answer = asked(Question(incidents=two), executive, as_of)
    assert answer.after[0] == pytest.approx(float(explanation.without(two).after[0]), abs=1e-9)
    assert answer.incidents == 2


def steady(**fields: object) -> Account:
    account = make.account(**fields)  # type: ignore[arg-type]  # fields of an account
    for days in (5, 35, 65, 95):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    return account


def test_only_what_fits_is_thought_away(executive: Person) -> None:
    billing = make.department("billing")
    retail, other = steady(segment="Retail"), steady(segment="Other")
    late = make.incident(retail, severity=1.0, happened_at=make.ago(days=20))
    make.incident(retail, make.friction_type("invoice_error", department=billing))
    make.incident(other, severity=1.0, happened_at=make.ago(days=200))
    assert asked(Question(), executive).incidents == 3
    assert asked(Question(segment="Retail"), executive).incidents == 2
    assert asked(Question(friction_types=("late_shipment",)), executive).incidents == 2
    assert asked(Question(departments=("billing",)), executive).incidents == 1
    assert asked(Question(happened_from=make.ago(days=30)), executive).incidents == 2
    assert asked(Question(happened_until=make.ago(days=30)), executive).incidents == 1
    assert asked(Question(incidents=(late.public_id,)), executive).incidents == 1


def test_accounts_that_would_cross_a_band_are_counted(executive: Person) -> None:
    account = steady()
    for _ in range(12):
        make.incident(account, severity=1.0)
    answer = asked(Question(), executive)
    (crossing,) = answer.crossings()
    assert crossing[0] is not Band.LOW
    assert crossing[2] == 1
    assert answer.at_risk_before - answer.at_risk_after == pytest.approx(answer.total_kept)


def test_a_resolved_incident_goes_with_what_is_left_of_it(executive: Person) -> None:
    account = steady()
    make.incident(
        account, severity=1.0, happened_at=make.ago(days=90), state=State.RESOLVED, resolved_at=make.ago(days=60)
    )
    answer = asked(Question(), executive)
    gone = Incident.objects.all()
    gone.delete()
    assert answer.after[0] == pytest.approx(rescored([account], answer.as_of)[account.pk], abs=1e-9)


def test_everybody_asks_about_what_they_see_alone() -> None:
    account, foreign = steady(), steady()
    billing, shipping = make.department("billing"), make.department("shipping")
    shared = make.incident(account, shares={shipping: 0.4, billing: 0.6})
    make.incident(foreign)
    assert asked(Question(), make.manager_of(account)).account_ids.tolist() == [account.pk]
    assert asked(Question(), make.head(billing)).incidents == 1
    assert asked(Question(), make.head(shipping)).incidents == 2
    nothing = asked(Question(incidents=(shared.public_id,)), make.head(make.department("legal")))
    assert (nothing.incidents, len(nothing.account_ids), nothing.total_kept) == (0, 0, 0.0)


def test_who_left_is_left_out(executive: Person) -> None:
    account = steady(left_on=make.ago(days=3).date())
    make.incident(account)
    assert asked(Question(), executive).incidents == 0


def test_the_number_of_statements_does_not_grow_with_the_accounts(executive: Person) -> None:
    counts = []
    for _ in range(2):
        for account in [steady() for _ in range(3)]:
            make.incident(account)
        ensure_active_version()
        with CaptureQueriesContext(connection) as captured:
            asked(Question(), executive)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_chunks_answer_as_one(executive: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for account in [steady() for _ in range(5)]:
        make.incident(account)
    moment = timezone.now()
    whole = asked(Question(), executive, moment)
    monkeypatch.setattr(module, "ACCOUNTS_A_CHUNK", 2)
    assert after_by_account(asked(Question(), executive, moment)) == pytest.approx(after_by_account(whole), abs=1e-12)


def test_too_large_a_question_is_refused_with_a_sentence(
    executive: Person, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.incident(steady())
    make.incident(steady())
    monkeypatch.setattr(module, "MOST_ACCOUNTS", 1)
    with pytest.raises(TooManyAccounts, match="touches more than 1 accounts"):
        asked(Question(), executive)
    client.force_login(executive)
    assert "touches more than 1 accounts" in client.get("/what-if?segment=").content.decode()
    refused = client.post("/api/v1/what-if", {}, content_type="application/json")
    assert refused.status_code == 400
    assert "narrow it" in refused.json()["detail"]


def test_many_incidents_of_few_accounts_are_not_too_large_a_question(
    executive: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ACCOUNTS", 2)
    for account in (steady(), steady()):
        for _ in range(6):
            make.incident(account)
    assert len(asked(Question(), executive).account_ids) == 2
    make.incident(steady())
    with pytest.raises(TooManyAccounts, match="touches more than 2 accounts"):
        asked(Question(), executive)


def test_the_page_begins_with_a_departments_own_friction_of_late(client: Client) -> None:
    account = steady()
    shipping = make.department("shipping")
    make.incident(account, severity=1.0)
    make.incident(account, severity=1.0, happened_at=make.ago(days=200))
    client.force_login(make.head(shipping))
    page = client.get("/what-if")
    assert page.context["answer"].incidents == 1
    assert f"What if {shipping.name}’s friction" in page.context["words"]
    assert "Model-based, not proven causal" in page.content.decode()
    assert account.name in page.content.decode()


def test_the_page_names_what_is_wrong_with_a_question(client: Client, executive: Person) -> None:
    client.force_login(executive)
    page = client.get("/what-if", {"since": "2026-03-01", "until": "2026-02-01"})
    assert page.status_code == 400
    assert "ends before it begins" in page.content.decode()


def test_the_interface_answers_too(client: Client, executive: Person) -> None:
    account = steady()
    make.incident(account, severity=1.0)
    client.force_login(executive)
    question = {"departments": ["shipping"], "happened_from": make.ago(days=90).isoformat()}
    told = client.post("/api/v1/what-if", question, content_type="application/json").json()
    assert (told["incidents"], told["accounts"]) == (1, 1)
    assert told["most_kept"][0]["account"]["id"] == str(account.public_id)
    assert told["money_kept"] == pytest.approx(told["revenue_at_risk_before"] - told["revenue_at_risk_after"])
    wrong = client.post("/api/v1/what-if", {"departments": ["moon"]}, content_type="application/json")
    assert wrong.status_code == 400
