"""The method page of Online Retail II: imported, detected, learned from and backtested as a company's own books are."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from departments.models import Role
from retention.models import ModelVersion
from retention.scoring.engine import Evidence
from retention.scoring.versions import ensure_active_version, scoring_model
from retention.versions.actions import activate
from tests import make
from tests.real_data import online_retail

pytestmark = pytest.mark.django_db


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_a_wholesalers_books_become_a_model_its_evidence_and_its_backtest() -> None:
    call_command("import_records", "online_retail_ii", str(online_retail()), shift_to_now=True, verbosity=0)
    call_command("detect", verbosity=0)
    call_command("fit")
    call_command("backtest")
    version = ModelVersion.objects.latest("number")
    weights = scoring_model(version).weights
    evidence = dict(zip(weights.keys, weights.evidence, strict=True))
    assert evidence["department:operations"] is Evidence.NO_EVIDENCE
    assert Evidence.SUPPORTED not in {said for key, said in evidence.items() if key.startswith("department:")}
    found = version.backtest
    assert found is not None
    figures = {one["key"]: one["figures"] for one in found["contenders"]}
    assert figures["tested"]["auc"][0] > figures["silence"]["auc"][2]
    assert found["leavers"] >= 1_000

    page = method_page()
    for rule in figures.values():
        assert f"{rule['auc'][0]:.3f} {rule['auc'][1]:.3f}–{rule['auc'][2]:.3f}" in page
    assert f"{found['leavers']:,} of {found['accounts']:,} accounts left" in page
    assert "this version does not fit them to the company’s own history" in page

    administrator = make.person(Role.ADMINISTRATOR)
    activate(version=version, instead_of=ensure_active_version().number, acting_person=administrator)
    page = method_page()
    row = page[page.index("Operations Friction") : page.index("Product development Friction")]
    assert "no evidence" in row
    assert "Buys by order" in page


def method_page() -> str:
    client = Client()
    client.force_login(make.person(Role.EXECUTIVE))
    return words_of(client.get(reverse("method")).content.decode())
