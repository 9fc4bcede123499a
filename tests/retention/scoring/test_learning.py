"""From the database to a candidate model: one at a time, beside the active one, and nothing where little is known."""

from __future__ import annotations

import datetime
import io
import random
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from accounts.models import Account, AuditEntry, Order
from departments.models import State
from retention import tasks
from retention.models import ModelVersion, Origin
from retention.scoring.engine import score
from retention.scoring.features import Scope, build_inputs, read_facts
from retention.scoring.learning import LEARNING_LOCK, adopt_half_lives, learn
from retention.scoring.panel import build_panel, monthly_origins
from retention.scoring.versions import ensure_active_version, scoring_model
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2026, 6, 15, 12, tzinfo=datetime.UTC)
ACCOUNTS = 260


def silently(_sentence: str) -> None:
    """Tell nobody."""


def company(accounts: int = ACCOUNTS) -> None:
    """Customers who order every month; the late shipments of some drive most of those away."""
    dice, kind = random.Random(11), make.friction_type()
    for number in range(accounts):
        suffers = number % 3 == 0
        leaves = dice.random() < (0.8 if suffers else 0.25)
        stops = dice.uniform(60, 400) if leaves else 0.0
        account = make.account(
            customer_since=day(700),
            segment=dice.choice(["Retail", "Wholesale"]),
            left_on=day(stops) if leaves else None,
        )
        age, orders = 700.0, []
        while age > stops:
            at = NOW - datetime.timedelta(days=age)
            orders.append(
                Order(account=account, ordered_at=at, recorded_at=at, amount=Decimal(90), external_id=make.number())
            )
            age -= dice.expovariate(1 / 25)
        Order.objects.bulk_create(orders)
        if suffers:
            at = NOW - datetime.timedelta(days=stops + dice.uniform(5, 60) if leaves else dice.uniform(100, 500))
            make.incident(account, kind, severity=1.0, happened_at=at, recorded_at=at, state=State.NEW)
    make.order(make.account("Clock"), ordered_at=NOW, recorded_at=NOW)


def day(age: float) -> datetime.date:
    return (NOW - datetime.timedelta(days=age)).date()


def test_a_candidate_is_stored_beside_the_active_model_and_scores_as_it_was_fitted() -> None:
    company()
    active = ensure_active_version()
    candidate = learn(tell=silently).version
    assert (candidate.origin, candidate.is_active, candidate.number) == (Origin.FIT, False, active.number + 1)
    assert ModelVersion.objects.get(is_active=True) == active
    assert candidate.learned is not None
    assert candidate.learned["leavers"] > 50
    assert candidate.learned["accounts"] == ACCOUNTS
    model = scoring_model(candidate)
    moment = monthly_origins(until=NOW, horizon_days=90.0, most=1)[0]
    panel = build_panel(origins=[moment], model=model)
    facts = read_facts(Scope.of_ids(panel.account_id.tolist()), moment, model.window_days)
    live, learned = score(build_inputs(facts, model), model.weights), score(panel.by_model(model).inputs, model.weights)
    assert live.risk == pytest.approx(learned.risk, abs=1e-12)
    assert np.ptp(live.risk) > 0.02


def test_what_was_said_already_is_not_stored_twice() -> None:
    company()
    first, second = learn(tell=silently), learn(tell=silently)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.version == second.version


def test_the_command_tells_its_steps_and_the_weights_with_their_evidence() -> None:
    company()
    out = io.StringIO()
    call_command("fit", stdout=out)
    told = out.getvalue()
    assert "reading" in told
    assert "account-months, in which" in told
    assert "stored as a candidate" in told
    assert "Falling order rhythm" in told
    assert "assumed" in told


def test_where_too_few_have_left_a_sentence_says_so_and_nothing_is_stored() -> None:
    company(accounts=40)
    before = ensure_active_version()
    with pytest.raises(CommandError, match="50 that left and 50 that stayed are needed"):
        call_command("fit")
    assert list(ModelVersion.objects.all()) == [before]


def test_a_company_without_a_past_is_told_that_its_history_is_too_short() -> None:
    Account.objects.all().delete()
    with pytest.raises(CommandError, match="history is too short"):
        call_command("fit")


def test_the_weekly_task_leaves_a_company_without_a_past_alone(caplog: pytest.LogCaptureFixture) -> None:
    Account.objects.all().delete()
    with caplog.at_level("INFO", logger="retention.tasks"):
        tasks.learn()
    assert "history is too short" in caplog.text
    assert not ModelVersion.objects.filter(origin=Origin.FIT).exists()


def fitted_version(days: dict[str, float], **said: Any) -> ModelVersion:
    """A candidate whose fit said this of the half-lives of shipping."""
    found = {"department": "shipping", "factor": 2.0, "low": 1.4, "high": 2.9, "gain": 3.4, "foresight": 1e-4} | said
    version = ensure_active_version()
    version.learned = {"half_lives": [found], "half_life_days": days}
    return version


def test_adopted_half_lives_change_the_catalogue_once_and_are_written_down() -> None:
    kind, other = make.friction_type(), make.friction_type("invoice_error", department=make.department("billing"))
    before, kept = kind.half_life_days, other.half_life_days
    version = fitted_version({kind.slug: before, other.slug: kept})
    told = adopt_half_lives(version, acting_person=None)
    kind.refresh_from_db()
    other.refresh_from_db()
    assert (kind.half_life_days, other.half_life_days) == (2.0 * before, kept)
    assert any(kind.name in sentence for sentence in told)
    entry = AuditEntry.objects.get(verb="half_life_learned", subject=kind.public_id)
    assert entry.details == {"half_life_days": [before, 2.0 * before], "gain": 3.4, "range": [1.4, 2.9]}
    assert "set after the fit and stay" in " ".join(adopt_half_lives(version, acting_person=None))
    kind.refresh_from_db()
    assert kind.half_life_days == 2.0 * before


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"low": 0.9}, "the catalogue's are within the range"),
        ({"high": None}, "no end of the range is in sight"),
        ({"foresight": -1e-4}, "later months are foreseen worse"),
        ({"foresight": None}, "there are too few later months"),
        ({"low": None, "high": None}, "the data do not tell"),
    ],
)
def test_half_lives_that_history_does_not_support_stay(said: dict[str, Any], why: str) -> None:
    kind = make.friction_type()
    assert adopt_half_lives(fitted_version({kind.slug: kind.half_life_days}, **said), acting_person=None) == [], why


def test_a_report_that_knew_no_intervals_changes_nothing() -> None:
    version = ensure_active_version()
    version.learned = {"half_lives": [{"department": "shipping", "factor": 2.0, "gain": 3.4}]}
    assert adopt_half_lives(version, acting_person=None) == []


@pytest.mark.django_db(transaction=True)
def test_one_fits_at_a_time() -> None:
    other = connections.create_connection("default")
    with transaction.atomic():
        other.cursor().execute("SELECT pg_advisory_lock(%s)", [LEARNING_LOCK])
        try:
            with pytest.raises(CommandError, match="Somebody else is fitting"):
                call_command("fit")
        finally:
            other.close()
