"""Putting a model in force: one wins, every account is scored by it, and back again."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.errors import Conflict, NotAllowed
from accounts.models import Account, AuditEntry
from departments.models import Person, Role
from retention.models import ModelVersion, Origin, Score, ScoreHistory, ScoringRun
from retention.scoring import boosting, runs
from retention.scoring.rescoring import drain_changes, rescore_accounts
from retention.scoring.versions import ensure_active_version, renew_prior_version
from retention.versions.actions import activate, activate_by_rule
from retention.versions.preview import preview
from retention.versions.weekly import hold_against_the_past
from tests import make
from tests.retention.scoring.test_histories import wholesaler
from tests.together import together


def company() -> ModelVersion:
    """Three accounts with friction, scored by the experts' model."""
    make.organisation()
    kind = make.friction_type("late_shipment")
    for days in (3, 30, 60):
        account = make.account()
        make.order(account, ordered_at=make.ago(days=200))
        make.incident(account, kind, happened_at=make.ago(days=days))
    version = ensure_active_version()
    rescore_accounts(account_ids=Account.objects.values_list("pk", flat=True), version=version)
    return version


def candidate(of: ModelVersion, *, times: float = 3.0, **fields: Any) -> ModelVersion:
    """Another version, whose weights are so many times as large."""
    made = ModelVersion.objects.get(pk=of.pk)
    made.pk, made.public_id, made.is_active, made.activated_at = None, uuid.uuid4(), False, None
    made.number, made.origin = ModelVersion.objects.count() + 1, Origin.FIT
    made.weights = of.weights | {"mean": [times * mean for mean in of.weights["mean"]]}
    for name, value in fields.items():
        setattr(made, name, value)
    made.save(force_insert=True)
    return made


def administrator() -> Person:
    return make.person(Role.ADMINISTRATOR)


def work_off(ranges: list[int]) -> None:
    for range_id in ranges:
        runs.score_range(range_id)


@pytest.mark.django_db
def test_every_account_is_scored_by_the_model_that_was_put_in_force() -> None:
    first = company()
    before = dict(Score.objects.values_list("account", "risk"))
    second, person = candidate(first), administrator()
    done = activate(version=second, instead_of=1, acting_person=person)
    work_off(done.ranges)
    assert set(Score.objects.values_list("model", flat=True)) == {second.pk}
    assert all(score.risk != before[score.account_id] for score in Score.objects.all())
    assert ModelVersion.objects.get(is_active=True).activated_by == person
    entry = AuditEntry.objects.get(verb="model.activated")
    assert (entry.person_id, entry.details) == (person.pk, {"model": 2, "instead_of": 1})


@pytest.mark.django_db
def test_going_back_gives_the_scores_of_before_and_history_keeps_which_model_it_was() -> None:
    first = company()
    before = dict(Score.objects.values_list("account", "risk"))
    second, person = candidate(first), administrator()
    work_off(activate(version=second, instead_of=1, acting_person=person).ranges)
    work_off(activate(version=first, instead_of=2, acting_person=person).ranges)
    assert dict(Score.objects.values_list("account", "risk")) == pytest.approx(before, abs=1e-4)
    kept = ScoreHistory.objects.filter(account=next(iter(before))).order_by("as_of").values_list("model", flat=True)
    assert list(kept) == [first.pk, second.pk, first.pk]


@pytest.mark.django_db
def test_a_run_under_way_is_begun_anew() -> None:
    first = company()
    old = runs.start_run(timezone.now() - datetime.timedelta(minutes=5))
    work_off(old)
    runs.start_run(timezone.now() - datetime.timedelta(minutes=1))
    done = activate(version=candidate(first), instead_of=1, acting_person=administrator())
    run = ScoringRun.objects.get(finished_at=None)
    assert run.model_id == done.version.pk
    assert list(run.ranges.values_list("pk", flat=True)) == done.ranges


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_one_wins_and_the_other_is_told_who_did() -> None:
    first = company()
    people = [make.person(Role.ADMINISTRATOR, name=name) for name in ("Ada Wells", "Ben Cole")]
    choices = [candidate(first), candidate(first, times=0.5)]
    found = together(
        *(
            lambda version=version, person=person: activate(version=version, instead_of=1, acting_person=person)
            for version, person in zip(choices, people, strict=True)
        )
    )
    refused = [one for one in found if isinstance(one, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], Conflict)
    winner = ModelVersion.objects.get(is_active=True)
    assert str(refused[0]).startswith(f"{winner.activated_by} put model {winner.number} in force meanwhile.")
    assert AuditEntry.objects.filter(verb="model.activated").count() == 1


