"""A smaller demo company in a real database: everything is there, and its ledger is held against the truth.

The weights are the experts' priors here, nearly the same for every department. So nothing is asked of how large each
department's share is, only of what must be right before weights can be fitted: that each department's friction at
each customer is what it was, that risk follows the truth in order, and that symptoms and leaving are seen.
"""

import datetime
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from scipy.special import logit
from scipy.stats import spearmanr

from accounts.models import Account, Order, Signal, SignalChange, Touchpoint
from accounts.signals import KINDS
from departments.models import Department, Dispute, HandOff, Incident, IncidentEvent, Person, Role, State
from departments.records import breaches
from retention.dashboards.unreported import Said, signs_of, unreported
from retention.demo.files import OWNS_UP
from retention.demo.formula import CARE, DEPARTMENTS, EFFECTS, WITHOUT_EFFECT
from retention.demo.loading import PASSWORD
from retention.demo.past import past_days, score_day
from retention.demo.silence import UNSAID
from retention.models import Budget, Score, ScoreHistory, Trend
from retention.scoring.engine import Evidence, score
from retention.scoring.learning import learn
from retention.scoring.panel import build_panel, monthly_origins, observed_until
from retention.scoring.rescoring import rescore_range
from retention.scoring.runs import account_ranges
from retention.scoring.versions import ensure_active_version, scoring_model
from tests import make

pytestmark = pytest.mark.django_db

ACCOUNTS = 220
Floats = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def loaded(folder: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Load once for all tests of this module, and take everything back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        told = load(folder)
        version = ensure_active_version()
        for first, last in account_ranges():
            rescore_range(first=first, last=last, as_of=timezone.now(), version=version)
        yield told
        transaction.set_rollback(True)


def load(folder: Path, **options: Any) -> str:
    out = io.StringIO()
    call_command("demo_load", **{"accounts": ACCOUNTS, "folder": folder, "stdout": out, **options})
    return out.getvalue()


@pytest.fixture(scope="module")
def truth(loaded: str, folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "truth.json").read_text(encoding="utf-8")))


def test_everything_came_in(loaded: str) -> None:
    assert Account.objects.count() == ACCOUNTS
    assert set(Signal.objects.values_list("kind", flat=True)) == set(KINDS)
    assert Order.objects.filter(delivered_on=None).exists()
    assert Touchpoint.objects.exclude(order_taken=None).exists()
    assert not SignalChange.objects.exists()


def test_people_of_every_role_sign_in(loaded: str) -> None:
    out = io.StringIO()
    call_command("demo_logins", stdout=out)
    for role in (role for role in Role if role != Role.INTEGRATION):
        person = Person.objects.filter(role=role).order_by("department__position", "email")[0]
        assert person.email in out.getvalue()
        assert authenticate(username=person.email, password=PASSWORD) == person
    assert PASSWORD in out.getvalue()


def test_every_department_has_incidents_and_budgets(loaded: str) -> None:
    assert set(Incident.objects.values_list("department__slug", flat=True)) == set(DEPARTMENTS)
    assert set(Budget.objects.values_list("department__slug", flat=True)) == set(DEPARTMENTS)


def test_the_shipped_rules_find_friction_in_every_kind_of_signal(loaded: str) -> None:
    found = Incident.objects.exclude(rule=None).values_list("rule__signal_kind", flat=True)
    assert set(found) == set(KINDS)


def test_most_incidents_are_resolved_with_their_cause_and_some_are_in_every_other_state(loaded: str) -> None:
    resolved = Incident.objects.filter(state=State.RESOLVED)
    assert resolved.count() > 0.9 * Incident.objects.count()
    assert resolved.filter(cause=None).count() == 0
    assert set(Incident.objects.values_list("state", flat=True)) >= {State.NEW, State.IN_WORK, State.RESOLVED}
    assert Incident.objects.due_before(timezone.now()).exists()


def test_incidents_were_known_when_their_signals_were(loaded: str) -> None:
    for incident in Incident.objects.exclude(signal=None).select_related("signal")[:200]:
        assert incident.signal is not None
        assert incident.recorded_at == incident.signal.recorded_at


def test_nothing_lies_ahead(loaded: str) -> None:
    now = timezone.now()
    for rows, field in (
        (Order.objects.all(), "ordered_at"),
        (Signal.objects.all(), "recorded_at"),
        (Incident.objects.exclude(resolved_at=None), "resolved_at"),
        (IncidentEvent.objects.all(), "at"),
        (Touchpoint.objects.all(), "happened_at"),
    ):
        assert not rows.filter(**{f"{field}__gt": now}).exists()


