"""The method page: how long friction weighs, by the catalogue and by the company's own history."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from departments.models import Role
from retention.models import ModelVersion
from retention.scoring.versions import ensure_active_version
from tests import make

pytestmark = pytest.mark.django_db


def method_page() -> str:
    client = Client()
    client.force_login(make.person(Role.SERVICE_DESK))
    words = re.sub(r"<[^>]*>", " ", client.get(reverse("method")).content.decode())
    return " ".join(words.split())


def fitted(**said: float | None) -> ModelVersion:
    """A model that was fitted when late deliveries had a half-life of 30 days, and what that fit said."""
    kind = make.friction_type()
    found = {"department": kind.department.slug, "factor": 1.7, "low": 1.4, "high": 2.4, "gain": 5.0, "foresight": 1e-4}
    version = ensure_active_version()
    version.learned = {"half_lives": [found | said], "half_life_days": {kind.slug: 30.0}}
    version.save(update_fields=["learned"])
    return version


def test_it_shows_what_history_says_of_half_lives_in_days_with_its_range() -> None:
    version = fitted()
    page = method_page()
    assert f"by the history that model {version.number} learned from" in page
    assert "1.70 times as long: others foresee better, later months too" in page
    assert "30 d 51 d 42 to 72 d" in page


def test_a_range_that_is_open_on_one_side_says_so() -> None:
    fitted(factor=4.0, low=2.0, high=None)
    assert "no end of the range is in sight" in (page := method_page())
    assert "30 d 120 d 60 d or more" in page


def test_where_the_data_do_not_tell_it_says_that_the_catalogue_stays() -> None:
    fitted(low=None, high=None)
    assert "the catalogue’s half-lives stay" in method_page()


def test_without_a_fit_it_says_nothing_of_half_lives() -> None:
    ensure_active_version()
    assert "How long friction weighs" not in method_page()


def test_where_experts_are_in_force_it_shows_what_the_newest_candidate_learned() -> None:
    version = fitted()
    learned = version.learned
    version.learned = None
    version.save(update_fields=["learned"])
    kept = {"weights": version.weights, "terms": version.terms, "rhythm": version.rhythm}
    ModelVersion.objects.create(
        number=version.number + 1,
        origin="fit",
        horizon_days=version.horizon_days,
        window_days=version.window_days,
        learned=learned,
        **kept,
    )
    assert f"by the history that model {version.number + 1} learned from" in method_page()