@pytest.mark.django_db
def test_what_was_seen_against_another_model_is_not_put_in_force() -> None:
    first, person = company(), administrator()
    second, third = candidate(first), candidate(first)
    activate(version=second, instead_of=1, acting_person=person)
    with pytest.raises(Conflict, match="held against model 1: look again"):
        activate(version=third, instead_of=1, acting_person=person)
    with pytest.raises(Conflict, match="Model 2 is in force already"):
        activate(version=second, instead_of=2, acting_person=person)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_put_a_model_in_force(role: Role) -> None:
    first = company()
    person = make.person(role, make.department())
    with pytest.raises(NotAllowed):
        activate(version=candidate(first), instead_of=1, acting_person=person)
    assert ModelVersion.objects.get(is_active=True) == first


@pytest.mark.django_db
def test_who_still_believes_in_the_old_model_scores_by_the_new_one() -> None:
    first = company()
    second = candidate(first)
    activate(version=second, instead_of=1, acting_person=administrator())
    rescore_accounts(account_ids=Account.objects.values_list("pk", flat=True), version=first)
    assert set(Score.objects.values_list("model", flat=True)) == {second.pk}


@pytest.mark.django_db
def test_a_drain_that_remembers_the_old_model_scores_by_the_new_one() -> None:
    first = company()
    drain_changes()
    make.account()
    assert drain_changes()
    second = candidate(first)
    activate(version=second, instead_of=1, acting_person=administrator())
    account = make.account()
    assert drain_changes()
    assert Score.objects.get(account=account).model_id == second.pk


@pytest.mark.django_db(transaction=True)
def test_a_model_is_replaced_only_after_those_who_score_by_it_are_done() -> None:
    first = company()
    second, person = candidate(first), administrator()
    seen: list[int] = []

    def score_slowly() -> None:
        with transaction.atomic():
            rescore_accounts(account_ids=Account.objects.values_list("pk", flat=True), version=first)
            seen.extend(Score.objects.values_list("model__number", flat=True)[:1])

    def replace_it() -> None:
        work_off(activate(version=second, instead_of=1, acting_person=person).ranges)

    together(score_slowly, replace_it)
    assert seen
    assert set(Score.objects.values_list("model", flat=True)) == {second.pk}


@pytest.mark.django_db
def test_a_model_of_priors_that_a_person_chose_is_not_renewed_over_night() -> None:
    first, person = company(), administrator()
    ModelVersion.objects.filter(pk=first.pk).update(created_at=make.ago(days=200))
    activate(version=candidate(first), instead_of=1, acting_person=person)
    activate(version=first, instead_of=2, acting_person=person)
    assert renew_prior_version().pk == first.pk
    ModelVersion.objects.filter(pk=first.pk).update(activated_at=make.ago(days=40))
    assert renew_prior_version().origin == Origin.PRIOR
    drain_changes()


def backtested(held_against: int, *, may_replace: bool) -> dict[str, Any]:
    return {"against_active": {"version": held_against, "may_replace": may_replace, "why": "Because it is so."}}


@pytest.mark.django_db
def test_by_rule_a_better_model_is_put_in_force_where_the_settings_allow_it(settings: Settings) -> None:
    first = company()
    better = candidate(first, backtest=backtested(1, may_replace=True))
    settings.ACTIVATES_BETTER_MODELS = False
    assert activate_by_rule(version=better) is None
    settings.ACTIVATES_BETTER_MODELS = True
    assert activate_by_rule(version=better) is not None
    entry = AuditEntry.objects.get(verb="model.activated")
    assert (entry.person_id, entry.details["why"]) == (None, "Because it is so.")


