"""No pattern in a rule keeps a worker busy for longer than anybody waits."""

import pytest

from accounts.signals import KINDS
from departments.conditions import ConditionError, compile_condition, values_of


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('carrier =~ "(a|a)*b"', "cannot be repeated"),
        ("carrier =~~ '(a+)+$'", "cannot be repeated"),
        ('damaged or carrier !~ "(?:a|aa){2,}b"', "cannot be repeated"),
        ('carrier =~ "(a|" + "a)*b"', "written out"),
        ("carrier =~ batch", "written out"),
        ('(carrier =~ ("(a|a)*b")) in [true]', "written out"),
        ('carrier =~ "a*a*a*a*a*b"', "up to 4 times"),
        (r'carrier =~ "(a|a|x\\\\)*b"', "cannot be repeated"),
        (r'carrier =~ "\\[(a|a)*b]"', "cannot be repeated"),
        (r'carrier =~ "(a|a\x29*b"', "by its number"),
        ('carrier =~ "(?x)(a|a) *b"', "flag x"),
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConditionError, match=problem):
        compile_condition("shipment", text)


@pytest.mark.parametrize(
    "text",
    [
        'carrier =~ "North.*"',
        'carrier =~ "(North|South)way" and days_late > 2',
        r'damaged and (carrier =~ "No[r(]+th" or carrier !~~ "x\\)$")',
    ],
)
def test_a_plain_pattern_is_taken(text: str) -> None:
    condition = compile_condition("shipment", text)
    assert condition.matches(values_of(KINDS["shipment"], {"carrier": "Northway", "days_late": 3})) in (True, False)


def test_a_text_without_patterns_may_hold_any_letters() -> None:
    assert compile_condition("shipment", 'carrier == "(a)*" or days_late > 2').fields == ("days_late", "carrier")
