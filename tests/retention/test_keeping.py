"""What takes long is computed ahead: the same figures, of the same day, until data come."""

import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from departments.models import Role
from retention.dashboards.periods import Period
from retention.dashboards.scorecard import figures_of
from retention.dashboards.scorecard_kept import kept_figures
from retention.keeping import keep_figures
from retention.models import ImportRun, ImportState, ScorecardFigures
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> datetime.date:
    account, manager = make.account(segment="Retail", customer_since=make.ago(days=900).date()), make.person()
    make.assignment(account, manager, starts_on=make.ago(days=900).date())
    for days in range(1, 800, 3):
        make.order(account, ordered_at=make.ago(days=days))
    make.absence(manager, starts_on=make.ago(days=60).date(), ends_on=make.ago(days=50).date())
    make.organisation(time_zone="UTC")
    return timezone.localdate()


def imported(moment: datetime.datetime, **fields: Any) -> None:
    values: Mapping[str, Any] = {"state": ImportState.DONE, "finished_at": moment, **fields}
    ImportRun.objects.create(person=make.person(Role.ADMINISTRATOR), mapping_file="a.toml", mapping_text="", **values)


@pytest.mark.parametrize("segment", ["", "Retail", "Nobody"])
def test_what_is_kept_is_what_is_computed(today: datetime.date, segment: str) -> None:
    make.account(segment="Nobody")
    keep_figures(moment=timezone.now())
    kept = kept_figures(today, segment)
    assert kept is not None
    assert kept == figures_of(Period.quarter_to(today), segment=segment)
    assert kept.is_of(Period.quarter_to(today))
    assert not kept.is_of(Period.week_to(today))


def test_it_is_computed_once_a_day(today: datetime.date) -> None:
    assert [keep_figures(moment=timezone.now()) for _ in range(2)] == [["", "Retail"], []]
    assert kept_figures(today + datetime.timedelta(days=1), "") is None


def test_after_an_import_it_is_computed_anew(today: datetime.date) -> None:
    keep_figures(moment=timezone.now())
    imported(timezone.now(), is_trial=True)
    assert kept_figures(today, "") is not None
    imported(timezone.now())
    assert kept_figures(today, "") is None
    assert keep_figures(moment=timezone.now()) == ["", "Retail"]
    assert kept_figures(today, "") is not None


def test_old_figures_are_not_kept_for_ever(today: datetime.date) -> None:
    keep_figures(moment=timezone.now() - datetime.timedelta(days=30))
    keep_figures(moment=timezone.now())
    assert set(ScorecardFigures.objects.values_list("day", flat=True)) == {today}


def test_the_page_shows_what_is_kept(today: datetime.date, client: Client) -> None:
    client.force_login(make.person(Role.EXECUTIVE))
    before = client.get(reverse("scorecard")).content
    keep_figures(moment=timezone.now())
    figures = ScorecardFigures.objects.get(segment="")
    assert b"1 time<" in before
    figures.figures["vacation"]["effects"]["uncovered"]["absences"] = 17
    figures.save()
    assert b"17 times" in client.get(reverse("scorecard")).content
