"""What the method page tells of the last backtest: to everybody the figures, names only to those who may see them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from departments.models import Person, Role
from retention.dashboards.backtests import last_backtest
from retention.models import ModelVersion
from retention.scoring.missing import missing_rules
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db
FIGURES = {
    "auc": [0.8, 0.75, 0.85],
    "pr_auc": [0.4, 0.3, 0.5],
    "brier": [0.05, 0.04, 0.06],
    "log_loss": [0.2, 0.18, 0.22],
    "ece": [0.01, 0.008, 0.02],
    "lift": [3.9, 3.4, 4.4],
}
WORSE = {**FIGURES, "auc": [0.7, 0.65, 0.75], "brier": [0.06, 0.05, 0.07]}
SAID = {"rows": 900, "leavers": 50, "said": 0.06, "happened": 0.055, "figures": FIGURES}


def backtested(*misses: Account, passed: bool = True) -> ModelVersion:
    """The active version with a backtest, in which these accounts were missed."""
    day = "2026-03-31T23:59:59+00:00"
    version = ensure_active_version()
    version.backtest = {
        **{name: values[0] for name, values in FIGURES.items()},
        "at": day,
        "origins": [day, "2026-04-30T23:59:59+00:00"],
        "horizon_days": 90.0,
        "version": version.number,
        "rows": 900,
        "accounts": 300,
        "leavers": 210,
        "rate": 0.07,
        "passed": passed,
        "why": "So it was found.",
        "contenders": [
            {"key": "rfm", "label": "RFM logit", "figures": WORSE},
            {"key": "tested", "label": "Model 1, active", "figures": FIGURES},
        ],
        "missing": [{"key": "boosting", "label": "Gradient boosting", "note": "not installed"}],
        "calibration": [{"said": 0.1, "happened": 0.12, "low": 0.1, "high": 0.14, "accounts": 900}],
        "reliability": [{"name": "Under contract", **SAID}],
        "drift": [{"name": "2026-03-31", **SAID}, {"name": "2026-04-30", **SAID}],
        "misses": [
            {"account": account.pk, "origin": day, "risk": 0.02, "left": left, "revenue": 100.0}
            for account in misses
            for left in (True, False)
        ],
    }
    version.save()
    return version


def page_of(person: Person) -> str:
    client = Client()
    client.force_login(person)
    return client.get(reverse("method")).content.decode()


def test_everybody_sees_who_foresees_best_and_how_sure_that_is() -> None:
    backtested()
    page = page_of(make.person(Role.SERVICE_DESK))
    for words in ("RFM logit", "<b>0.800</b>", "0.750–0.850", "not installed", "Under contract", "So it was found."):
        assert words in page
    assert "backtested: a probability" in page
    assert 'data-chart="calibration"' in page
    assert 'data-chart="lines"' in page


def test_a_backtest_that_was_not_passed_leaves_an_index() -> None:
    backtested(passed=False)
    page = page_of(make.person(Role.EXECUTIVE))
    assert "its backtest was not passed" in page
    assert "the number stays an index" in page


def test_misses_are_named_only_to_those_who_may_see_the_account() -> None:
    mine, theirs = make.account("Mine and Sons"), make.account("Theirs and Daughters")
    manager = make.person(Role.ACCOUNT_MANAGER)
    make.assignment(mine, manager)
    version = backtested(mine, theirs)
    seen = last_backtest(version, manager)
    assert seen is not None
    assert [miss.account for miss in (*seen.misses.left, *seen.misses.stayed)] == [mine, mine]
    assert seen.misses.hidden == 2
    page = page_of(manager)
    assert "Mine and Sons" in page
    assert "Theirs and Daughters" not in page
    assert "Theirs and Daughters" in page_of(make.person(Role.EXECUTIVE))


def test_the_best_of_each_column_is_the_highest_or_the_lowest_as_it_should_be() -> None:
    seen = last_backtest(backtested(), make.person(Role.EXECUTIVE))
    assert seen is not None
    best: dict[str, list[Any]] = {row.label: [cell.label for cell in row.cells if cell.is_best] for row in seen.rows}
    assert best["Model 1, in force"] == ["AUC", "PR-AUC", "Brier", "Log loss", "ECE", "Lift at 10 %"]
    assert best["RFM logit"] == ["PR-AUC", "Log loss", "ECE", "Lift at 10 %"]
    assert best["Gradient boosting"] == []


def test_what_a_candidate_was_held_against_is_told_where_the_model_in_force_has_no_test_of_its_own() -> None:
    candidate = backtested()
    ModelVersion.objects.filter(pk=candidate.pk).update(is_active=False)
    active = ModelVersion.objects.get(pk=candidate.pk)
    active.pk, active.public_id, active.number = None, uuid.uuid4(), candidate.number + 1
    active.is_active, active.backtest = True, None
    active.save(force_insert=True)
    page = page_of(make.person(Role.EXECUTIVE))
    assert f"Model {candidate.number}, candidate" in page
    assert "tested here, not in force" in page
    assert "No backtest yet" not in page


def test_feeds_that_have_gone_quiet_are_named_before_all_others() -> None:
    account = make.account()
    for days in range(30, 60):
        make.signal(account, "invoice", {"amount": 5}, happened_at=make.ago(days=days))
    page = page_of(make.person(Role.EXECUTIVE))
    assert "Gone quiet: Invoice (quiet for 30 days)." in page
    assert "Silence is not absence of friction" in page


def test_each_rule_for_what_is_missing_is_told() -> None:
    page = page_of(make.person(Role.EXECUTIVE))
    rules = missing_rules()
    assert len(rules) > 5
    assert all(rule.missing.replace("'", "&#x27;") in page for rule in rules)


def test_only_administrators_are_led_to_the_models() -> None:
    assert reverse("models") in page_of(make.person(Role.ADMINISTRATOR))
    assert reverse("models") not in page_of(make.person(Role.EXECUTIVE))


def test_what_the_data_alone_say_stands_beside_what_experts_said() -> None:
    make.department("shipping")
    version = ensure_active_version()
    version.learned = {
        "account_months": 5000,
        "accounts": 900,
        "leavers": 250,
        "learned": [{"key": "department:shipping", "value": 3.21, "low": 1.23, "high": 5.19}],
    }
    version.save()
    page = page_of(make.person(Role.EXECUTIVE))
    assert "learned from 5,000 account-months" in page
    assert "3.21" in page
    assert "1.23 to 5.19" in page
