"""Under-reporting: what customers' credits, returns, claims and answers say, held against what was reported."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from departments.detection import mark_all_signals
from departments.detection.draining import detect_changes
from departments.models import Department, DetectionRule, Incident, Person, Responsibility, Role, State
from retention.dashboards import unreported_names
from retention.dashboards.unreported import UNREPORTED, Record, signs_of, unreported
from retention.keeping import keep
from tests import make

pytestmark = pytest.mark.django_db

CREDIT: dict[str, Any] = {"amount": 90.0}
RETURN: dict[str, Any] = {"amount": 40.0, "credited_share": 0.5}
CLAIM: dict[str, Any] = {"repair_days": 9, "product": "Pump"}


def record_of(slug: str) -> Record:
    return UNREPORTED.compute(timezone.now()).of[Department.objects.get(slug=slug).pk]


def parts_of(slug: str) -> dict[str, tuple[int, int]]:
    return {part.said: (part.unreported, part.signs) for part in record_of(slug).parts}


def why(slug: str, said: str = "") -> list[str]:
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    page = client.get(reverse("triage_unreported", args=[slug]), {"said": said})
    return [row.why for row in page.context["rows"]]


def detect() -> None:
    mark_all_signals()
    detect_changes()


def test_where_the_shipped_rules_have_looked_every_complaint_has_its_incident() -> None:
    account = make.account()
    for kind, data in (("credit_note", CREDIT), ("credit_note", RETURN), ("claim", CLAIM)):
        make.signal(account, kind, data)
    make.signal(account, "survey", {"score": 3, "about": "customer_service"})
    detect()
    assert parts_of("operations") == {"credit": (0, 1), "returned": (0, 1)}
    assert parts_of("warranty") == {"claim": (0, 1)}
    assert parts_of("customer_service") == {"survey": (0, 1)}


def test_a_rule_that_was_switched_off_hides_nothing() -> None:
    DetectionRule.objects.filter(slug="goods_credited_order_unknown").update(is_active=False)
    account = make.account(annual_revenue=5_000)
    make.signal(account, "credit_note", CREDIT)
    make.signal(account, "credit_note", CREDIT, happened_at=make.ago(days=40))
    make.signal(account, "credit_note", CREDIT, happened_at=make.ago(days=100))
    detect()
    (part,) = record_of("operations").parts
    assert (part.unreported, part.credited, part.accounts, part.worth) == (2, 180.0, 1, 5_000.0)
    assert why("operations") == 2 * [
        "The rule “Goods credited, order not known” would have found it, and is switched off"
    ]


def test_a_rule_that_was_narrowed_hides_nothing() -> None:
    DetectionRule.objects.filter(slug="dissatisfied").update(condition="score < 5")
    make.signal(make.account(), "survey", {"score": 6, "about": "customer_service"})
    detect()
    assert parts_of("customer_service") == {"survey": (1, 1)}
    assert why("customer_service") == ["Below the line of the rule “Poor mark”: score < 5"]


def test_a_small_slip_below_the_rules_line_is_named() -> None:
    make.signal(make.account(), "shipment", {"days_late": 2})
    make.signal(make.account(), "shipment", {"days_late": 0})
    detect()
    assert parts_of("shipping") == {"slip": (1, 1)}
    # There are many, and no customer has complained of one: they are looked at when asked for.
    assert (record_of("shipping").signs, record_of("shipping").lags) == (0, False)
    assert why("shipping") == []
    assert why("shipping", "slip") == ["Below the line of the rule “Delivered late”: days_late > 2"]


def test_a_poor_mark_about_a_department_needs_an_incident_of_that_department() -> None:
    silent, telling = make.account(), make.account()
    shipping = make.department("shipping")
    for account in (silent, telling):
        make.signal(account, "survey", {"score": 2, "about": "shipping"})
    make.incident(telling, shares={shipping: 1.0})
    detect()
    assert parts_of("shipping") == {"survey": (1, 2)}
    assert why("shipping") == ["Customer service has an incident of it, Shipping has none"]


@pytest.mark.parametrize("closed", [{"resolution": "Sent again."}, {"resolution": ""}])
def test_what_was_closed_without_a_cause_and_a_word_tells_nothing(closed: dict[str, Any]) -> None:
    make.signal(make.account(), "claim", CLAIM)
    detect()
    Incident.objects.update(state=State.RESOLVED, resolved_at=timezone.now(), **closed)
    assert parts_of("warranty") == {"claim": (int(not closed["resolution"]), 1)}


@pytest.mark.parametrize(("slug", "missing"), [("warranty_claim", 0), ("late_shipment", 1)])
def test_what_was_merged_into_another_type_tells_nothing(slug: str, missing: int) -> None:
    account = make.account()
    make.signal(account, "claim", CLAIM)
    detect()
    incident = Incident.objects.get()
    kept = make.incident(account, friction_type=make.friction_type(slug), shares={make.department("shipping"): 1.0})
    resolved = {"state": State.RESOLVED, "resolved_at": timezone.now()}
    Incident.objects.filter(pk=incident.pk).update(merged_into=kept, **resolved)
    Responsibility.objects.filter(incident=incident).update(share=0)
    assert parts_of("warranty") == {"claim": (missing, 1)}


def test_a_sign_is_at_home_where_its_friction_type_is() -> None:
    billing = Department.objects.get(slug="billing")
    make.signal(make.account(), "credit_note", {"amount": 10, "issued": False})
    assert [one.kind for one in unreported(signs_of(billing, make.ago(days=90)))] == ["credit_note"]
    kind = make.friction_type("credit_not_issued")
    kind.department = make.department("sales")
    kind.save()
    assert not signs_of(billing, make.ago(days=90)).exists()
    assert signs_of(kind.department, make.ago(days=90)).count() == 1


def test_a_department_that_leaves_more_unsaid_than_chance_explains_is_named() -> None:
    account = make.account()
    for number in range(30):
        make.signal(make.account(), "claim", CLAIM)
        make.signal(account, "credit_note", CREDIT, happened_at=make.ago(days=number))
    DetectionRule.objects.filter(slug="goods_credited_order_unknown").update(is_active=False)
    detect()
    assert record_of("operations").lags
    assert not record_of("warranty").lags


def test_how_incidents_came_to_be_known_is_told_by_department() -> None:
    warranty, shipping = Department.objects.get(slug="warranty"), make.department("shipping")
    make.signal(make.account(), "claim", CLAIM)
    detect()
    for reporter in (make.member(warranty), make.member(warranty), make.member(shipping)):
        whose: dict[str, Any] = {"reporter": reporter, "reporting_department": reporter.department}
        make.incident(shares={warranty: 1.0}, **whose)
    record = record_of("warranty")
    assert (record.detected, record.told_itself, record.told_by_others) == (1, 2, 1)


def test_a_head_sees_the_own_department_and_no_strange_account(client: Client) -> None:
    operations = Department.objects.get(slug="operations")
    DetectionRule.objects.filter(signal_kind="credit_note").update(is_active=False)
    known, strange = make.account("Castle Gifts"), make.account("Fjord Papir")
    for account in (known, strange):
        make.signal(account, "credit_note", CREDIT)
    make.incident(known, shares={operations: 1.0}, happened_at=make.ago(days=60))
    client.force_login(make.head(operations))
    page = client.get(reverse("triage_unreported", args=[operations.slug]))
    text = page.content.decode()
    assert "Castle Gifts" in text
    assert "Fjord Papir" not in text
    assert page.context["hidden"] == 1
    overview = client.get(reverse("triage_unreported_all"))
    assert [department.slug for department, _ in overview.context["records"]] == ["operations"]


def test_a_page_takes_as_many_statements_for_many_signs(client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    address = reverse("triage_unreported", args=["warranty"])
    DetectionRule.objects.filter(signal_kind="claim").update(is_active=False)
    make.signal(make.account(), "claim", CLAIM)
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for _ in range(5):
        make.signal(make.account(), "claim", CLAIM)
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(address).context["rows"]) == 6
    assert len(many) == len(few)


@pytest.fixture
def unsaid() -> list[Incident]:
    """Three claims that no rule found, kept ahead by a worker; two at accounts that warranty has incidents at."""
    DetectionRule.objects.filter(signal_kind="claim").update(is_active=False)
    warranty = Department.objects.get(slug="warranty")
    accounts = [make.account(name, annual_revenue=worth) for name, worth in (("Ash", 1), ("Birch", 3), ("Cedar", 2))]
    for account in accounts:
        make.signal(account, "claim", CLAIM)
    before = [make.incident(account, shares={warranty: 1.0}, happened_at=make.ago(days=60)) for account in accounts[:2]]
    keep(UNREPORTED, timezone.now())
    return before


def listed(person: Person) -> tuple[list[str], Any]:
    client = Client()
    client.force_login(person)
    page = client.get(reverse("triage_unreported", args=["warranty"]), {"said": "claim"})
    return [row.signal.account.name for row in page.context["rows"]], page.context


@pytest.mark.usefixtures("unsaid")
def test_what_is_kept_ahead_counts_what_it_names_at_the_dearest_first() -> None:
    names, context = listed(make.person(Role.EXECUTIVE))
    assert names == ["Birch", "Cedar", "Ash"]
    assert context["counted_at"] is not None
    assert (context["hidden"], context["reported_since"]) == (0, 0)
    assert [part.unreported for part in context["record"].parts] == [len(names)]
    names, context = listed(make.head(Department.objects.get(slug="warranty")))
    assert (names, context["hidden"]) == (["Birch", "Ash"], 1)


def test_what_is_reported_after_it_was_kept_leaves_the_list_at_once(unsaid: list[Incident]) -> None:
    make.incident(unsaid[1].account, shares={Department.objects.get(slug="warranty"): 1.0})
    names, context = listed(make.person(Role.EXECUTIVE))
    assert (names, context["hidden"], context["reported_since"]) == (["Cedar", "Ash"], 0, 1)


def test_a_name_kept_for_a_department_is_asked_again_of_who_may_see_it(unsaid: list[Incident]) -> None:
    Responsibility.objects.filter(incident=unsaid[1]).delete()
    assert listed(make.head(Department.objects.get(slug="warranty")))[0] == ["Ash"]


def test_the_newest_are_named_and_the_others_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreported_names, "MOST_NAMED", 2)
    monkeypatch.setattr(unreported_names, "LOOKED_AT", 1)
    warranty = Department.objects.get(slug="warranty")
    DetectionRule.objects.filter(signal_kind="claim").update(is_active=False)
    for name, days in (("Old", 30), ("Strange", 1), ("New", 2), ("Newer", 3)):
        account = make.account(name)
        make.signal(account, "claim", CLAIM, happened_at=make.ago(days=days))
        if name != "Strange":
            make.incident(account, shares={warranty: 1.0}, happened_at=make.ago(days=80))
    keep(UNREPORTED, timezone.now())
    names, context = listed(make.person(Role.EXECUTIVE))
    assert (set(names), context["hidden"]) == ({"Strange", "New"}, 2)
    names, context = listed(make.head(warranty))
    assert (set(names), context["hidden"]) == ({"New", "Newer"}, 2)
