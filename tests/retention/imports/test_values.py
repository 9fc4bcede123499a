"""What each type of column accepts, and what it says of the rest."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.imports.errors import BadValue
from retention.imports.values import REMEMBERED_VALUES, Remembering, ValueRules, converter

LONDON = ZoneInfo("Europe/London")


def value_of(text: str, **rules: Any) -> Any:
    return converter(ValueRules(**rules))(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  Acme  ", "Acme"),
        ("text", "=1+1", "=1+1"),
        ("integer", "13085.0", 13085),
        ("integer", "-7", -7),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", "1e3", Decimal("1e3")),
        ("money", "£ 12.50", Decimal("12.50")),
        ("money", "(12.50)", Decimal("-12.50")),
        ("boolean", "Yes", True),
        ("boolean", "0", False),
        ("date", "2010-03-31", dt.date(2010, 3, 31)),
        ("datetime", "2010-07-01 09:00:00", dt.datetime(2010, 7, 1, 8, tzinfo=dt.UTC)),
        ("datetime", "2010-07-01T09:00:00+02:00", dt.datetime(2010, 7, 1, 7, tzinfo=dt.UTC)),
        ("integer", "", None),
    ],
)
def test_it_reads_what_a_type_accepts(kind: str, text: str, value: object) -> None:
    assert value_of(text, type=kind, timezone=LONDON) == value


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("integer", "12.5", "is not a whole number"),
        ("integer", "twelve", "is not a whole number"),
        ("integer", "١٢", "is not a whole number"),
        ("decimal", "NaN", "is not a number"),
        ("decimal", "1e999999999", "is not a number"),
        ("money", "12,50", "is not an amount of money"),
        ("boolean", "maybe", "is neither yes nor no"),
        ("date", "31.02.2010", "is not a date"),
        ("datetime", "0001-01-01", "between the years|is not a date"),
        ("text", "a\0b", "holds a zero character"),
        ("text", "a\udcffb", "holds bytes that are not text"),
    ],
)
def test_it_says_why_a_value_is_refused(kind: str, text: str, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        value_of(text, type=kind)


def test_decimal_commas_and_thousands_are_read_where_they_are_announced() -> None:
    assert value_of("1.234,50", type="money", decimal_sign=",", thousands_sign=".") == Decimal("1234.50")


def test_a_decimal_point_is_refused_where_a_comma_was_announced() -> None:
    with pytest.raises(BadValue, match="decimal sign ','"):
        value_of("12.50", type="money", decimal_sign=",")


def test_formats_are_tried_in_turn_and_iso_dates_of_spreadsheets_always_read() -> None:
    rules = {"type": "date", "formats": ("%d/%m/%Y", "%d.%m.%y")}
    expected = dt.date(2010, 3, 31)
    assert [value_of(text, **rules) for text in ("31/03/2010", "31.03.10", "2010-03-31T00:00:00")] == [expected] * 3


def test_defaults_and_translations_stand_in_for_what_is_written() -> None:
    rules = {"empty": ("?",), "default": "N", "translations": (("N", "none"),)}
    assert value_of("?", **rules) == "none"
    assert value_of("other", **rules) == "other"


def test_a_required_value_must_not_be_empty() -> None:
    with pytest.raises(BadValue, match="is empty"):
        value_of("   ", required=True)


def test_dates_are_shifted_on_the_wall_clock() -> None:
    shift = dt.timedelta(weeks=20)
    moment = value_of("2010-02-01 09:00", type="datetime", timezone=LONDON, shift=shift)
    assert moment.astimezone(LONDON) == dt.datetime(2010, 6, 21, 9, tzinfo=LONDON)


def test_remembered_values_are_bounded() -> None:
    remembered = Remembering(int)
    for number in range(REMEMBERED_VALUES * 2 + 10):
        assert remembered[str(number)] == number
    assert len(remembered) <= REMEMBERED_VALUES


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_money_is_exact(amount: Decimal) -> None:
    assert value_of(format(amount, "f"), type="money") == amount


@given(st.text(max_size=30), st.sampled_from(["integer", "decimal", "money", "boolean", "date", "datetime", "text"]))
def test_any_text_is_either_read_or_refused(text: str, kind: str) -> None:
    try:
        value = value_of(text, type=kind)
    except BadValue:
        return
    assert (value is None) == (not text.strip())
