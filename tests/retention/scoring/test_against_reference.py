"""Whatever the path, a score is what the slow obvious reference says it is."""

from __future__ import annotations

import datetime
import random
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from accounts.models import Account, Order
from departments.models import Department, FrictionType, Incident, Responsibility, Role, State
from retention.models import ModelVersion, Origin, Score
from retention.scoring.engine import CONTRACT_LEVEL, Evidence, ScoringModel, Weights, segment_terms, standard_terms
from retention.scoring.features import Scope, build_inputs, read_facts
from retention.scoring.rescoring import rescore_accounts, rescore_range
from retention.scoring.rhythm import BgNbd, ContractBase, Rhythm, expert_coefficients
from retention.scoring.versions import ensure_active_version, scoring_model, stored_model
from retention.versions.actions import activate
from tests import make
from tests.retention.scoring import random_company
from tests.retention.scoring.random_company import NOW
from tests.retention.scoring.reference import expected_score

pytestmark = pytest.mark.django_db

SEEDS = [1, 2, 3]


def assert_scored_as_by_reference(accounts: list[Account], version: ModelVersion, moment: datetime.datetime) -> None:
    for account in accounts:
        stored, expected = Score.objects.get(account=account), expected_score(account, moment, version)
        assert stored.log_odds == pytest.approx(expected.log_odds, abs=1e-9)
        assert stored.risk == pytest.approx(expected.risk, abs=1e-9)
        assert stored.baseline == pytest.approx(expected.baseline, abs=1e-9)
        assert stored.points == pytest.approx(expected.points, abs=1e-8)


def in_range(accounts: list[Account], moment: datetime.datetime, version: ModelVersion) -> None:
    rescore_range(first=accounts[0].pk, last=accounts[-1].pk, as_of=moment, version=version)


def known_by(accounts: list[Account], moment: datetime.datetime) -> list[Account]:
    return [one for one in accounts if one.customer_since is None or one.customer_since <= moment.date()]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_scoring_equals_the_reference(seed: int) -> None:
    accounts = random_company.build(seed, accounts=25)
    version = ensure_active_version()
    in_range(accounts, NOW, version)
    assert_scored_as_by_reference(accounts, version, NOW)


def a_learned_version(seed: int) -> ModelVersion:
    """A model in which everything that can be learned was learned, and nothing is as experts have it."""
    dice = np.random.default_rng(seed)
    departments = dict(Department.objects.values_list("slug", "name"))
    base, *rest = standard_terms(departments)
    segments = [term for name in SEGMENTS for term in segment_terms(name)]
    terms = (base, CONTRACT_LEVEL, *segments, *rest)
    mean = np.abs(dice.normal(0.5, 0.5, len(terms)))
    weights = replace(Weights.from_experts(terms), mean=mean, evidence=(Evidence.SUPPORTED,) * len(terms))
    names = expert_coefficients()
    rhythm = Rhythm(BgNbd(0.6, 41.0, 0.35, 4.0), dict(zip(names, dice.normal(0.0, 0.3, len(names)), strict=True)), 61.0)
    contract = ContractBase(-2.9, -0.2, 1.1, 0.4)
    model = ScoringModel(weights, rhythm, contract, horizon_days=60.0, window_days=150.0)
    in_force = ensure_active_version().number
    version = ModelVersion.objects.create(
        number=in_force + 1, origin=Origin.FIT, horizon_days=60, window_days=150, **stored_model(model, 25)
    )
    activate(version=version, instead_of=in_force, acting_person=make.person(Role.ADMINISTRATOR))
    return ensure_active_version()


SEGMENTS = ("Retail", "Public sector")


@pytest.mark.parametrize("seed", SEEDS)
def test_under_a_learned_model_and_learned_half_lives_every_path_equals_the_reference(seed: int) -> None:
    accounts = random_company.build(seed, accounts=25)
    for number, account in enumerate(accounts):
        account.segment = ("", *SEGMENTS)[number % 3]
        account.save(update_fields=["segment"])
    version = a_learned_version(seed)
    for kind in FrictionType.objects.order_by("pk"):
        FrictionType.objects.filter(pk=kind.pk).update(half_life_days=kind.half_life_days * 2.7)
    in_range(accounts, NOW, version)
    assert_scored_as_by_reference(accounts, version, NOW)
    changed = change_at_random(accounts, random.Random(seed))
    rescore_accounts(account_ids=changed, as_of=NOW, version=version)
    assert_scored_as_by_reference(accounts, version, NOW)
    past = NOW - datetime.timedelta(days=200)
    Score.objects.all().delete()
    in_range(accounts, past, version)
    assert_scored_as_by_reference(known_by(accounts, past), version, past)


@pytest.mark.parametrize("days", [30, 200, 420])
def test_a_scoring_as_of_the_past_equals_the_reference(days: int) -> None:
    accounts = random_company.build(7, accounts=25)
    version, moment = ensure_active_version(), NOW - datetime.timedelta(days=days)
    in_range(accounts, moment, version)
    assert_scored_as_by_reference(known_by(accounts, moment), version, moment)


