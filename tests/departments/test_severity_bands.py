"""Severity in bands, to and from an expression."""

import pytest

from accounts.signals import KINDS
from departments.conditions import compile_severity, values_of
from departments.severity_bands import bands_to_expression, expression_to_bands


@pytest.mark.parametrize(
    "text", ["0.2 below 3, 0.5 from 3", "0.2 below 3, 0.5 from 3, 0.8 from 7", "0 below -1, 0.25 from -1, 1 from 2.5"]
)
def test_bands_are_read_back_as_they_were_written(text: str) -> None:
    assert expression_to_bands(bands_to_expression("days_late", text)) == ("days_late", text)


def test_bands_may_say_the_unit() -> None:
    expression = bands_to_expression("days_late", "0.2 below 3 days, 0.5 from 3 days, 0.8 from 7 days")
    assert expression == "days_late >= 7 ? 0.8 : (days_late >= 3 ? 0.5 : 0.2)"


@pytest.mark.parametrize(("days", "severity"), [(2.9, 0.2), (3, 0.5), (6.9, 0.5), (7, 0.8), (None, 0.2)])
def test_bands_weigh_as_they_say(days: float | None, severity: float) -> None:
    expression = bands_to_expression("days_late", "0.2 below 3, 0.5 from 3, 0.8 from 7")
    values = values_of(KINDS["shipment"], {"days_late": days})
    assert compile_severity("shipment", expression).of(values) == severity


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Say first what it is below a bound"),
        ("0.5 from 3", "Say first what it is below a bound"),
        ("a lot", "“a lot” is no band"),
        ("2 below 3, 0.5 from 3", "does not lie between 0 and 1"),
        ("0.2 below 3, 0.5 from 4", "Between 3 and 4 no band"),
        ("0.2 below 3, 0.5 from 3, 0.8 from 2", "The bounds must rise"),
    ],
)
def test_what_is_no_bands_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        bands_to_expression("days_late", text)


@pytest.mark.parametrize(
    "expression", ["0.5", "days_late / 14", "a >= 3 ? 0.5 : (b >= 2 ? 0.3 : 0.1)", "days_late > 3 ? 1 : 0"]
)
def test_an_expression_that_somebody_wrote_stays_one(expression: str) -> None:
    assert expression_to_bands(expression) is None
