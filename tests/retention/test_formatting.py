"""Figures as people read them: in the company's currency and locale, in the person's zone."""

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Organisation
from retention import formatting

BRITISH = Organisation(currency="GBP", locale="en_GB")
GERMAN = Organisation(currency="EUR", locale="de_DE")
UNKNOWN = Organisation(currency="GBP", locale="xx_YY")


@pytest.mark.parametrize(
    ("company", "text"),
    [(BRITISH, "£184,200"), (GERMAN, "184.200\u00a0€"), (UNKNOWN, "£184,200")],
    ids=["British", "German", "unknown"],
)
def test_money_is_written_in_whole_units_of_the_company(company: Organisation, text: str) -> None:
    with formatting.in_the_style_of(company):
        assert formatting.money(Decimal("184199.6")) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(480, "£480"), (9_640, "£9.6k"), (482_300, "£482k"), (1_523_000, "£1.52m"), (-61_000, "−£61k")]
)
def test_money_is_shortened_to_three_digits(amount: float, text: str) -> None:
    with formatting.in_the_style_of(BRITISH):
        assert formatting.short_money(amount) == text


def test_other_countries_keep_their_own_short_sizes() -> None:
    with formatting.in_the_style_of(Organisation(currency="USD", locale="en_US")):
        assert formatting.short_money(482_300) == "$482K"
    with formatting.in_the_style_of(GERMAN):
        assert formatting.short_money(1_523_000) == "1,52\u00a0Mio.\u00a0€"


def test_what_is_not_known_is_a_dash() -> None:
    assert {formatting.money(None), formatting.percent(None), formatting.points(None), formatting.number(None)} == {"—"}


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.714, "71%"), (0.9999, ">99%"), (1, "100%"), (-0.25, "−25%")]
)
def test_a_share_never_looks_certain_when_it_is_not(share: float, text: str) -> None:
    assert formatting.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.18, "+18"), (-0.06, "−6"), (0.004, "+0.4"), (0.0001, "0"), (-0.0049, "−0.5")]
)
def test_points_carry_their_sign(share: float, text: str) -> None:
    assert formatting.points(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (3_599, "59 min"), (7_300, "2 h"), (34 * 86_400, "34 d")]
)
def test_a_span_is_written_in_its_largest_unit(seconds: float, text: str) -> None:
    assert formatting.span(seconds) == text


def test_a_moment_is_exact_on_the_clock_of_the_person() -> None:
    moment = datetime.datetime(2026, 1, 5, 15, 30, tzinfo=datetime.UTC)
    with formatting.in_the_style_of(BRITISH), timezone.override(ZoneInfo("Asia/Tokyo")):
        assert formatting.exact_moment(moment) == "6 January 2026, 00:30 JST"


def test_a_zone_that_does_not_exist_gives_way_to_the_next() -> None:
    assert formatting.zone_named("Mars/Olympus", "", "Europe/Paris") == ZoneInfo("Europe/Paris")
    assert formatting.zone_named("", "../../etc/passwd") == datetime.UTC