def test_hand_offs_go_both_ways_between_departments(loaded: str) -> None:
    answers = set(HandOff.objects.values_list("answer", flat=True))
    assert answers >= {"accepted", "returned"}
    pairs = set(HandOff.objects.values_list("from_department__slug", "to_department__slug"))
    assert any((giver, taker) in pairs for taker, giver in pairs)


def test_people_reported_what_systems_do_not_see(loaded: str) -> None:
    reported = Incident.objects.exclude(reporter=None)
    assert reported.exists()
    assert set(reported.values_list("reporter__role", flat=True)) == {Role.ACCOUNT_MANAGER, Role.DEPARTMENT_MEMBER}
    itself = reported.filter(reporting_department=F("friction_type__department"))
    assert set(itself.values_list("friction_type__department__slug", flat=True)) <= OWNS_UP.keys()
    assert 0 < itself.count() < 0.5 * reported.count()


def test_some_disputes_are_open_and_some_are_settled(loaded: str) -> None:
    assert Dispute.objects.open().exists()
    assert Dispute.objects.filter(end="taken").exists()
    assert breaches() == []


def test_a_year_of_scores_was_computed_from_what_was_known(loaded: str) -> None:
    days = past_days(timezone.now().date())
    assert set(Trend.objects.values_list("day", flat=True)) >= set(days)
    assert ScoreHistory.objects.filter(as_of__date=days[0]).exists()
    assert not ScoreHistory.objects.filter(as_of__lt=make.ago(days=400)).exists()


def test_scoring_a_past_day_again_gives_the_same(loaded: str) -> None:
    day = past_days(timezone.now().date())[0]
    before = dict(ScoreHistory.objects.filter(as_of__date=day).values_list("account_id", "risk"))
    with transaction.atomic():
        Score.objects.all().delete()
        score_day(day)
        again = dict(ScoreHistory.objects.filter(as_of__date=day).values_list("account_id", "risk"))
        transaction.set_rollback(True)
    assert again == pytest.approx(before)


def test_who_left_is_frozen(loaded: str) -> None:
    today = timezone.now().date()
    gone = Account.objects.filter(left_on__lte=today, left_on__gt=past_days(today)[0] + datetime.timedelta(days=1))
    assert gone.exists()
    for account in gone.select_related("score"):
        assert account.score.is_frozen
        assert account.left_on is not None
        assert account.score.as_of.date() < account.left_on
    assert not Score.objects.filter(is_frozen=True, account__left_on=None).exists()


def test_some_departments_leave_things_unsaid_and_it_is_found(loaded: str) -> None:
    # Nothing of this transaction was counted for the planner yet, which would read everything for each signal.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_signal, departments_incident, departments_responsibility")
    two_years = make.ago(days=730)
    for slug in UNSAID:
        marks = signs_of(Department.objects.get(slug=slug), two_years, Said.SURVEY)
        assert unreported(marks).exists()
    operations, warranty = (Department.objects.get(slug=slug) for slug in ("operations", "warranty"))
    given_back = signs_of(operations, two_years, Said.CREDIT)
    assert unreported(given_back).count() > 0.5 * given_back.count() > 0
    assert not unreported(signs_of(warranty, two_years, Said.CLAIM)).exists()


def test_loading_again_does_nothing_and_says_so(loaded: str, folder: Path) -> None:
    orders = Order.objects.count()
    assert "was loaded on" in load(folder)
    assert Order.objects.count() == orders


def test_a_reset_takes_the_old_company_out_and_brings_a_new_one(loaded: str, tmp_path: Path) -> None:
    with transaction.atomic():
        load(tmp_path, reset=True, accounts=30)
        assert Account.objects.count() == 30
        assert "was loaded on" in load(tmp_path)
        transaction.set_rollback(True)


def test_it_leaves_other_companies_alone(loaded: str, folder: Path) -> None:
    with transaction.atomic():
        make.account("Somebody real")
        with pytest.raises(CommandError, match="a database of its own"):
            load(folder, reset=True)
        transaction.set_rollback(True)


