"""Scores and ledgers through the API."""

import pytest

from accounts.models import Account
from departments.models import Role
from retention.models import Score
from retention.scoring.rescoring import drain_changes
from retention.scoring.versions import ensure_active_version
from tests import make
from tests.retention.api.calls import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    """A scored account with orders and two open incidents."""
    account = make.account()
    for days in (20, 50, 80, 110):
        make.order(account, ordered_at=make.ago(days=days), recorded_at=make.ago(days=days))
    for _ in range(2):
        make.incident(account)
    ensure_active_version()
    drain_changes()
    return account


def test_a_score_says_what_it_is(account: Account) -> None:
    shown = Caller(make.manager_of(account)).get(f"/scores/{account.public_id}").json()
    assert shown["account"] == {"id": str(account.public_id), "name": account.name}
    assert shown["risk"] == Score.objects.get().risk
    assert shown["is_probability"] is False
    assert shown["band"] in {"low", "watch", "at_risk", "critical"}


def test_scores_are_found_by_band(account: Account) -> None:
    program = Caller(make.person(Role.EXECUTIVE))
    band = program.get(f"/scores/{account.public_id}").json()["band"]
    assert len(program.get("/scores", band=band).json()["results"]) == 1
    assert len(program.get("/accounts", band=band).json()["results"]) == 1
    other = "critical" if band == "low" else "low"
    assert program.get("/scores", band=other).json()["results"] == []
    assert program.get("/scores", band="medium").status_code == 400


def test_a_ledger_sums_to_the_risk(account: Account) -> None:
    ledger = Caller(make.manager_of(account)).get(f"/scores/{account.public_id}/ledger").json()
    assert sum(line["points"] for line in ledger["lines"]) == pytest.approx(ledger["risk"], abs=1e-9)
    shipping = next(line for line in ledger["lines"] if line["department"] == "shipping")
    assert sum(incident["points"] for incident in ledger["incidents"]) == pytest.approx(shipping["points"], abs=1e-9)
    assert shipping["points"] > 0


def test_a_ledger_stays_with_those_who_keep_the_book(account: Account) -> None:
    ledger = f"/scores/{account.public_id}/ledger"
    assert Caller(make.head(make.department())).get(ledger).status_code == 403
    assert Caller(make.person()).get(ledger).status_code == 404


def test_what_if_rescores_without_incidents(account: Account) -> None:
    program = Caller(make.manager_of(account))
    ledger = program.get(f"/scores/{account.public_id}/ledger").json()
    without = [incident["id"] for incident in ledger["incidents"]]
    what_if = program.post(f"/scores/{account.public_id}/what-if", {"without": without}).json()
    assert what_if["before"] == pytest.approx(ledger["risk"])
    assert what_if["after"] < what_if["before"]
    assert what_if["money_kept"] == pytest.approx((what_if["before"] - what_if["after"]) * ledger["annual_revenue"])
    assert Score.objects.get().risk == pytest.approx(ledger["risk"])
    assert program.post(f"/scores/{account.public_id}/what-if", {"without": ["x"]}).status_code == 400


def test_an_account_without_a_score_shows_none() -> None:
    account = make.account()
    program = Caller(make.manager_of(account))
    assert program.get(f"/accounts/{account.public_id}").json()["score"] is None
    assert program.get(f"/scores/{account.public_id}").status_code == 404
