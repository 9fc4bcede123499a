"""The backtest of a stored model on a company in the database: what is printed, and what is kept."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Account, AuditEntry
from retention.models import ModelVersion, Origin
from retention.scoring import boosting
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.retention.scoring.test_histories import wholesaler

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_boosting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without scikit-learn, so that what is installed changes no result."""
    monkeypatch.setattr(boosting, "MODULE", "no_such_module.ensemble")


def printed(*words: str) -> str:
    out = io.StringIO()
    call_command("backtest", *words, stdout=out)
    return out.getvalue()


def found_on(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(printed("--json", *words))
    return found


def test_it_prints_a_table_and_keeps_everything_with_the_version() -> None:
    wholesaler(240)
    table = printed("--origins", "4")
    for words in ("Days since the last order", "RFM logit", "BG/NBD", "Model 1, active", "AUC", "lift 10 %"):
        assert words in table
    assert "Gradient boosting               not installed" in table
    kept = ModelVersion.objects.get().backtest
    assert kept is not None
    assert len(kept["origins"]) == 4
    assert kept["leavers"] > 20
    assert 0.5 < kept["auc"] < 1.0
    assert kept["why"] in table
    assert AuditEntry.objects.filter(verb="model.backtested").count() == 1


def test_days_that_somebody_chose_are_told_and_not_kept() -> None:
    wholesaler(240)
    days = [word for day in ("2025-09-30", "2025-10-31", "2026-02-28") for word in ("--day", day)]
    found = found_on(*days)
    assert [origin[:10] for origin in found["origins"]] == ["2026-02-28"]
    assert not found["passed"]
    assert ModelVersion.objects.get().backtest is None


def test_a_candidate_is_held_against_the_active_model() -> None:
    wholesaler(240)
    active = ensure_active_version()
    candidate = ModelVersion.objects.get(pk=active.pk)
    candidate.pk, candidate.public_id, candidate.number, candidate.is_active = None, uuid.uuid4(), 2, False
    candidate.weights = active.weights | {"mean": [0.0 for _ in active.terms]}
    candidate.save(force_insert=True)
    found = found_on("--origins", "1")
    assert found["version"] == 2
    assert [row["label"] for row in found["contenders"][-2:]] == ["Model 1, active", "Model 2, candidate"]
    assert found["against_active"]["version"] == 1
    assert not found["against_active"]["may_replace"]
    assert ModelVersion.objects.get(number=1).backtest is None


def test_what_was_recorded_later_is_not_known_earlier() -> None:
    wholesaler(240)
    before = found_on("--origins", "1")
    made = Account.objects.create(name="Entered today", external_id=make.number())
    make.order(made, ordered_at=make.ago(days=600), amount=5)
    after = found_on("--origins", "1")
    assert (after["rows"], after["auc"]) == (before["rows"], before["auc"])


def test_without_history_it_says_what_is_missing() -> None:
    with pytest.raises(CommandError, match="too little history"):
        printed()


def test_wrong_words_get_a_sentence() -> None:
    with pytest.raises(CommandError, match=r"There is no model 9\."):
        printed("--model", "9")
    with pytest.raises(CommandError, match="between 1 and 36"):
        printed("--origins", "0")


def test_a_fitted_model_in_force_is_favoured_openly_or_met_on_days_it_did_not_know() -> None:
    wholesaler(240)
    active = ensure_active_version()
    candidate = ModelVersion.objects.get(pk=active.pk)
    candidate.pk, candidate.public_id, candidate.number, candidate.is_active = None, uuid.uuid4(), 2, False
    candidate.save(force_insert=True)
    ModelVersion.objects.filter(pk=active.pk).update(origin=Origin.FIT)
    assert found_on("--origins", "2")["against_active"]["has_seen"] == 2
    ModelVersion.objects.filter(pk=active.pk).update(created_at=make.ago(days=900))
    assert found_on("--origins", "2")["against_active"]["has_seen"] == 0