@pytest.mark.django_db
def test_by_rule_nothing_happens_without_proof_or_against_another_model(settings: Settings) -> None:
    settings.ACTIVATES_BETTER_MODELS = True
    first = company()
    for backtest in (None, backtested(1, may_replace=False), backtested(7, may_replace=True)):
        assert activate_by_rule(version=candidate(first, backtest=backtest)) is None
    assert ModelVersion.objects.get(is_active=True) == first


@pytest.mark.django_db
def test_the_preview_says_what_the_run_then_does() -> None:
    first = company()
    second, person = candidate(first), administrator()
    seen = preview(first, second, moment=timezone.now(), person=person)
    work_off(activate(version=second, instead_of=1, acting_person=person).ranges)
    scored = {score.account_id: score.risk for score in Score.objects.all()}
    assert seen.accounts == seen.staying == len(scored)
    assert {move.account.pk: move.after for move in seen.moves} == pytest.approx(scored, abs=1e-3)
    assert seen.money_after == pytest.approx(sum(score.revenue_at_risk for score in Score.objects.all()), rel=1e-3)
    assert sum(row.accounts for row in seen.bands) == len(scored)
    moved = sum(cell.accounts for row in seen.bands for cell in row.cells if not cell.stays)
    assert moved == seen.moved == sum(move.changes_band for move in seen.moves)


@pytest.mark.django_db
def test_the_preview_names_the_terms_that_make_the_difference() -> None:
    first = company()
    place = [term["key"] for term in first.terms].index("department:shipping")
    means = list(first.weights["mean"])
    means[place] = 0.0
    second = candidate(first, weights=first.weights | {"mean": means})
    move = preview(first, second, moment=timezone.now(), person=administrator()).moves[0]
    assert move.after < move.before
    assert move.reasons[0].label == "Shipping"
    assert sum(reason.points for reason in move.reasons) == pytest.approx(move.after - move.before, abs=1e-3)


@pytest.mark.django_db
def test_an_administrator_sees_who_moves_and_puts_the_model_in_force(client: Client) -> None:
    first = company()
    second = candidate(first)
    client.force_login(administrator())
    page = client.get(reverse("model_version", args=[second.public_id])).content.decode()
    assert Account.objects.first().name in page  # type: ignore[union-attr]  # the company has three
    assert "Put model 2 in force" in page
    answer = client.post(reverse("model_activate", args=[second.public_id]), {"instead_of": 1}, follow=True)
    assert "Model 2 is in force." in answer.content.decode()
    late = client.post(reverse("model_activate", args=[first.public_id]), {"instead_of": 1}, follow=True)
    assert "look again at what would change" in late.content.decode()
    assert "Return to model 1" in late.content.decode()
    assert "model 2" in client.get(reverse("models")).content.decode().lower()


@pytest.mark.django_db
def test_a_form_without_the_model_it_was_held_against_changes_nothing(client: Client) -> None:
    second = candidate(company())
    client.force_login(administrator())
    answer = client.post(reverse("model_activate", args=[second.public_id]), follow=True)
    assert "Nothing was changed" in answer.content.decode()
    assert ModelVersion.objects.get(is_active=True).number == 1


@pytest.mark.django_db
def test_once_a_week_the_newest_model_is_tested_and_may_take_over(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boosting, "MODULE", "no_such_module.ensemble")
    settings.ACTIVATES_BETTER_MODELS = True
    wholesaler(240)
    first = ensure_active_version()
    worse = candidate(first, times=0.0, origin=Origin.PRIOR)
    told: list[str] = []
    assert hold_against_the_past(told.append) == []
    assert ModelVersion.objects.get(is_active=True) == first
    found = {version.number: version.backtest or {} for version in ModelVersion.objects.all()}
    assert found[1]["auc"] > found[worse.number]["auc"]
    assert found[worse.number]["against_active"]["version"] == 1


@pytest.mark.django_db
def test_without_history_the_weekly_test_says_so_and_changes_nothing() -> None:
    company()
    told: list[str] = []
    assert hold_against_the_past(told.append) == []
    assert any("too little history" in sentence for sentence in told)
