"""Conditions over signals: what they mean, also where a field is absent, and the sentences for what is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_engine.errors import EngineError

from accounts.signals import KINDS
from departments.conditions import (
    UNKNOWN_SEVERITY,
    ConditionError,
    compile_condition,
    compile_severity,
    compile_title,
    values_of,
)

ABSENT: dict[str, Any] = {}


def holds(condition: str, data: dict[str, Any], kind: str = "shipment") -> bool:
    return compile_condition(kind, condition).matches(values_of(KINDS[kind], data))


def severity(text: str, data: dict[str, Any], kind: str = "shipment") -> float:
    return compile_severity(kind, text).of(values_of(KINDS[kind], data))


@pytest.mark.parametrize(
    ("condition", "data", "expected"),
    [
        ("days_late > 2", {"days_late": 3}, True),
        ("days_late > 2", {"days_late": 2}, False),
        ("days_late > 2", {"days_late": 2.5}, True),
        ("damaged", {"damaged": True}, True),
        ("damaged", {"damaged": False}, False),
        ("partial and announced == false", {"partial": True, "announced": False}, True),
        ("days_late > 2 or missing_parts > 0", {"days_late": 0, "missing_parts": 1}, True),
        ('carrier == "Owl Post"', {"carrier": "Owl Post"}, True),
        ('carrier in ["Owl Post", "Stork"]', {"carrier": "Stork"}, True),
        ("$abs(days_late) > 2", {"days_late": -3}, True),
    ],
)
def test_a_condition_means_what_it_says(condition: str, data: dict[str, Any], *, expected: bool) -> None:
    assert holds(condition, data) is expected


@pytest.mark.parametrize(
    ("condition", "data", "expected"),
    [
        ("days_late > 2", ABSENT, False),
        ("days_late <= 2", ABSENT, False),
        ("days_late > 2", {"days_late": None}, False),
        ("days_late > 2 or damaged", {"damaged": True}, True),
        ("days_late > 2 and damaged", {"damaged": True}, False),
        ("damaged", ABSENT, False),
        ("damaged == false", ABSENT, False),
        ("not damaged", ABSENT, True),
        ('carrier == "Stork"', ABSENT, False),
        ("days_late + missing_parts > 2", {"days_late": 5}, False),
    ],
)
def test_what_is_absent_compares_with_nothing(condition: str, data: dict[str, Any], *, expected: bool) -> None:
    assert holds(condition, data) is expected


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("days_late / 14", {"days_late": 7}, 0.5),
        ("days_late / 14", {"days_late": 70}, 1.0),
        ("days_late / 14", {"days_late": -7}, 0.0),
        ("0.3", ABSENT, 0.3),
        ("days_late / 0", {"days_late": 7}, 1.0),
        ("days_late / 14", ABSENT, UNKNOWN_SEVERITY),
        ("damaged ? 0.9 : 0.4", {"damaged": True}, 0.9),
        ("$max([days_late / 14, missing_parts / 10])", {"days_late": 7, "missing_parts": 1}, 0.5),
    ],
)
def test_a_severity_lies_between_0_and_1(text: str, data: dict[str, Any], expected: float) -> None:
    assert severity(text, data) == pytest.approx(expected)


@given(st.floats(allow_nan=False, width=32), st.one_of(st.none(), st.integers(-(10**9), 10**9)))
def test_no_value_of_a_field_leads_outside(days: float, parts: int | None) -> None:
    found = severity("days_late / 14 + missing_parts * 3 - 1", {"days_late": days, "missing_parts": parts})
    assert 0 <= found <= 1


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("", "The condition is empty."),
        ("days_late >", "The condition breaks off at its end."),
        ("days_late > > 2", "The condition is not understood at “>”, position 13."),
        ("damaged and day_late > 2", "“day_late” at position 13 is no field of shipment.*Did you mean days_late?"),
        ('days_late > "x"', "mixes values of different types: days_late is a number."),
        ("damaged > 2", "mixes values of different types: damaged is yes or no."),
        ("days_late", "A condition answers yes or no.*this gives a number."),
        ("missing_parts and damaged", "join answers: compare a number"),
        ("$now > 2", r"uses \$now at position 1; only \$abs, \$max, \$min"),
        ("days_late > 2 or " * 100 + "damaged", "longer than 1000"),
    ],
)
def test_a_wrong_condition_says_what_is_wrong_and_where(condition: str, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence):
        compile_condition("shipment", condition)


def test_a_severity_is_a_number() -> None:
    with pytest.raises(ConditionError, match=r"A severity is a number.*this gives yes or no"):
        compile_severity("shipment", "damaged")


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ConditionError, match="no kind of signal “parcel”; there are shipment"):
        compile_condition("parcel", "days_late > 2")


@pytest.mark.parametrize(
    ("title", "data", "expected"),
    [
        ("Late shipment, {days_late} days", {"days_late": 3.0}, "Late shipment, 3 days"),
        ("Late by {days_late} with {carrier}", {"days_late": 3.256}, "Late by 3.26 with ?"),
        ("Damaged: {damaged}", {"damaged": True}, "Damaged: yes"),
        ("Brace {{x}}", ABSENT, "Brace {x}"),
    ],
)
def test_a_title_is_filled_from_the_signal(title: str, data: dict[str, Any], expected: str) -> None:
    assert compile_title("shipment", title).fill(data) == expected


@pytest.mark.parametrize(
    ("share", "written"), [(0.5, "50%"), (1, "100%"), (0, "0%"), (0.004, "less than 1%"), (None, "?")]
)
def test_a_share_is_written_as_a_percentage(share: float | None, written: str) -> None:
    title = compile_title("credit_note", "{credited_share:%} credited")
    assert title.fill({"credited_share": share}) == f"{written} credited"


@pytest.mark.parametrize("title", ["{days", "{late}", "{days_late:>99999999}", "{carrier:%}", "{days_late.real}", "{}"])
def test_a_title_takes_fields_and_nothing_else(title: str) -> None:
    with pytest.raises(ConditionError):
        compile_title("shipment", title)


def test_values_that_cannot_be_remembered_are_judged_all_the_same() -> None:
    condition = compile_condition("shipment", "damaged or days_late > 2")
    with pytest.raises(EngineError):
        condition.matches(values_of(KINDS["shipment"], {"days_late": [3]}))
    assert condition.matches(values_of(KINDS["shipment"], {"days_late": [3], "damaged": True}))


@pytest.mark.parametrize(
    ("kind", "text", "data", "title"),
    [
        ("shipment", "{missing_parts} pieces missing", {"missing_parts": 1}, "1 piece missing"),
        ("shipment", "{missing_parts} pieces missing", {"missing_parts": 2}, "2 pieces missing"),
        (
            "shipment",
            "{missing_parts} pieces, {days_late} days",
            {"missing_parts": 1, "days_late": 1},
            "1 piece, 1 day",
        ),
        ("usability_ticket", "Hard to use, {hours_lost} hours lost", {"hours_lost": 1.0}, "Hard to use, 1 hour lost"),
        (
            "usability_ticket",
            "Hard to use, {hours_lost} hours lost",
            {"hours_lost": 0.5},
            "Hard to use, 0.5 hours lost",
        ),
        ("shipment", "{damaged} days", {"damaged": True}, "yes days"),
        ("supplier_lot", "{rejected_share:%} days", {"rejected_share": 1}, "100% days"),
    ],
)
def test_one_of_a_unit_is_told_in_the_singular(kind: str, text: str, data: dict[str, object], title: str) -> None:
    assert compile_title(kind, text).fill(data) == title
