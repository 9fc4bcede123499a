"""What a company begins with: every complaint has its type, every kind of signal its rules."""

import math
import re

import pytest
from django.apps import apps

from accounts.models import Organisation
from accounts.signals import KINDS
from departments import seeds
from departments.conditions import compile_condition, compile_severity, compile_title, values_of
from departments.models import Department, DetectionRule, FrictionType
from departments.models.department import EXPOSURES
from retention.scoring.engine import FRICTION_PRIOR

pytestmark = pytest.mark.django_db

# What customers complain of, by the department that causes it.
COMPLAINTS = {
    "shipping": {
        "late": "late_shipment",
        "wrong product": "wrong_product",
        "damaged": "damaged_goods",
        "part missing": "part_missing",
        "unannounced part shipment": "unannounced_part_shipment",
    },
    "phone_system": {
        "menu maze": "menu_maze",
        "long wait": "long_wait",
        "dropped": "dropped_call",
        "transferred again and again": "transferred_repeatedly",
    },
    "customer_service": {
        "made to feel a burden": "made_a_burden",
        "wrong answer": "wrong_answer",
        "no call back": "no_call_back",
    },
    "billing": {
        "wrong amount": "wrong_amount",
        "wrong address": "wrong_address",
        "duplicate": "duplicate_invoice",
        "credit not issued": "credit_not_issued",
        "dunned by mistake": "dunned_by_mistake",
    },
    "legal": {
        "unreadable contract": "unreadable_contract",
        "one-sided risk": "one_sided_risk",
        "slow redline": "slow_redline",
    },
    "manufacturing": {"defect": "defect", "cut corner": "cut_corner", "batch recall": "batch_recall"},
    "procurement": {
        "cheaper component failed": "cheaper_component_failed",
        "part out of stock": "part_out_of_stock",
    },
    "design_engineering": {
        "hard to use": "hard_to_use",
        "missing documentation": "missing_documentation",
        "incompatible": "incompatible",
    },
    "warranty": {"claim": "warranty_claim", "claim refused": "claim_refused", "slow repair": "slow_repair"},
    "marketing": {"promised and not there": "promised_and_not_there", "misleading price": "misleading_price"},
    "corporate": {
        "broken promise": "broken_promise",
        "price rise without notice": "price_rise_without_notice",
        "account treated as a number": "treated_as_a_number",
    },
    "sales": {"oversold": "oversold", "gone silent": "gone_silent"},
    "operations": {"order lost": "order_lost", "wrong data": "wrong_data", "portal down": "portal_down"},
    "product_development": {"no innovation": "no_innovation", "promised release slipped": "release_slipped"},
}


def test_there_are_fourteen_departments_each_with_a_colour_of_its_own() -> None:
    departments = list(Department.objects.all())
    assert [department.slug for department in departments] == list(seeds.departments())
    assert {department.slug for department in departments} == set(COMPLAINTS)
    assert len({department.colour for department in departments}) == 14
    for department in departments:
        department.full_clean()
        assert department.exposure in dict(EXPOSURES)


def test_expert_weights_lie_around_the_prior_of_the_engine() -> None:
    departments = list(Department.objects.all())
    assert all(abs(one.prior_weight - FRICTION_PRIOR.mean) <= one.prior_sd for one in departments)
    mean = math.fsum(department.prior_weight for department in departments) / len(departments)
    assert mean == pytest.approx(FRICTION_PRIOR.mean, abs=0.05)


def test_every_complaint_has_a_type_of_its_own_with_the_department_that_causes_it() -> None:
    found = dict(FrictionType.objects.values_list("slug", "department__slug"))
    expected = {slug: department for department, types in COMPLAINTS.items() for slug in types.values()}
    assert {slug: found.get(slug) for slug in expected} == expected
    assert len(expected) == sum(len(types) for types in COMPLAINTS.values()) == 43
    assert found["goods_credited"] == "operations"


def test_every_type_says_in_plain_words_what_counts_as_one() -> None:
    types = list(FrictionType.objects.all())
    assert len(types) == len(seeds.friction_types()) >= 40
    assert len({kind.definition for kind in types}) == len({kind.name for kind in types}) == len(types)
    for kind in types:
        kind.full_clean()
        assert kind.definition.endswith(".")
        assert 0 < kind.answer_hours < kind.resolve_hours


def test_every_kind_of_signal_has_rules() -> None:
    assert set(DetectionRule.objects.values_list("signal_kind", flat=True)) == set(KINDS)


def test_every_type_that_signals_can_show_has_a_rule() -> None:
    assert set(FrictionType.objects.filter(rules=None).values_list("slug", flat=True)) == set()


def test_every_rule_reads_registered_fields_and_its_type_exists() -> None:
    for rule in DetectionRule.objects.select_related("friction_type"):
        kind = KINDS[rule.signal_kind]
        condition = compile_condition(kind.name, rule.condition)
        assert condition.fields
        assert all(kind.field(name) for name in condition.fields)
        assert not condition.can_match_without or rule.slug == "warranty_claim"
        severity = compile_severity(kind.name, rule.severity).of(values_of(kind, {}))
        assert 0 < severity <= 1
        title = compile_title(kind.name, rule.title).fill({})
        assert title
        assert not re.search("[{}]", title)


def test_the_rules_are_those_of_the_list() -> None:
    found = dict(DetectionRule.objects.values_list("slug", "friction_type__slug"))
    assert found == {slug: rule["friction_type"] for slug, rule in seeds.detection_rules().items()}


def test_the_company_has_its_row() -> None:
    assert Organisation.objects.get().time_zone == "Europe/London"


def test_planting_again_leaves_what_the_company_changed() -> None:
    Department.objects.filter(slug="billing").update(name="Accounts receivable")
    DetectionRule.objects.filter(slug="late_shipment").update(condition="days_late > 5")
    seeds.plant(apps)
    assert Department.objects.get(slug="billing").name == "Accounts receivable"
    assert DetectionRule.objects.get(slug="late_shipment").condition == "days_late > 5"
    assert FrictionType.objects.count() == len(seeds.friction_types())


def test_the_seeds_can_be_taken_away_and_planted_again() -> None:
    seeds.uproot(apps)
    assert not Department.objects.exists()
    assert not DetectionRule.objects.exists()
    seeds.plant(apps)
    assert Department.objects.count() == 14