class Ledger:
    """Scores of today beside the truth, for customers who have not decided to go."""

    def __init__(self, truth: dict[str, Any]) -> None:
        reasons = {one["account"]: one["reasons"] for one in truth["accounts"] if "decided_on" not in one}
        scores = Score.objects.filter(is_frozen=False, account__external_id__in=reasons).select_related("account")
        self.scores = list(scores.order_by("account"))
        self.reasons = [reasons[score.account.external_id] for score in self.scores]
        self.terms = [term["key"] for term in ensure_active_version().terms]
        self.weights = ensure_active_version().weights["mean"]

    def friction(self, slug: str) -> Floats:
        """Return log1p(friction per order) as scored: the department's log-odds, less its weight. Shape (n,)."""
        place = self.terms.index(f"department:{slug}")
        odds = np.array([self._log_odds(score, place) for score in self.scores])
        return np.asarray(odds / self.weights[place], dtype=np.float64)

    def _log_odds(self, score: Score, place: int) -> float:
        moved = score.risk - score.baseline
        return (
            float(score.points[place] / moved * (score.log_odds - logit(score.baseline))) if abs(moved) > 1e-9 else 0.0
        )

    def true_friction(self, slug: str) -> Floats:
        """Return the same as it truly is. Shape (n,)."""
        return np.array([one["departments"].get(slug, 0.0) for one in self.reasons]) / EFFECTS[slug]

    def true_log_odds(self) -> Floats:
        return np.array(
            [one["baseline"] + sum(one["departments"].values()) + sum(one["care"].values()) for one in self.reasons]
        )


@pytest.mark.parametrize("slug", [slug for slug, effect in EFFECTS.items() if effect > 0])
def test_each_departments_friction_is_scored_as_it_was(slug: str, truth: dict[str, Any]) -> None:
    ledger = Ledger(truth)
    scored, true = ledger.friction(slug), ledger.true_friction(slug)
    # Less than 1 for what nobody ever handed to its true cause, and for what two departments share.
    assert np.corrcoef(scored, true)[0, 1] > 0.7
    assert scored.sum() == pytest.approx(true.sum(), rel=0.35)


def test_risk_follows_the_truth_in_order(truth: dict[str, Any]) -> None:
    ledger = Ledger(truth)
    assert spearmanr([score.risk for score in ledger.scores], ledger.true_log_odds()).statistic > 0.35


def test_priors_do_not_know_yet_who_is_blameless(truth: dict[str, Any]) -> None:
    """A prior is an assumption, and shown as one; it charges departments that truly have no effect, though not most."""
    ledger = Ledger(truth)
    points = np.array([score.points for score in ledger.scores]).sum(axis=0)
    friction = {slug: points[ledger.terms.index(f"department:{slug}")] for slug in DEPARTMENTS}
    wrongly = sum(friction[slug] for slug in WITHOUT_EFFECT) / sum(friction.values())
    assert 0.02 < wrongly < 0.4
    assert truth["formula"]["without_effect"] == list(WITHOUT_EFFECT)
    assert truth["formula"]["care"] == dict(CARE)


def test_what_is_learned_from_the_books_is_calibrated_where_the_experts_are_not(loaded: str) -> None:
    told: list[str] = []
    candidate = learn(tell=told.append).version
    assert len(told) == 2
    assert not candidate.is_active
    experts, learned = scoring_model(ensure_active_version()), scoring_model(candidate)
    origins = monthly_origins(until=observed_until(), horizon_days=90.0, most=12)
    panel = build_panel(origins=origins, model=experts)
    said = score(panel.by_model(learned).inputs, learned.weights).risk
    believed = score(panel.inputs, experts.weights).risk
    assert said.mean() == pytest.approx(panel.left.mean(), rel=0.15)
    assert believed.mean() > 1.3 * panel.left.mean()
    # Too few have left of so small a company to support or clear anybody.
    assert set(learned.weights.evidence) == {Evidence.ASSUMED}


def test_risk_had_risen_before_customers_left(truth: dict[str, Any]) -> None:
    """At the last month end before it left, a leaver stood well above those who are still here."""
    first = past_days(timezone.now().date())[0]
    leavers: list[float] = []
    others: list[float] = []
    for account in Account.objects.filter(left_on__gt=first + datetime.timedelta(days=31)):
        before = account.score_history.filter(as_of__date__lt=account.left_on).order_by("-as_of").first()
        if before is not None:
            leavers.append(before.risk)
            still = ScoreHistory.objects.filter(as_of=before.as_of, account__left_on=None)
            others += still.values_list("risk", flat=True)
    assert len(leavers) >= 10
    assert np.mean(leavers) > 1.25 * np.mean(others)