def test_points_of_open_incidents_equal_the_reference() -> None:
    accounts = random_company.build(4, accounts=15)
    version = ensure_active_version()
    rescore_accounts(account_ids=[account.pk for account in accounts], as_of=NOW, version=version)
    stored = dict(Incident.objects.open().values_list("pk", "points"))
    expected: dict[int, float] = {}
    for account in accounts:
        expected |= expected_score(account, NOW, version).points_of_incidents
    # Differences below a hundredth of a point are not worth a write.
    assert stored == pytest.approx({pk: expected.get(pk, 0.0) for pk in stored}, abs=1e-4)
    assert sum(points > 0.01 for points in stored.values()) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_changed_accounts_scored_alone_equal_a_full_scoring(seed: int) -> None:
    accounts = random_company.build(seed, accounts=20)
    version = ensure_active_version()
    in_range(accounts, NOW, version)
    changed = change_at_random(accounts, random.Random(seed))
    rescore_accounts(account_ids=changed, as_of=NOW, version=version)
    alone = dict(Score.objects.values_list("account_id", "risk"))
    in_range(accounts, NOW, version)
    # Sums may be taken in another order, which rounds differently.
    assert dict(Score.objects.values_list("account_id", "risk")) == pytest.approx(alone, abs=1e-12)
    assert_scored_as_by_reference(accounts, version, NOW)


def change_at_random(accounts: list[Account], dice: random.Random) -> list[int]:
    """Resolve, reopen, worsen, reassign, move and delete; return the accounts that this concerns."""
    shipping, legal = Department.objects.get(slug="shipping"), Department.objects.get(slug="legal")
    touched: set[int] = set()
    for incident in Incident.objects.select_related("account"):
        touched.add(incident.account_id)
        match dice.choice(["resolve", "reopen", "worsen", "reassign", "move", "delete", "nothing"]):
            case "resolve":
                Incident.objects.filter(pk=incident.pk).update(
                    state=State.RESOLVED, resolved_at=max(NOW, incident.happened_at)
                )
            case "reopen":
                Incident.objects.filter(pk=incident.pk).update(state=State.IN_WORK, resolved_at=None)
            case "worsen":
                Incident.objects.filter(pk=incident.pk).update(severity=1.0)
            case "reassign":
                Responsibility.objects.filter(incident=incident).delete()
                make.responsibilities(incident, {shipping: 0.25, legal: 0.75})
            case "move":
                other = dice.choice(accounts)
                touched.add(other.pk)
                Incident.objects.filter(pk=incident.pk).update(account=other)
            case "delete":
                Incident.objects.filter(pk=incident.pk).delete()
    for order in Order.objects.all()[::7]:
        touched.add(order.account_id)
        order.delete()
    return sorted(touched)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_recorded_later_changes_the_features_of_a_moment(seed: int) -> None:
    accounts = random_company.build(seed, accounts=10)
    model = scoring_model(ensure_active_version())
    moment = NOW - datetime.timedelta(days=60)
    before = features(accounts, moment, model.window_days)
    add_what_is_learned_after(moment, accounts)
    # To rounding: sums are taken in another order once rows have moved.
    after = features(accounts, moment, model.window_days)
    assert after == pytest.approx(before, abs=1e-12)


def features(accounts: list[Account], moment: datetime.datetime, window_days: float) -> npt.NDArray[np.float64]:
    model = scoring_model(ensure_active_version())
    facts = read_facts(Scope.between(accounts[0].pk, accounts[-1].pk), moment, window_days)
    inputs = build_inputs(facts, model)
    arrays = [inputs.rhythm_before, inputs.contract, inputs.exposure, inputs.rhythm_since, *inputs.care.values()]
    return np.column_stack([*arrays, inputs.loads])


def add_what_is_learned_after(moment: datetime.datetime, accounts: list[Account]) -> None:
    later = moment + datetime.timedelta(seconds=1)
    happened = moment - datetime.timedelta(days=3)
    for account in accounts:
        make.order(account, ordered_at=happened, recorded_at=later)
        make.incident(account, happened_at=happened, recorded_at=later, severity=1.0)
        make.touchpoint(account, make.person(), happened_at=happened, recorded_at=later)
        make.holding(account, make.product(), held_from=happened.date(), recorded_at=later)
    for incident in Incident.objects.filter(resolved_at=None, happened_at__lte=moment):
        Incident.objects.filter(pk=incident.pk).update(state=State.RESOLVED, resolved_at=later)


def test_a_type_that_weighs_more_raises_what_its_incidents_load() -> None:
    account, kind = make.account(), make.friction_type()
    make.incident(account, kind, severity=0.5)
    light = read_facts(Scope.of_ids([account.pk]), make.ago(days=0), 180).loads.sum()
    FrictionType.objects.filter(pk=kind.pk).update(weight=kind.weight * 3)
    heavy = read_facts(Scope.of_ids([account.pk]), make.ago(days=0), 180).loads.sum()
    assert heavy == pytest.approx(3 * light)
