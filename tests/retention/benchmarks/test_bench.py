"""The benchmark measures what it says, on a company small enough for tests."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Order
from departments.models import Incident, Responsibility, State
from retention.benchmarks import measures
from retention.benchmarks.company import ensure_company
from retention.benchmarks.desks import SIZES
from retention.benchmarks.importing import MARKER
from retention.models import Score
from retention.scoring.writing import SCORES
from tests import make


@pytest.fixture
def friction_types(transactional_db: None) -> None:
    make.friction_type()


@pytest.mark.django_db(transaction=True)
def test_it_scores_every_account_of_a_company_that_looks_real(friction_types: None) -> None:
    output = io.StringIO()
    call_command("bench", scale="0.0003", seconds=1.0, workers=2, repeats=1, stdout=output)
    assert Account.objects.count() == Score.objects.count() == 300
    assert 1000 < Order.objects.count() < 9000
    assert Responsibility.objects.count() >= Incident.objects.count() > 1000
    assert "× (scan + write)" in output.getvalue()
    assert "A day later" in output.getvalue()
    assert not Score.objects.filter(as_of__gt=timezone.now()).exists()
    assert "200 changes in 1 s" in output.getvalue()
    assert "none lost" in output.getvalue()
    assert "Import of 600 orders" in output.getvalue()
    assert not Order.objects.filter(external_id__startswith=MARKER).exists()
    assert "Scorecard" in output.getvalue()
    assert "Triage, 5,000 open" in output.getvalue()
    for size in SIZES:
        held = Incident.objects.open().filter(department__slug=f"bench_{size}")
        assert held.count() == size
        assert {State.NEW, State.IN_WORK, State.DISPUTED} == set(held.values_list("state", flat=True))
        parts = Responsibility.objects.filter(department__slug=f"bench_{size}", share__lt=1, is_provisional=True)
        assert parts.count() == size // 10


@pytest.mark.django_db(transaction=True)
def test_scoring_one_by_one_scores_and_leaves_the_scores_as_they_were(friction_types: None) -> None:
    ensure_company(100)
    measures.rescore_everything()
    before = list(Score.objects.order_by("pk").values())
    with CaptureQueriesContext(connection) as queries:
        measures.rescore_one_by_one(5)
    assert sum(f"EXECUTE {SCORES.planned.known_as} " in query["sql"] for query in queries) == 5
    assert list(Score.objects.order_by("pk").values()) == before


@pytest.mark.django_db(transaction=True)
def test_a_company_of_the_wanted_size_is_kept(friction_types: None) -> None:
    assert ensure_company(100) is True
    assert ensure_company(100) is False
    assert ensure_company(120) is True


@pytest.mark.django_db(transaction=True)
def test_it_refuses_a_database_with_real_accounts() -> None:
    make.account()
    with pytest.raises(CommandError, match="real accounts"):
        call_command("bench", scale="0.0003", stdout=io.StringIO())
    assert Account.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scale", ["much", "0", "99"])
def test_a_wrong_scale_is_a_sentence(scale: str) -> None:
    with pytest.raises(CommandError, match="BENCH_SCALE"):
        call_command("bench", scale=scale, stdout=io.StringIO())
