"""Pareto by money: rows add up, lead to their incidents, and name what was not named."""

import pytest
from django.test import Client

from departments.models import Incident, Role
from retention.dashboards.pareto import pareto
from tests import make

pytestmark = pytest.mark.django_db


def at_risk(money: float, kind: str = "late_shipment", **fields: object) -> Incident:
    return make.incident(friction_type=make.friction_type(kind), money_at_risk=money, **fields)  # type: ignore[arg-type]  # as make wants them


def test_rows_are_ordered_by_money_and_cumulate_to_the_whole() -> None:
    for money, kind in ((100.0, "late_shipment"), (200.0, "late_shipment"), (100.0, "damaged_goods")):
        at_risk(money, kind)
    found = pareto(make.department(), "type", make.ago(days=90))
    assert [(row.key, row.money, row.incidents) for row in found.rows] == [
        ("late_shipment", 300.0, 2),
        ("damaged_goods", 100.0, 1),
    ]
    assert [(row.share, row.cumulative) for row in found.rows] == [(0.75, 0.75), (0.25, 1.0)]


def test_a_department_counts_with_its_share_and_the_company_with_all() -> None:
    shipping, billing = make.department(), make.department("billing")
    at_risk(100.0, shares={shipping: 0.75, billing: 0.25})
    since = make.ago(days=90)
    assert pareto(billing, "type", since).money == pytest.approx(25.0)
    assert pareto(None, "type", since).money == pytest.approx(100.0)


def test_incidents_without_a_cause_are_one_row_that_leads_to_them(client: Client) -> None:
    at_risk(50.0, cause=make.cause(make.department()), title="Named")
    at_risk(80.0, title="Nameless")
    client.force_login(make.head(make.department()))
    page = client.get("/triage/shipping/pareto?by=cause&of=none").content.decode()
    assert "Cause not named yet" in page
    assert "Nameless" in page
    assert ">Named<" not in page
    assert client.get("/triage/shipping/pareto?by=cause&of=else").status_code == 404


def test_an_empty_pareto_says_so(client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    assert "Nothing is at risk" in client.get("/scorecard/pareto").content.decode()
